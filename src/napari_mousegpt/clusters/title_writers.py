"""What can write titles: a model behind a server, or one on this machine. Both get text only."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_mousegpt.errors import InputError
from napari_mousegpt.models.consent import Consent, ConsentError
from napari_mousegpt.words.server_exchange import client_settings
from napari_mousegpt.words.server_failures import connection_error, status_error, timeout_error
from napari_mousegpt.words.server_keys import find_key
from napari_mousegpt.words.server_replies import read_completion
from napari_mousegpt.words.server_requests import plain_text
from napari_mousegpt.words.servers import Server, ServerError

if TYPE_CHECKING:
    import httpx

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
        kept = Consent() if agreements is None else agreements
        if not server.loopback and not kept.agreed("server", server.origin):
            raise ConsentError(
                "server",
                server.origin,
                found="that words about your clusters would leave this machine for the host "
                f"{server.host}",
                remedy="If that is allowed, agree once: with --agree 'your name', or in Python: "
                "from napari_mousegpt.words.server_consent import agree_to_server; "
                f"agree_to_server({server.origin!r}, who='your name')",
            )
        self._server, self._key = server, find_key(server)
        self.name = server.model

    def write(self, system: str, question: str) -> str:
        """Return the answer to a question.

        Raises
        ------
        ServerError
            When it cannot be reached, refuses, or answers with something else.
        """
        import httpx

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
        settings = client_settings(server, self._key, server.timeout_s)
        pause = server.first_wait_s
        with self._key.hidden_in_logs(), httpx.Client(**settings) as client:
            for sent in range(1, server.tries + 1):
                try:
                    return self._asked(client, body)
                except ServerError as error:
                    wait_s = pause if error.wait_s is None else error.wait_s
                    if not error.again or sent == server.tries or wait_s > server.longest_wait_s:
                        raise
                    time.sleep(wait_s)
                    pause = min(2 * pause, server.longest_wait_s)
        raise AssertionError("tries is at least 1")

    def _asked(self, client: httpx.Client, body: dict[str, Any]) -> str:
        import httpx

        try:
            answer = client.post(self._server.chat_url, content=json.dumps(body))
        except httpx.TimeoutException:
            raise timeout_error(self._server) from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise connection_error(self._server, error) from None
        if answer.status_code != 200:
            raise status_error(
                answer.status_code, answer.headers, answer.content, self._server, self._key
            )
        return read_completion(answer.content, self._server, self._key).text


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
