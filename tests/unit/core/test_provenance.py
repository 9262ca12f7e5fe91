from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import PurePosixPath

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.core.provenance import RunCard, digest, plain, software_versions


@dataclass(frozen=True)
class Params:
    length: float = 1.0
    names: tuple[str, ...] = ("a", "b")
    rate: Fraction = Fraction(30000, 1001)


def card(**changes: object) -> RunCard:
    fields = {"verb": "describe", "params": {"length": 1.0}, "inputs": {"m1/video": "abc"}}
    return RunCard(**{**fields, **changes})  # type: ignore[arg-type]


def test_plain_values() -> None:
    value = {
        1: Params(),
        "set": {"b", "a"},
        "number": np.float32(0.5),
        "array": np.arange(3),
        "flag": np.bool_(True),
        "none": None,
        "nested": [Fraction(1, 3), (np.int64(2),)],
    }
    assert plain(value) == {
        "1": {"length": 1.0, "names": ["a", "b"], "rate": "30000/1001"},
        "set": ["a", "b"],
        "number": 0.5,
        "array": [0, 1, 2],
        "flag": True,
        "none": None,
        "nested": ["1/3", [2]],
    }
    json.dumps(plain(value))


def test_paths_are_posix(tmp_path: object) -> None:
    assert plain({"p": tmp_path})["p"] == PurePosixPath(str(tmp_path)).as_posix()


def test_digest_is_written_down() -> None:
    # A change here means that no run finds its earlier results.
    assert (
        digest({"a": 1, "b": [2.5, "x"]}) == digest({"b": (2.5, "x"), "a": 1}) == "05c51242d51f017e"
    )
    assert len(digest("x", size=16)) == 32


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(JSON)
@settings(max_examples=60)
def test_digest_survives_the_way_through_json(value: object) -> None:
    assert digest(json.loads(json.dumps(plain(value)))) == digest(value)


@given(JSON, JSON)
@settings(max_examples=60)
def test_digest_tells_values_apart(a: object, b: object) -> None:
    same = json.dumps(plain(a), sort_keys=True) == json.dumps(plain(b), sort_keys=True)
    assert (digest(a) == digest(b)) is same


def test_identity_hangs_on_question_not_on_circumstances() -> None:
    first = card()
    assert (
        card(sources={"video": "/elsewhere"}, software={"numpy": "9"}, created="x").run_id
        == first.run_id
    )
    assert first.done(windows=3).run_id == first.run_id
    for change in ({"verb": "run"}, {"params": {"length": 2.0}}, {"inputs": {"m1/video": "abd"}}):
        assert card(**change).run_id != first.run_id


def test_card_comes_back_from_json() -> None:
    made = card(params={"p": Params()}, models={"words": "kinematic 1"}).done(windows=3)
    again = RunCard.from_json(made.to_json())
    assert again.run_id == made.run_id
    assert again.outcome == {"windows": 3}
    assert again.models == {"words": "kinematic 1"}
    assert json.loads(made.to_json())["run_id"] == made.run_id
    assert datetime.fromisoformat(again.finished) >= datetime.fromisoformat(again.created)
    assert again.finished.endswith("+00:00")


def test_done_adds_to_the_outcome() -> None:
    assert card().done(a=1).done(b=2).outcome == {"a": 1, "b": 2}
    assert card().finished == ""


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"verb": "x"}', '{"program": "other"}', "null"])
def test_text_that_is_no_card(text: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        RunCard.from_json(text)


def test_software_versions() -> None:
    found = software_versions()
    assert found["numpy"] == np.__version__
    assert found["python"].startswith("3.")
