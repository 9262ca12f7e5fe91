"""What can write titles: a model behind a server, or one on this machine. Both get text only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_mousegpt.clusters.text_exchange import TextExchange
from napari_mousegpt.errors import InputError
from napari_mousegpt.words.server_replies import read_completion
from napari_mousegpt.words.server_requests import plain_text
from napari_mousegpt.words.servers import Server

if TYPE_CHECKING:
    from napari_mousegpt.words.found_model import FoundModel
    from napari_mousegpt.words.server_consent import Agreements

__all__ = ["ModelTitles", "ServerTitles"]

#: Longest answer, in tokens.
_MAX_TOKENS = 32
#: Side of the grey picture that a vision-language model is shown, in pixels.
_GREY_SIDE = 64


class ServerTitles:
    """A model behind a server that speaks the OpenAI chat protocol.

    Parameters
    ----------
    server : Server
        Address and model; ``tries`` and ``timeout_s`` are kept to.
    agreements : Agreements, optional
        By default those of the user. An agreement to send frames to a host holds for words too.

    Raises
    ------
    ConsentError
        When the server is another machine, and nobody agreed to it.
    InputError
        When its key is missing.
    """

    def __init__(self, server: Server, agreements: Agreements | None = None) -> None:
        self._server = server
        self._exchange = TextExchange(server, "words about your clusters", agreements)
        self.name = server.model

    def write(self, system: str, question: str) -> str:
        """Return the answer to a question.

        Raises
        ------
        ServerError
            When it cannot be reached, refuses, or answers with something else.
        """
        server = self._server
        body = {
            "model": server.model,
            "messages": [
                {"role": "system", "content": plain_text(system)},
                {"role": "user", "content": plain_text(question)},
            ],
            "max_tokens": _MAX_TOKENS,
            "temperature": 0.0,
            "seed": server.seed,
            "stream": False,
        }
        with self._exchange.client() as client:
            return self._exchange.ask(client, server.chat_url, body, self._read)

    def _read(self, content: bytes) -> str:
        return read_completion(content, self._server, self._exchange.key).text


class ModelTitles:
    """A vision-language model on this machine.

    Its processor wants pictures, so it is shown grey ones: only the words tell it anything.

    Parameters
    ----------
    found : FoundModel
        What :func:`napari_mousegpt.words.found_model.find_model` returned.

    Raises
    ------
    InputError
        When it is a server.
    """

    def __init__(self, found: FoundModel) -> None:
        if found.weights is None:
            raise InputError("model", expected="one on this machine", found="a server")
        self._found = found
        self.name = found.name

    def write(self, system: str, question: str) -> str:
        """Return the answer to a question."""
        from napari_mousegpt.models.asks import GREY, Ask, ClipFrames

        count = max(self._found.least, 1)
        grey = np.full((count, _GREY_SIDE, _GREY_SIDE, 3), GREY, dtype=np.uint8)
        clip = ClipFrames(grey, np.arange(count), 1.0, count, float(count))
        model = self._found.loaded
        batch = model.prepare([Ask((clip,), question, system)])
        return model.generate(batch, max_tokens=_MAX_TOKENS, stop=("\n",))[0].text
