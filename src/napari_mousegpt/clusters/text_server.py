"""Vectors of sentences from a server with ``/v1/embeddings``; nothing is sent without agreement."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clusters.text_exchange import TextExchange
from napari_mousegpt.words.servers import Server, ServerError

if TYPE_CHECKING:
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
        leaving = "the sentences of every description"
        self._server, self._exchange = server, TextExchange(server, leaving, agreements)
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
        pieces = []
        with self._exchange.client() as client:
            for start in range(0, len(texts), _BATCH):
                some = list(texts[start : start + _BATCH])
                body = {"model": self._server.model, "input": some, "encoding_format": "float"}
                read = partial(self._read, n=len(some))
                pieces.append(
                    self._exchange.ask(client, f"{self._server.url}/embeddings", body, read)
                )
        widths = {piece.shape[1] for piece in pieces}
        if len(widths) > 1:
            raise self._odd(f"vectors of {' and '.join(map(str, sorted(widths)))} numbers")
        return np.concatenate(pieces) if pieces else np.zeros((0, 1), dtype=np.float32)

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
