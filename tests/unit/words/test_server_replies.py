from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.words.server_keys import NO_KEY, ServerKey
from napari_mousegpt.words.server_replies import Completion, read_completion, same_model
from napari_mousegpt.words.servers import Server, ServerError

SERVER = Server("http://localhost:8000/v1", "tiny")


def body(content: object = "a mouse", **more: Any) -> dict[str, Any]:
    choice = {"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    return {"model": "tiny", "choices": [choice], **more}


def read(answer: object, key: ServerKey = NO_KEY) -> Completion:
    return read_completion(json.dumps(answer).encode(), SERVER, key)


def problem(answer: object) -> tuple[str, bool]:
    with pytest.raises(ServerError) as caught:
        read(answer)
    return caught.value.kind, caught.value.again


def test_an_answer_is_read_with_all_that_is_told() -> None:
    answer = body(usage={"prompt_tokens": 100, "completion_tokens": 2})
    answer["choices"][0]["logprobs"] = {"content": [{"logprob": -0.5}, {"logprob": -1.5}]}
    assert read(answer) == Completion("a mouse", "tiny", "stop", 100, 2, -1.0)


def test_little_is_needed() -> None:
    found = read({"choices": [{"message": {"content": " a\nmouse "}}]})
    assert found.text == " a\nmouse "  # raw, untouched
    assert (found.model, found.finish, found.prompt_tokens) == ("", "", -1)
    assert math.isnan(found.mean_logprob)


def test_a_text_in_pieces_is_joined() -> None:
    pieces = [{"type": "text", "text": "a "}, {"type": "text", "text": "mouse"}]
    assert read(body(pieces)).text == "a mouse"


@pytest.mark.parametrize(
    "answer",
    [
        [1, 2],
        "text",
        None,
        {},
        {"choices": None},
        {"choices": ["x"]},
        {"choices": [{}]},
        {"choices": [{"message": "x"}]},
        body(5),
        body({"a": 1}),
    ],
)
def test_what_is_no_answer_is_malformed_and_tried_again(answer: object) -> None:
    assert problem(answer) == ("malformed", True)


@pytest.mark.parametrize("answer", [body(choices=[]), body(None), body(""), body(" \n"), body([])])
def test_an_answer_without_text_is_empty(answer: object) -> None:
    assert problem(answer) == ("empty", True)


def test_a_thought_that_ran_out_of_tokens_is_told() -> None:
    answer = body(None)
    answer["choices"][0]["finish_reason"] = "length"
    with pytest.raises(ServerError, match=r"limit of tokens.*larger max_tokens"):
        read(answer)


def test_a_refusal_is_told() -> None:
    answer = body(None)
    answer["choices"][0]["message"]["refusal"] = "I will not."
    with pytest.raises(ServerError, match=r"a refusal: I will not\."):
        read(answer)


def test_an_error_inside_a_good_status_is_an_error() -> None:
    assert problem({"error": {"message": "image too big", "code": 400}}) == ("refused", False)
    assert problem({"error": {"message": "out of memory", "code": "oom"}}) == ("server", True)
    assert problem({"error": "out of memory", "choices": []}) == ("server", True)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[" * 100_000, b'{"choices": [{"mess'])
def test_cut_or_wild_bytes_are_malformed(content: bytes) -> None:
    with pytest.raises(ServerError, match="no JSON object"):
        read_completion(content, SERVER, NO_KEY)


def test_a_key_that_is_repeated_is_hidden() -> None:
    key = ServerKey("sk-secret-0123456789", "V")
    found = read(body("you are sk-secret-0123456789", model="x-sk-secret-0123456789"), key)
    assert "secret" not in repr(found)
    assert found.text == "you are [key]"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "content", "error", "usage", "logprobs",
                             "logprob", "model", "text", "finish_reason", "code", "refusal"]),
            inner, max_size=4,
        )
    ),
    max_leaves=12,
)  # fmt: skip


def read_or_name(answer: object) -> str:
    try:
        return read(answer).text.strip()
    except ServerError as error:
        return error.kind


@settings(max_examples=60)
@given(_JSON)
def test_no_answer_breaks_the_reader(answer: object) -> None:
    assert read_or_name({"choices": [{"message": answer, "logprobs": answer}], "usage": answer})


@settings(max_examples=60)
@given(_JSON)
def test_nor_does_anything_else(answer: object) -> None:
    assert read_or_name(answer)


@pytest.mark.parametrize(
    ("asked", "told", "same"),
    [
        ("tiny", "tiny", True),
        ("tiny", "TINY", True),
        ("owner/tiny", "/models/tiny", True),
        ("tiny", "tiny-2024-08-06", True),
        ("tiny", "tiny:latest", True),
        ("tiny", "C:\\models\\tiny.gguf", True),
        ("tiny", "tiny-8b", False),
        ("tiny:2b", "tiny:8b", False),
        ("tiny", "large", False),
        ("tiny", "tin", False),
    ],
)
def test_names_of_one_model(asked: str, told: str, same: bool) -> None:
    assert same_model(asked, told) is same
    assert same_model(told, asked) is same
