"""Vectors of sentences from a server with ``/v1/embeddings``; nothing is sent without agreement."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.models.consent import Consent, ConsentError
from napari_mousegpt.words.server_exchange import client_settings
from napari_mousegpt.words.server_failures import connection_error, status_error, timeout_error
from napari_mousegpt.words.server_keys import find_key
from napari_mousegpt.words.servers import Server, ServerError

if TYPE_CHECKING:
    import httpx

    from napari_mousegpt.words.server_consent import Agreements

__all__ = ["TextServer"]

_BATCH = 256


class TextServer:
    """An encoder of sentences behind a server.

    Parameters
    ----------
    server : Server
        Address and model; ``tries`` and ``timeout_s`` are kept to.
    agreements : Agreements, optional
        By default those of the user. An agreement to send frames to a host holds for sentences too.

    Raises
    ------
    ConsentError
        When the server is another machine, and nobody agreed to it.
    InputError
        When its key is missing.
    """

    def __init__(self, server: Server, agreements: Agreements | None = None) -> None:
        kept = Consent() if agreements is None else agreements
        if not server.loopback and not kept.agreed("server", server.origin):
            raise ConsentError(
                "server",
                server.origin,
                found="that the sentences of every description would leave this machine for the "
                f"host {server.host}",
                remedy="If that is allowed, agree once: with --agree 'your name', or in Python: "
                "from napari_mousegpt.words.server_consent import agree_to_server; "
                f"agree_to_server({server.origin!r}, who='your name')",
            )
        self._server = server
        self._key = find_key(server)
        self.name, self.url = server.model, server.url

    @property
    def id(self) -> str:
        """Model and host. What the model is cannot be seen, so a probe is compared as well."""
        return f"{self.name} at {self._server.origin}"

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one vector for each text, shape (n, d).

        Raises
        ------
        ServerError
            When it cannot be reached, refuses, or answers with something else.
        """
        import httpx

        pieces = []
        settings = client_settings(self._server, self._key, self._server.timeout_s)
        with self._key.hidden_in_logs(), httpx.Client(**settings) as client:
            for start in range(0, len(texts), _BATCH):
                pieces.append(self._persist(client, list(texts[start : start + _BATCH])))
        widths = {piece.shape[1] for piece in pieces}
        if len(widths) > 1:
            raise self._odd(f"vectors of {' and '.join(map(str, sorted(widths)))} numbers")
        return np.concatenate(pieces) if pieces else np.zeros((0, 1), dtype=np.float32)

    def _persist(self, client: httpx.Client, texts: list[str]) -> NDArray[np.float32]:
        server = self._server
        wait_s = server.first_wait_s
        for sent in range(1, server.tries + 1):
            try:
                return self._asked(client, texts)
            except ServerError as error:
                if not error.again or sent == server.tries:
                    raise
                pause = wait_s if error.wait_s is None else error.wait_s
                if pause > server.longest_wait_s:
                    raise
                time.sleep(pause)
                wait_s = min(2 * wait_s, server.longest_wait_s)
        raise AssertionError("tries is at least 1")

    def _asked(self, client: httpx.Client, texts: list[str]) -> NDArray[np.float32]:
        import httpx

        body = {"model": self._server.model, "input": texts, "encoding_format": "float"}
        try:
            answer = client.post(f"{self._server.url}/embeddings", content=json.dumps(body))
        except httpx.TimeoutException:
            raise timeout_error(self._server) from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise connection_error(self._server, error) from None
        if answer.status_code != 200:
            raise status_error(
                answer.status_code, answer.headers, answer.content, self._server, self._key
            )
        return self._read(answer.content, len(texts))

    def _read(self, content: bytes, n: int) -> NDArray[np.float32]:
        try:
            rows: Any = json.loads(content)["data"]
            vectors = {int(row["index"]): row["embedding"] for row in rows}
            values = np.array([vectors[i] for i in range(n)], dtype=np.float32)
        except (ValueError, TypeError, KeyError, RecursionError):
            raise self._odd("something else") from None
        if values.ndim != 2 or len(rows) != n or not np.isfinite(values).all():
            raise self._odd(f"{len(rows)} of shape {values.shape}")
        return values

    def _odd(self, found: str) -> ServerError:
        return ServerError(
            self._server,
            "malformed",
            expected="one vector for each sentence",
            found=found,
            remedy="Is this the address of a server with /v1/embeddings?",
        )
