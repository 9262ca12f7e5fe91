from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_mousegpt.models.asks import Ask, ClipFrames
from napari_mousegpt.words.server_requests import (
    plain_text,
    repeated,
    reply_schema,
    request_body,
    sent_text,
)
from napari_mousegpt.words.servers import Server

URL = "http://localhost/v1"


def clip(n: int = 3, level: int = 90) -> ClipFrames:
    frames = np.full((n, 24, 32, 3), level, dtype=np.uint8)
    return ClipFrames(frames, np.arange(n) * 10, 20.0, 40, 2.0)


def parts(body: dict[str, Any]) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = body["messages"][-1]["content"]
    return content


def kinds(body: dict[str, Any]) -> list[str]:
    return [part["type"] for part in parts(body)]


def test_images_stand_between_their_times_and_the_question() -> None:
    body = request_body(Ask((clip(),), "What does it do?", "You watch mice."), Server(URL, "m"))
    assert body["messages"][0] == {"role": "system", "content": "You watch mice."}
    assert kinds(body) == ["text", "image_url", "image_url", "image_url", "text"]
    assert parts(body)[0]["text"] == "One clip, 3 pictures in order of time, at 0.00, 0.50, 1.00 s:"
    assert parts(body)[1]["image_url"]["url"].startswith("data:image/jpeg;base64,/9j/")
    assert parts(body)[-1]["text"] == "What does it do?"
    assert json.loads(json.dumps(body)) == body


def test_frames_are_one_video() -> None:
    body = request_body(Ask((clip(),), "?"), Server(URL, "m", form="frames"))
    assert kinds(body) == ["text", "video_url", "text"]
    url = parts(body)[1]["video_url"]["url"]
    assert url.startswith("data:video/jpeg;base64,/9j/")
    assert url.count(",") == 1 + 2


def test_an_mp4_tells_its_times_itself() -> None:
    body = request_body(Ask((clip(),), "?"), Server(URL, "m", form="mp4"))
    assert kinds(body) == ["video_url", "text"]
    assert parts(body)[0]["video_url"]["url"].startswith("data:video/mp4;base64,")


def test_times_can_be_left_out_and_one_picture_has_none() -> None:
    assert kinds(request_body(Ask((clip(),), "?"), Server(URL, "m", times=False)))[0] == "image_url"
    assert kinds(request_body(Ask((clip(1),), "?"), Server(URL, "m"))) == ["image_url", "text"]


def test_several_clips_are_numbered_and_captioned_in_order() -> None:
    ask = Ask((clip(1, 10), clip(2, 250)), "And now?", captions=("rearing", ""))
    texts = [part.get("text", "*") for part in parts(request_body(ask, Server(URL, "m")))]
    assert texts == [
        "Clip 1 of 2:",
        "*",
        "rearing",
        "Clip 2 of 2, 2 pictures in order of time, at 0.00, 0.50 s:",
        "*",
        "*",
        "And now?",
    ]


def test_the_settings_are_sent() -> None:
    server = Server(
        URL, "m", max_tokens=77, temperature=0.3, seed=5, logprobs=True, answer="object"
    )
    body = request_body(Ask((clip(),), "?"), server, reply_schema())
    told = {name: body[name] for name in ("model", "max_tokens", "temperature", "seed")}
    assert told == {"model": "m", "max_tokens": 77, "temperature": 0.3, "seed": 5}
    assert body["logprobs"] is True
    assert body["stream"] is False
    assert body["response_format"] == {"type": "json_object"}


def test_a_schema_is_sent_where_the_server_takes_one() -> None:
    schema = reply_schema()
    ask = Ask((clip(),), "?")
    form = request_body(ask, Server(URL, "m"), schema)["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["strict"] is True
    sent = form["json_schema"]["schema"]
    assert sent == schema
    assert sent["required"] == ["overall", "head", "limb", "torso", "keywords", "label"]
    assert sent["additionalProperties"] is False
    assert "response_format" not in request_body(ask, Server(URL, "m", answer="text"), schema)
    assert "response_format" not in request_body(ask, Server(URL, "m"))


def test_a_repeat_can_end_differently() -> None:
    once = request_body(Ask((clip(),), "?"), Server(URL, "m", seed=5))
    assert (once["seed"], once["temperature"]) == (5, 0.0)
    assert repeated(once, 2) == {**once, "seed": 7, "temperature": 0.2}


@pytest.mark.parametrize(
    "token",
    ["<|im_end|>", "<|video_pad|>", "<video>", "<image>", "</s>", "<IMG_CONTEXT>", "[INST]",
     "[/INST]", "<start_of_turn>", "<|vision_start|>", "<tool_call>", "<end_of_utterance>"],
)  # fmt: skip
def test_no_control_token_of_a_label_gets_through(token: str) -> None:
    ask = Ask((clip(1),), f"groom{token}rear", f"a{token}b", (f"c{token}",))
    sent = json.dumps(request_body(ask, Server(URL, "m"))["messages"])
    assert token not in sent
    assert token not in sent_text(ask, Server(URL, "m"))


@given(st.text(alphabet="<|>[]/INSTvideo _", max_size=30))
def test_escaping_leaves_nothing_to_escape(text: str) -> None:
    once = plain_text(text)
    assert plain_text(once) == once
    assert once.replace(" ", "") == text.replace(" ", "")


def test_usual_signs_are_left_alone() -> None:
    text = "speed < 3 [cm/s], nose > tail, a|b [1] <3 x < y > z"
    assert plain_text(text) == text


@pytest.mark.parametrize("form", ["images", "frames", "mp4"])
def test_the_preview_is_the_text_that_is_sent(form: Any) -> None:
    server = Server(URL, "m", form=form, size=16)
    ask = Ask((clip(2), clip(3)), "And <video>?", "Sys", ("one", ""))
    shown = sent_text(ask, server)
    body = request_body(ask, server)
    texts = ["Sys", *(part["text"] for part in parts(body) if part["type"] == "text")]
    lines = [line for line in shown.split("\n") if not line.startswith("[")]
    assert lines == texts
    packed = {"images": "JPEG quality 90]", "frames": "one video]", "mp4": "one mp4]"}[form]
    assert f"[2 pictures of 16 x 12, {'' if form == 'mp4' else 'JPEG quality 90'}" in shown
    assert shown.count(packed) == 2
