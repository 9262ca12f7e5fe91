"""What comes back from a server: the text of an answer and what is told about it."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass

from napari_mousegpt.words.server_failures import status_error, tidy
from napari_mousegpt.words.server_keys import ServerKey
from napari_mousegpt.words.servers import Server, ServerError

__all__ = ["Completion", "read_completion", "same_model"]

#: A tag or a date at the end of a name: ":latest", "-2024-08-06".
_DATED = re.compile(r"[-@:](latest|\d{4}-?\d{2}-?\d{2})")


@dataclass(frozen=True)
class Completion:
    """An answer as the server gave it.

    Parameters
    ----------
    text : str
        Never empty.
    model, finish : str
        The model named in the answer, and why the answer ended; empty where not told.
    prompt_tokens, answer_tokens : int
        -1 where not told.
    mean_logprob : float
        NaN where not told.
    """

    text: str
    model: str
    finish: str
    prompt_tokens: int
    answer_tokens: int
    mean_logprob: float


def read_completion(content: bytes, server: Server, key: ServerKey) -> Completion:
    """Read the body of an answer with status 200.

    Raises
    ------
    ServerError
        ``"malformed"`` or ``"empty"``, which are worth another try, or what the server says.
    """
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise _malformed(server, "text that is no JSON object, perhaps cut off")
    if body.get("error"):
        told = body["error"]
        code = told.get("code") if isinstance(told, dict) else None
        status = code if isinstance(code, int) and 400 <= code < 600 else 500
        raise status_error(status, {}, content, server, key)
    choices = body.get("choices")
    if not isinstance(choices, list) or (choices and not isinstance(choices[0], dict)):
        raise _malformed(server, "an answer without a list of choices")
    if not choices:
        raise _empty(server, "no choices")
    message = choices[0].get("message")
    if not isinstance(message, dict):
        raise _malformed(server, "a choice without a message")
    text = _text_of(message.get("content"))
    if text is None:
        raise _malformed(server, "a message whose content is no text")
    finish = tidy(choices[0].get("finish_reason") or "", key)
    if not text.strip():
        refusal = tidy(message.get("refusal") or "", key)
        cut = "no text before the limit of tokens was reached" if finish == "length" else "no text"
        raise _empty(server, f"a refusal: {refusal}" if refusal else cut)
    usage = body.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    return Completion(
        text=key.hide(text),
        model=tidy(body.get("model") or "", key),
        finish=finish,
        prompt_tokens=_count(counts.get("prompt_tokens")),
        answer_tokens=_count(counts.get("completion_tokens")),
        mean_logprob=_mean_logprob(choices[0].get("logprobs")),
    )


def same_model(asked: str, told: str) -> bool:
    """Return whether two names may mean one model: a path or a date more or less is no other one.

    Examples
    --------
    >>> same_model("Qwen/Qwen3-VL-8B", "/models/Qwen3-VL-8B"), same_model("a-2b", "a-8b")
    (True, False)
    """
    one, other = (_short_name(name) for name in (asked, told))
    return one == other


def _short_name(name: str) -> str:
    last = re.split(r"[/\\]", name.strip().rstrip("/\\"))[-1].lower().removesuffix(".gguf")
    dated = _DATED.search(last)
    return last[: dated.start()] if dated and dated.end() == len(last) else last


def _text_of(content: object) -> str | None:
    """Return the text of a message, which some servers give in pieces; None if it is no text."""
    if content is None:
        return ""
    if isinstance(content, list) and all(isinstance(part, dict) for part in content):
        content = "".join(str(part.get("text") or "") for part in content)
    return content if isinstance(content, str) else None


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else -1


def _mean_logprob(logprobs: object) -> float:
    tokens = logprobs.get("content") if isinstance(logprobs, dict) else None
    values = [
        float(token["logprob"])
        for token in (tokens if isinstance(tokens, list) else ())
        if isinstance(token, dict) and isinstance(token.get("logprob"), (int, float))
    ]
    return math.fsum(values) / len(values) if values else math.nan


def _malformed(server: Server, found: str) -> ServerError:
    return ServerError(
        server,
        "malformed",
        expected="an answer of the OpenAI chat protocol",
        found=found,
        remedy="Look at the log of the server.",
        again=True,
    )


def _empty(server: Server, found: str) -> ServerError:
    return ServerError(
        server,
        "empty",
        expected="a text",
        found=found,
        remedy="A model that thinks aloud needs a larger max_tokens.",
        again=True,
    )
