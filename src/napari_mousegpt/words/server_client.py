"""The client: many clips to one server at a time, patiently, answers in the order of the asks."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_mousegpt.words.server_consent import Agreements, check_agreement
from napari_mousegpt.words.server_exchange import Reader, client_settings
from napari_mousegpt.words.server_failures import connection_error, status_error, tidy
from napari_mousegpt.words.server_keys import ServerKey, find_key
from napari_mousegpt.words.server_replies import same_model
from napari_mousegpt.words.server_session import Session
from napari_mousegpt.words.servers import Reply, Server, ServerError

if TYPE_CHECKING:
    import httpx

    from napari_mousegpt.models.asks import Ask

__all__ = ["ServerFacts", "describe_remote", "look_at"]

#: A list of models should come quickly.
_LOOK_S = 10.0
_LONGEST_LIST = 2**20


@dataclass(frozen=True)
class ServerFacts:
    """What a server says it is.

    Parameters
    ----------
    url, asked : str
        Its address, and the model that is asked for.
    listed : tuple of str
        The models that it lists; empty where it lists none.
    software : str
        Its ``Server`` header.
    note : str
        What is odd, as a sentence; empty if nothing.
    """

    url: str
    asked: str
    listed: tuple[str, ...] = ()
    software: str = ""
    note: str = ""


def look_at(
    server: Server, *, agreements: Agreements | None = None, key: ServerKey | None = None
) -> ServerFacts:
    """Ask a server which models it has. No frame is sent.

    Raises
    ------
    ConsentError
        When the server is another machine, and nobody agreed to it.
    ServerError
        When it cannot be reached, wants another key, or lists models without the one that is asked
        for (unless ``server.unlisted`` is ``"note"``).
    """
    import httpx

    check_agreement(server, agreements)
    held = find_key(server) if key is None else key
    unknown = ServerFacts(server.url, server.model, note="The server did not list its models.")
    longest_s = min(_LOOK_S, server.timeout_s)
    begun = time.monotonic()
    content = bytearray()
    try:
        with (
            held.hidden_in_logs(),
            _client(server, held, longest_s) as client,
            client.stream("GET", f"{server.url}/models") as answer,
        ):
            for piece in answer.iter_bytes():
                content += piece
                if len(content) > _LONGEST_LIST or time.monotonic() - begun > longest_s:
                    return unknown
    except (httpx.ReadTimeout, httpx.DecodingError):
        return unknown
    except httpx.TransportError as error:
        raise connection_error(server, error) from None
    if answer.status_code in (401, 403) or 300 <= answer.status_code < 400:
        raise status_error(answer.status_code, answer.headers, bytes(content), server, held)
    listed = _model_names(bytes(content), held) if answer.status_code == 200 else ()
    note = "" if listed else unknown.note
    if listed and not any(same_model(server.model, name) for name in listed):
        names = ", ".join(listed[:8]) + (", ..." if len(listed) > 8 else "")
        if server.unlisted == "error":
            raise ServerError(
                server,
                "model",
                expected=f"the model {server.model!r}",
                found=f"only {names}",
                remedy="Name one of these, or choose unlisted='note' to ask all the same.",
            )
        note = f"The server does not list {server.model}, only {names}."
    software = tidy(answer.headers.get("server", ""), held)
    return ServerFacts(server.url, server.model, listed, software, note)


def describe_remote(
    asks: Iterable[Ask],
    server: Server,
    *,
    schema: Mapping[str, Any] | None = None,
    read: Reader | None = None,
    n_frames: int | None = None,
    facts: ServerFacts | None = None,
    agreements: Agreements | None = None,
    cancelled: Callable[[], bool] | None = None,
    note: Callable[[str], None] | None = None,
) -> Iterator[Reply]:
    """Send asks to a server and yield one reply for each, in their order.

    Agreement, key and the list of models are checked at once, before anything is iterated. The asks
    are then read in a thread, only as far ahead as they can be sent, and each is dropped when it is
    answered. Closing the iterator ends everything within a moment.

    Parameters
    ----------
    asks : iterable of Ask
        May be a generator that cuts its clips on demand; it is closed at the end.
    server : Server
    schema : mapping, optional
        JSON schema of the answers; see :func:`~napari_mousegpt.words.server_requests.reply_schema`.
    read : callable, optional
        Takes the raw text and returns what it holds, as a mapping, and what was wrong with it, in
        words. An empty mapping means that nothing could be read: the clip is then asked again
        ``server.asks_again`` times, and after that its raw text is returned with the problem.
    n_frames : int, optional
        Number of pictures, for the question whether they may be sent. Counted when ``asks`` is a
        list.
    facts : ServerFacts, optional
        What :func:`look_at` found; by default the server is looked at.
    agreements : Agreements, optional
        By default those of the user.
    cancelled : callable, optional
        Asked often, in another thread. Once it returns True, open requests are dropped, what was
        answered already is yielded, and the iterator ends.
    note : callable, optional
        Takes sentences about what is odd; by default they are warnings.

    Yields
    ------
    Reply
        With a text or with an error, never with both.

    Raises
    ------
    ConsentError
        When the server is another machine, and nobody agreed to it.
    InputError
        When the key is missing or cannot be sent.
    ServerError
        When the server cannot be reached or does not have the model; while iterating, when it stops
        answering, or refuses everything from the start. What was answered before is yielded first.
    """
    if n_frames is None and isinstance(asks, Sequence):
        n_frames = sum(clip.n_frames for ask in asks for clip in ask.clips)
    check_agreement(server, agreements, n_frames=n_frames)
    key = find_key(server)
    tell = note or _warn
    if facts is None:
        facts = look_at(server, agreements=agreements, key=key)
        if facts.note:
            tell(facts.note)
    if key and not server.loopback and server.url.startswith("http:"):
        tell(f"The key and the frames go to {server.host} unencrypted: the address is no https.")
    session = Session(iter(asks), server, key, schema, read, cancelled)
    return _in_order(session, tell)


def _client(server: Server, key: ServerKey, timeout_s: float) -> httpx.Client:
    import httpx

    settings = client_settings(server, key, timeout_s)
    try:
        return httpx.Client(**settings)
    except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
        # Its own words may hold the password of a proxy.
        socks = isinstance(error, ImportError)
        raise ServerError(
            server,
            "connection",
            expected="settings of this machine that lead to the server",
            found="a SOCKS proxy, for which a package is missing"
            if socks
            else "a proxy or a file of certificates that cannot be used",
            remedy="Install it with: pip install 'httpx[socks]'"
            if socks
            else "Look at the environment variables HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, "
            "SSL_CERT_FILE and SSL_CERT_DIR.",
        ) from None


def _in_order(session: Session, tell: Callable[[str], None]) -> Iterator[Reply]:
    """Yield replies by row. After a cancel or an error there may be gaps, but never a swap."""
    early: dict[int, Reply] = {}
    row = 0
    lies: set[str] = set()
    session.start()
    try:
        for reply in session.replies():
            early[reply.row] = reply
            while row in early:
                session.taken()
                _tell_lies(early[row], session.server, lies, tell)
                yield early.pop(row)
                row += 1
        for number in sorted(early):
            yield early[number]
        if session.failure is not None:
            raise session.failure
    finally:
        session.stop()


def _tell_lies(reply: Reply, server: Server, told: set[str], tell: Callable[[str], None]) -> None:
    if reply.model and reply.model not in told and not same_model(server.model, reply.model):
        told.add(reply.model)
        tell(
            f"The server was asked for {server.model} and says that {reply.model} answered; "
            "both names are kept with the answers."
        )


def _model_names(content: bytes, key: ServerKey) -> tuple[str, ...]:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return ()
    rows = body.get("data") if isinstance(body, dict) else None
    if not isinstance(rows, list):
        return ()
    names = (row.get("id") for row in rows if isinstance(row, dict))
    return tuple(tidy(name, key) for name in names if isinstance(name, str) and name)


def _warn(sentence: str) -> None:
    warnings.warn(sentence, stacklevel=3)
