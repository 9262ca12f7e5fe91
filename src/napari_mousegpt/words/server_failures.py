"""Why a clip got no answer: statuses and broken connections as errors with a name and a remedy."""

from __future__ import annotations

import json
import math
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from napari_mousegpt.words.server_keys import ServerKey, key_advice
from napari_mousegpt.words.servers import Server, ServerError

__all__ = ["connection_error", "retry_after", "status_error", "tidy", "timeout_error"]

#: Statuses after which the same request may succeed; so may any from 500.
_AGAIN = (408, 409, 425, 429)
_SENTENCE = 300
#: What is looked at of a page that is no JSON: patterns take long on a page of megabytes.
_PAGE = 5000
_TOO_MANY = ("at most", "too many", "limit", "maximum", "only one", "more than")
_BASE64 = re.compile(r"[A-Za-z0-9+/=_-]{80,}")
_TAGS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)


def status_error(
    status: int, headers: Mapping[str, str], content: bytes, server: Server, key: ServerKey
) -> ServerError:
    """Return the error that a status other than 200 means, with the server's own sentence."""
    said = _sentence(content, key)
    found = f"status {status}" + (f", which says: {said}" if said else "")
    kind, expected, remedy = _meaning(status, said, server, key)
    again = kind in ("busy", "server")
    wait_s = retry_after(headers) if again else None
    if kind == "redirect":
        found = f"status {status}, a way to {tidy(headers.get('location', 'nowhere'), key)!r}"
    return ServerError(
        server,
        kind,
        expected=expected,
        found=found,
        remedy=remedy,
        status=status,
        again=again,
        wait_s=wait_s,
    )


def _meaning(status: int, said: str, server: Server, key: ServerKey) -> tuple[str, str, str]:
    """Return kind, what was expected, and the remedy."""
    if status in _AGAIN or status == 503:
        return "busy", "", "Ask again later, or with a smaller concurrency."
    if status >= 500:
        return "server", "", "Look at the log of the server."
    if 300 <= status < 400:
        return "redirect", "", "Frames are not sent on to another address. Give the final one."
    if status in (401, 403):
        if key:
            return "key", "a valid key", f"The key came from {key.source}. Is it for this server?"
        return "key", "a key", key_advice(server)
    if status == 404:
        if "model" in said.lower():
            return "model", f"the model {server.model!r}", "Name a model that the server lists."
        if not server.url.endswith("/v1"):
            return "path", "", f"/v1 seems to be missing: try {server.url}/v1"
        return "path", "", "Is this the address of an OpenAI-compatible server?"
    if status == 413:
        return "too large", "", "Send fewer frames, a smaller size, or a lower jpeg_quality."
    if status < 400:
        return "malformed", "status 200", "Is this the address of an OpenAI-compatible server?"
    return "refused", "", _refusal_remedy(said.lower())


def _refusal_remedy(said: str) -> str:
    if "response_format" in said or "json_schema" in said or "guided" in said:
        return "Choose answer='object' or answer='text'."
    if "logprobs" in said:
        return "Choose logprobs=False."
    if "video" in said:
        return "This server may take no video: choose form='images'."
    if "image" in said and any(word in said for word in _TOO_MANY):
        return "Send fewer frames, or raise the limit of the server (vLLM: --limit-mm-per-prompt)."
    if "context length" in said or "too long" in said or "maximum" in said:
        return "Send fewer or smaller frames, or a shorter prompt."
    return "" if said else "Look at the log of the server."


def timeout_error(server: Server) -> ServerError:
    """Return the error for a request that took too long."""
    return ServerError(
        server,
        "timeout",
        expected=f"an answer within {server.timeout_s:g} s",
        found="none",
        remedy="Raise timeout_s, or lower concurrency, frames or size.",
        again=True,
    )


def connection_error(server: Server, error: BaseException) -> ServerError:
    """Return the error for a connection that was not made, or was cut."""
    causes = list(_causes(error))
    trusted = not any(isinstance(cause, ssl.SSLError) for cause in causes)
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        found, remedy = (
            f"that the name {server.host} is not known",
            "Check the spelling, the network and the VPN.",
        )
    elif not trusted:
        found, remedy = (
            "no trusted connection (certificate or https)",
            "Check whether the address begins with http or https, and the certificate.",
        )
    elif any(isinstance(cause, ConnectionRefusedError) for cause in causes) or (
        type(error).__name__ in ("ConnectError", "ConnectTimeout")
    ):
        found, remedy = (
            "that nothing answers there",
            "Is the server running, and is the port right?",
        )
    else:
        found, remedy = "a connection that was cut", "Look at the log of the server."
    return ServerError(server, "connection", found=found, remedy=remedy, again=trusted)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the pause that the server asks for, in seconds; None where it asks for none.

    It is a number of seconds or a date. A date is compared with the clock of the server where the
    answer tells it, so that a clock that is wrong does no harm.
    """
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        until, now = _date(text), _date(headers.get("date", "")) or datetime.now(UTC)
        if until is None:
            return None
        seconds = (until - now).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None


def tidy(text: object, key: ServerKey) -> str:
    """Return a text of the server fit for a message: no key, one short line, no control signs."""
    line = _BASE64.sub("...", key.hide(str(text)))
    line = " ".join("".join(c if c.isprintable() else " " for c in line).split())
    return line if len(line) <= _SENTENCE else f"{line[: _SENTENCE - 3]}..."


def _sentence(content: bytes, key: ServerKey) -> str:
    text = content.decode("utf-8", errors="replace")
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return tidy(_TAGS.sub(" ", key.hide(text)[:_PAGE]), key)
    for name in ("error", "message", "detail", "msg"):
        while isinstance(body, list) and body:
            body = body[0]
        if isinstance(body, dict) and body.get(name):
            body = body[name]
    return tidy(body if isinstance(body, str) else json.dumps(body), key) if body else ""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and everything that led to it, also inside groups."""
    seen: set[int] = set()
    todo = [error]
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        todo += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            todo += one.exceptions


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
