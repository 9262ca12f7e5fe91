"""One clip and one server: ask, wait, ask again, until there is an answer or an error."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from napari_mousegpt.words.server_failures import connection_error, status_error, timeout_error
from napari_mousegpt.words.server_keys import ServerKey
from napari_mousegpt.words.server_replies import Completion, read_completion, same_model
from napari_mousegpt.words.server_requests import repeated
from napari_mousegpt.words.servers import Reply, Server, ServerError

if TYPE_CHECKING:
    import httpx

__all__ = ["Exchange", "Reader", "client_settings"]

#: Takes the raw text; returns what it holds, and what was wrong with it.
Reader = Callable[[str], tuple[Mapping[str, Any], str]]

#: Errors that every further clip would meet as well, if no clip was answered before.
_OF_THE_SERVER = ("key", "path", "redirect", "model")
#: Longest answer that is read, in bytes.
_LONGEST_BODY = 16 * 2**20
_CONNECT_S = 10.0


@dataclass(frozen=True)
class _Tried:
    sent: int
    outcome: Completion | ServerError


class Exchange:
    """Asks a server about clips, patiently.

    Parameters
    ----------
    client : httpx.AsyncClient
    server : Server
    key : ServerKey
        Hidden wherever the server repeats it.
    read : callable, optional
        Reads the raw text; see :func:`napari_mousegpt.words.server_client.describe_remote`.

    Attributes
    ----------
    answered : bool
        Whether any clip was answered yet.
    """

    def __init__(
        self, client: httpx.AsyncClient, server: Server, key: ServerKey, read: Reader | None
    ) -> None:
        self.answered = False
        self._client, self._server, self._key, self._read = client, server, key, read

    async def ask(self, row: int, body: dict[str, Any]) -> Reply:
        """Return the reply to one request.

        Raises
        ------
        ServerError
            When the server refuses, for a reason that is not the clip, before it answered any.
        """
        begun = time.monotonic()
        sent = 0
        reply: Reply | None = None
        for repeat in range(self._server.asks_again + 1):
            tried = await self._persist(repeated(body, repeat) if repeat else body)
            sent += tried.sent
            if isinstance(tried.outcome, ServerError):
                reply = _after_error(reply, row, tried.outcome, sent)
                break
            self.answered = True
            reply = self._reply(row, tried.outcome, sent)
            # An answer that was cut would be cut again.
            if reply.values or self._read is None or reply.finish == "length":
                break
        assert reply is not None
        return replace(reply, seconds=time.monotonic() - begun)

    async def _persist(self, body: Mapping[str, Any]) -> _Tried:
        """Send one request, again and again while that may help."""
        server = self._server
        content = json.dumps(body).encode()
        for sent in range(1, server.tries + 1):
            try:
                return _Tried(sent, await self._post(content))
            except ServerError as error:
                failed = error
            if failed.kind in _OF_THE_SERVER and not self.answered:
                raise failed
            if not failed.again or sent == server.tries or _too_long(failed, server):
                break
            wait_s = failed.wait_s
            if wait_s is None:
                doubled = server.first_wait_s * 2.0 ** (sent - 1) * random.uniform(0.5, 1.0)
                wait_s = min(doubled, server.longest_wait_s)
            await asyncio.sleep(wait_s)
        return _Tried(sent, _last_error(failed, sent, server))

    async def _post(self, content: bytes) -> Completion:
        import httpx

        server = self._server
        try:
            async with (
                asyncio.timeout(server.timeout_s),
                self._client.stream("POST", server.chat_url, content=content) as answer,
            ):
                received = bytearray()
                async for piece in answer.aiter_bytes():
                    received += piece
                    if len(received) > _LONGEST_BODY:
                        raise ServerError(server, "malformed", found="an answer of over 16 MB")
        except (TimeoutError, httpx.TimeoutException):
            raise timeout_error(server) from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise connection_error(server, error) from None
        if answer.status_code != 200:
            raise status_error(
                answer.status_code, answer.headers, bytes(received), server, self._key
            )
        return read_completion(bytes(received), server, self._key)

    def _reply(self, row: int, answer: Completion, sent: int) -> Reply:
        values, problem = self._read(answer.text) if self._read else ({}, "")
        problems = [problem] if problem else []
        if answer.finish == "length":
            problems.append(f"cut at max_tokens={self._server.max_tokens}")
        if answer.model and not same_model(self._server.model, answer.model):
            problems.append(f"answered by {answer.model}, not by {self._server.model}")
        return Reply(
            row,
            answer.text,
            values,
            "; ".join(problems),
            answer.model,
            sent,
            finish=answer.finish,
            prompt_tokens=answer.prompt_tokens,
            answer_tokens=answer.answer_tokens,
            mean_logprob=answer.mean_logprob,
        )


def client_settings(server: Server, key: ServerKey, timeout_s: float) -> dict[str, Any]:
    """Return the arguments of an httpx client.

    Redirects are not followed, so that no frame goes where nobody agreed to; and there is no proxy
    on the way to this very machine.
    """
    import httpx

    return {
        "headers": {"Content-Type": "application/json", **key.headers()},
        "timeout": httpx.Timeout(timeout_s, connect=min(_CONNECT_S, timeout_s)),
        "limits": httpx.Limits(
            max_connections=server.concurrency, max_keepalive_connections=server.concurrency
        ),
        "trust_env": not server.loopback,
        "follow_redirects": False,
    }


def _after_error(before: Reply | None, row: int, error: ServerError, sent: int) -> Reply:
    """Return the error, or the answer before it: what could not be read is kept all the same."""
    if before is None:
        return Reply(row, tries=sent, error=error)
    problems = [before.problem, f"asked again in vain: {error.found}"]
    return replace(before, tries=sent, problem="; ".join(filter(None, problems)))


def _too_long(error: ServerError, server: Server) -> bool:
    return error.wait_s is not None and error.wait_s > server.longest_wait_s


def _last_error(error: ServerError, sent: int, server: Server) -> ServerError:
    """Return the error with the number of tries, and with the pause that is too long."""
    found = error.found
    if _too_long(error, server):
        found += f", and asks to wait {error.wait_s:.0f} s"
    if sent > 1:
        found += f" ({sent} tries)"
    return ServerError(
        server,
        error.kind,
        expected=error.expected,
        found=found,
        remedy=error.remedy,
        status=error.status,
        again=error.again,
        wait_s=error.wait_s,
    )
