"""Sending texts to a server: only after agreement, again where that helps, with errors in words."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from napari_mousegpt.models.consent import Consent, ConsentError
from napari_mousegpt.words.server_exchange import client_settings
from napari_mousegpt.words.server_failures import connection_error, status_error, timeout_error
from napari_mousegpt.words.server_keys import find_key
from napari_mousegpt.words.servers import Server, ServerError

if TYPE_CHECKING:
    import httpx

    from napari_mousegpt.words.server_consent import Agreements

__all__ = ["TextExchange"]

T = TypeVar("T")


class TextExchange:
    """Asks a server that gets text only.

    Parameters
    ----------
    server : Server
        Address and model; ``tries``, ``timeout_s`` and its waits are kept to.
    leaving : str
        What would leave this machine, for the message: ``"words about your clusters"``.
    agreements : Agreements, optional
        By default those of the user. An agreement to send frames to a host holds for words too.

    Raises
    ------
    ConsentError
        When the server is another machine, and nobody agreed to it.
    InputError
        When its key is missing.
    """

    def __init__(self, server: Server, leaving: str, agreements: Agreements | None = None) -> None:
        kept = Consent() if agreements is None else agreements
        if not server.loopback and not kept.agreed("server", server.origin):
            raise ConsentError(
                "server",
                server.origin,
                found=f"that {leaving} would leave this machine for the host {server.host}",
                remedy="If that is allowed, agree once: with --agree 'your name', or in Python: "
                "from napari_mousegpt.words.server_consent import agree_to_server; "
                f"agree_to_server({server.origin!r}, who='your name')",
            )
        self.server, self.key = server, find_key(server)

    @contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """Keep one connection for several questions."""
        import httpx

        settings = client_settings(self.server, self.key, self.server.timeout_s)
        with self.key.hidden_in_logs(), httpx.Client(**settings) as client:
            yield client

    def ask(
        self,
        client: httpx.Client,
        url: str,
        body: Mapping[str, Any],
        read: Callable[[bytes], T],
    ) -> T:
        """Return what ``read`` makes of the answer.

        Raises
        ------
        ServerError
            When the server cannot be reached, refuses, or answers with something else.
        """
        server, wait_s = self.server, self.server.first_wait_s
        for sent in range(1, server.tries + 1):
            try:
                return read(self._answer(client, url, body))
            except ServerError as error:
                pause = wait_s if error.wait_s is None else error.wait_s
                if not error.again or sent == server.tries or pause > server.longest_wait_s:
                    raise
                time.sleep(pause)
                wait_s = min(2 * wait_s, server.longest_wait_s)
        raise AssertionError("tries is at least 1")

    def _answer(self, client: httpx.Client, url: str, body: Mapping[str, Any]) -> bytes:
        import httpx

        try:
            answer = client.post(url, content=json.dumps(body))
        except httpx.TimeoutException:
            raise timeout_error(self.server) from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise connection_error(self.server, error) from None
        if answer.status_code != 200:
            raise status_error(
                answer.status_code, answer.headers, answer.content, self.server, self.key
            )
        return answer.content
