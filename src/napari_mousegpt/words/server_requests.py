"""What is sent to a server: messages with text and pictures, and the form of the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from napari_mousegpt.words.server_pictures import (
    clip_seconds,
    frames_url,
    image_urls,
    jpegs,
    mp4_bytes,
    mp4_url,
    resized,
)

if TYPE_CHECKING:
    from napari_mousegpt.models.asks import Ask, ClipFrames
    from napari_mousegpt.words.servers import Server

__all__ = ["plain_text", "reply_schema", "request_body", "response_format", "sent_text"]

#: What chat templates read as control tokens: <|im_start|>, <video>, <IMG_CONTEXT>, [INST].
_CONTROL = re.compile(r"<(?=\||/?[A-Za-z_][\w ]*>)|\[(?=/?[A-Z_]{2,}\])")
_REPEATED_TEMPERATURE = 0.2
_FIELDS = {
    "overall": "what the animal does, in one sentence",
    "head": 'what the head does, or "not visible"',
    "limb": 'what the limbs do, or "not visible"',
    "torso": 'what the trunk does, or "not visible"',
}


def plain_text(text: str) -> str:
    """Return a text in which no chat template finds a control token.

    Which tokens a server knows cannot be seen from here, so a space goes into everything that has
    their look.

    Examples
    --------
    >>> plain_text("rear <video> <|im_end|> [INST] 3 < 4 [cm]")
    'rear < video> < |im_end|> [ INST] 3 < 4 [cm]'
    """
    return _CONTROL.sub(r"\g<0> ", text)


def reply_schema() -> dict[str, Any]:
    """Return the JSON schema of a description: overall, head, limb, torso, keywords, label."""
    fields: dict[str, Any] = {
        name: {"type": "string", "description": meaning} for name, meaning in _FIELDS.items()
    }
    fields["keywords"] = {"type": "array", "items": {"type": "string"}}
    fields["label"] = {"type": "string", "description": "the behaviour in one or two words"}
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }


def response_format(server: Server, schema: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what the request says about the form of the answer; None says nothing."""
    if schema is None or server.answer == "text":
        return None
    if server.answer == "object":
        return {"type": "json_object"}
    described = {"name": "description", "schema": dict(schema), "strict": True}
    return {"type": "json_schema", "json_schema": described}


def request_body(
    ask: Ask, server: Server, schema: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the body of the request for one ask.

    Parameters
    ----------
    ask : Ask
    server : Server
    schema : mapping, optional
        JSON schema of the answer.
    """
    messages: list[dict[str, Any]] = []
    if ask.system:
        messages.append({"role": "system", "content": plain_text(ask.system)})
    messages.append({"role": "user", "content": list(_content(ask, server))})
    body: dict[str, Any] = {
        "model": server.model,
        "messages": messages,
        "max_tokens": server.max_tokens,
        "temperature": server.temperature,
        "seed": server.seed,
        "stream": False,
    }
    form = response_format(server, schema)
    if form is not None:
        body["response_format"] = form
    if server.logprobs:
        body["logprobs"] = True
    return body


def repeated(body: Mapping[str, Any], repeat: int) -> dict[str, Any]:
    """Return the same request with another seed and a temperature that lets it matter.

    Parameters
    ----------
    body : mapping
        See :func:`request_body`.
    repeat : int
        How often it was answered before with something that could not be read, from 1.
    """
    warm = max(float(body["temperature"]), _REPEATED_TEMPERATURE)
    return {**body, "seed": body["seed"] + repeat, "temperature": warm}


def sent_text(ask: Ask, server: Server) -> str:
    """Return the text of a request as it is sent, with a mark where pictures stand.

    The marks say how many pictures there are, their size, and how they are packed.
    """
    lines = [plain_text(ask.system)] if ask.system else []
    for number, clip in enumerate(ask.clips):
        lines += [text for text in (_before(ask, number, server), _mark(clip, server)) if text]
        if ask.captions and ask.captions[number]:
            lines.append(plain_text(ask.captions[number]))
    return "\n".join([*lines, plain_text(ask.text)])


def _content(ask: Ask, server: Server) -> Iterator[dict[str, Any]]:
    for number, clip in enumerate(ask.clips):
        before = _before(ask, number, server)
        if before:
            yield _text(before)
        yield from _pictures(clip, server)
        if ask.captions and ask.captions[number]:
            yield _text(plain_text(ask.captions[number]))
    yield _text(plain_text(ask.text))


def _pictures(clip: ClipFrames, server: Server) -> Iterator[dict[str, Any]]:
    frames = resized(clip.frames, server.size)
    if server.form == "mp4":
        url = mp4_url(mp4_bytes(frames, clip_seconds(clip)))
        yield {"type": "video_url", "video_url": {"url": url}}
        return
    files = jpegs(frames, server.jpeg_quality)
    if server.form == "frames":
        yield {"type": "video_url", "video_url": {"url": frames_url(files)}}
        return
    for url in image_urls(files):
        yield {"type": "image_url", "image_url": {"url": url}}


def _before(ask: Ask, number: int, server: Server) -> str:
    """Return what is said before a clip: which one it is, and when its pictures stand."""
    clip = ask.clips[number]
    name = f"Clip {number + 1} of {len(ask.clips)}" if len(ask.clips) > 1 else ""
    if not server.times or server.form == "mp4" or clip.n_frames == 1:
        return f"{name}:" if name else ""
    times = ", ".join(f"{second:.2f}" for second in clip_seconds(clip))
    return f"{name or 'One clip'}, {clip.n_frames} pictures in order of time, at {times} s:"


def _mark(clip: ClipFrames, server: Server) -> str:
    height, width = resized(clip.frames[:1], server.size).shape[1:3]
    count = f"{clip.n_frames} picture{'' if clip.n_frames == 1 else 's'} of {width} x {height}"
    packed = f"JPEG quality {server.jpeg_quality}"
    how = {"images": packed, "frames": f"{packed}, one video", "mp4": "one mp4"}[server.form]
    return f"[{count}, {how}]"


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}
