"""A server that answers questions about clips: its address and settings, replies and errors.

Any server that speaks the OpenAI chat protocol will do: vLLM, SGLang, llama.cpp, Ollama, LM Studio.
Nothing here opens a connection; see :mod:`napari_mousegpt.words.server_client`.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from napari_mousegpt.errors import InputError
from napari_mousegpt.words.server_address import origin_of, split_address

__all__ = [
    "KEY_VARIABLE",
    "Form",
    "Reply",
    "Server",
    "ServerError",
]

#: Environment variable that is looked into for the key of a server unless another one is named.
KEY_VARIABLE = "NAPARI_MOUSEGPT_SERVER_KEY"

Form = Literal["images", "frames", "mp4"]
_CHOICES = {
    "form": ("images", "frames", "mp4"),
    "answer": ("schema", "object", "text"),
    "unlisted": ("error", "note"),
}
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")


@dataclass(frozen=True)
class Server:
    """Where clips are sent, in which form, and how patiently. Holds no key.

    Parameters
    ----------
    url : str
        Base address, usually ending in ``/v1``, such as ``http://127.0.0.1:8000/v1``.
    model : str
        Name of the model, as the server lists it.
    form : {"images", "frames", "mp4"}
        ``"images"``: every frame is a JPEG (understood everywhere). ``"frames"``: one video made of
        JPEG frames (vLLM, lmdeploy). ``"mp4"``: one H.264 video (vLLM, SGLang).
    concurrency : int
        Most requests under way at a time.
    timeout_s : float
        Longest time for one request, from connecting to the last byte, in seconds.
    tries : int
        Most requests for one clip when the server is busy, fails, or the connection is cut.
    key_variable : str
        Environment variable that holds the key. Where it is not set the keyring is asked.
    answer : {"schema", "object", "text"}
        What ``response_format`` asks for where a schema is given: that schema, any JSON object, or
        nothing, for servers that know neither.
    max_tokens : int
        Longest answer, in tokens.
    temperature : float
        0 takes the likeliest token each time.
    seed : int
        Sent along; servers may ignore it.
    asks_again : int
        How often a clip is asked again when nothing could be read from the answer. The seed is then
        raised by 1, and the temperature to at least 0.2, or the same words would come back.
    jpeg_quality : int
        1 to 95, for ``"images"`` and ``"frames"``.
    size : int
        Longest side of the pictures sent, in pixels; 0 sends them as they were sampled. Pictures
        are never enlarged.
    times : bool
        Say in words at which second each picture stands (``"images"``, ``"frames"``).
    logprobs : bool
        Ask for the log-probability of the tokens; some servers refuse that.
    unlisted : {"error", "note"}
        What to do when the server lists models, but not the one that is asked for.
    first_wait_s, longest_wait_s : float
        Pause before the second request for a clip, doubled each time, and the longest pause. A
        server that asks for a longer one counts as busy.

    Raises
    ------
    InputError
        When a setting is out of range, or the address holds a password or a query.
    """

    url: str
    model: str
    form: Form = "images"
    concurrency: int = 4
    timeout_s: float = 120.0
    tries: int = 5
    key_variable: str = KEY_VARIABLE
    answer: Literal["schema", "object", "text"] = "schema"
    max_tokens: int = 400
    temperature: float = 0.0
    seed: int = 0
    asks_again: int = 1
    jpeg_quality: int = 90
    size: int = 0
    times: bool = True
    logprobs: bool = False
    unlisted: Literal["error", "note"] = "error"
    first_wait_s: float = 0.5
    longest_wait_s: float = 60.0

    def __post_init__(self) -> None:
        parts = split_address(self.url)
        path = parts.path.rstrip("/").removesuffix("/chat/completions")
        object.__setattr__(self, "url", f"{origin_of(parts)}{path}")
        if not self.model.strip():
            raise InputError(
                f"server {self.url}",
                expected="the name of a model",
                found="none",
                remedy="Name it.",
            )
        if not _VARIABLE.fullmatch(self.key_variable):
            raise InputError(
                "key_variable",
                expected="the name of an environment variable, in capitals",
                found="something else, not shown in case it is the key itself",
                remedy="Keys are read from the environment or the keyring, never from settings.",
            )
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise InputError(
                    f"{name}={getattr(self, name)!r}", expected=" or ".join(map(repr, allowed))
                )
        limits = {
            "concurrency": (1, 1024),
            "timeout_s": (0.001, 86_400),
            "tries": (1, 100),
            "max_tokens": (1, 1_000_000),
            "temperature": (0, 2),
            "seed": (0, 2**31 - 1),
            "asks_again": (0, 10),
            "jpeg_quality": (1, 95),
            "size": (0, 8192),
            "first_wait_s": (0, 3600),
            "longest_wait_s": (0, 86_400),
        }
        for name, (least, most) in limits.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise InputError(f"{name}={value}", expected=f"{least:g} to {most:g}")

    @property
    def origin(self) -> str:
        """Scheme, host and port: what a person agrees to."""
        return origin_of(urlsplit(self.url))

    @property
    def host(self) -> str:
        """Name or number of the machine, without a port."""
        return urlsplit(self.url).hostname or ""

    @property
    def loopback(self) -> bool:
        """Whether this is the same machine. A name other than localhost never counts as that."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def chat_url(self) -> str:
        """Where questions go."""
        return f"{self.url}/chat/completions"


class ServerError(InputError):
    """A clip, or all of them, got no answer from a server.

    Parameters
    ----------
    server : Server
    kind : str
        ``"connection"``, ``"timeout"``, ``"busy"``, ``"server"`` (it failed), ``"refused"``,
        ``"too large"``, ``"key"``, ``"path"``, ``"redirect"``, ``"model"``, ``"malformed"``,
        ``"empty"`` or ``"clip"`` (no request could be made of it).
    found : str
        What happened, without any key.
    expected, remedy : str
    status : int
        HTTP status; 0 where there was none.
    again : bool
        Whether a further request may end better.
    wait_s : float, optional
        Pause that the server asked for.
    """

    def __init__(
        self,
        server: Server,
        kind: str,
        *,
        found: str,
        expected: str = "",
        remedy: str = "",
        status: int = 0,
        again: bool = False,
        wait_s: float | None = None,
    ) -> None:
        super().__init__(f"server {server.url}", expected=expected, found=found, remedy=remedy)
        self.kind = kind
        self.status = status
        self.again = again
        self.wait_s = wait_s


@dataclass(frozen=True)
class Reply:
    """What a server answered to one ask.

    Parameters
    ----------
    row : int
        Position of the ask, from 0.
    text : str
        The raw answer; empty where there is an error.
    values : mapping
        What was read from the text; empty when no reader was given or nothing could be read.
    problem : str
        What is wrong with the answer, in words: cut, repaired, by another model. Empty if nothing.
    model : str
        The model that the server says it used.
    tries : int
        Requests that were sent.
    seconds : float
        From the first request to the end, pauses included.
    finish : str
        Why the answer ended, in the server's word: ``"stop"``, ``"length"``, ...
    prompt_tokens, answer_tokens : int
        As the server counts; -1 where it does not say.
    mean_logprob : float
        Mean log-probability of the tokens of the answer; NaN where it was not given.
    error : ServerError, optional
        Why there is no answer.
    """

    row: int
    text: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""
    model: str = ""
    tries: int = 0
    seconds: float = 0.0
    finish: str = ""
    prompt_tokens: int = -1
    answer_tokens: int = -1
    mean_logprob: float = math.nan
    error: ServerError | None = None
