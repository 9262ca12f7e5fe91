from __future__ import annotations

import json
import math
import re
from functools import partial

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.core.tables import DESCRIPTIONS
from napari_mousegpt.errors import InputError
from napari_mousegpt.words.slots import (
    FIELDS,
    Choice,
    Slot,
    Slots,
    Where,
    assemble,
    from_slots,
    parse_reply,
)
from napari_mousegpt.words.vocabulary import Vocabulary
from support.pace import Cost

HERE = Where("abc", "r", "m", 10, 40)
WORDS = Vocabulary(["rearing", "walking", "still"], synonyms={"rearing": ["standing up"]})
CLEAN = {
    "overall": "Rears at the wall.",
    "head": "Points up.",
    "limb": "Hind paws on the floor.",
    "torso": "not visible",
    "keywords": ["rear", "wall"],
    "label": "rearing",
}
NO_HEAD_NO_LIMB = {"head": "not visible", "limb": "not visible"}
READ = {**CLEAN, "keywords": "rear;wall"}
row = partial(assemble, HERE, model="m", prompt_id="p-1-00")


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        (json.dumps(CLEAN), False),
        (json.dumps(CLEAN, indent=2), False),
        (f"```json\n{json.dumps(CLEAN)}\n```", False),
        (f"Sure! Here it is:\n{json.dumps(CLEAN)}\nI hope that helps {{really}}.", False),
        (json.dumps({name.title(): text for name, text in CLEAN.items()}), False),
        (json.dumps({"answer": CLEAN}), False),
        (json.dumps([CLEAN]), False),
        (json.dumps({**CLEAN, "confidence": 0.99}), False),
        (f'<think>{{"overall": "a draft"}}</think>{json.dumps(CLEAN)}', False),
        (repr(CLEAN), True),
        (json.dumps(CLEAN)[:-1] + ",}", True),
        (json.dumps(CLEAN)[:-1], True),
        (json.dumps(CLEAN)[1:], True),
        (json.dumps(CLEAN).replace('", "', '" "').replace('"], "', '"] "'), True),
        (json.dumps(CLEAN, indent=1).replace(",\n", "\n"), True),
        (re.sub('"([^"]*)"', "\u201c\\1\u201d", json.dumps(CLEAN)), True),
        (json.dumps(CLEAN).replace(", ", ", // so it is\n", 1), True),
        (json.dumps(CLEAN).replace(", ", ",, ", 1), True),
    ],
)
def test_an_answer_is_read_in_whatever_dress(text: str, repaired: bool) -> None:
    values, problem = parse_reply(text, WORDS)
    assert values == READ
    assert problem == ("JSON was repaired" if repaired else "")


@pytest.mark.parametrize(
    ("text", "values", "problem"),
    [
        ('{"overall": "It walks al', {"overall": "It walks al"}, "JSON was repaired"),
        ('{"overall": "Ups", "keywords": ["a", "b', {"overall": "Ups", "keywords": "a;b"}, "JSON"),
        ('{"overall": "a \\"b\\" c\nd"}', {"overall": 'a "b" c d'}, ""),
        ('{"overall": "He said "hi", then left"}', {"overall": 'He said "hi", then left'}, "JSON"),
        ('{"head": ["up", "left"]}', {"head": "up; left"}, "head was a list"),
        ('{"head": 3, "limb": true}', {"head": "3", "limb": "True"}, "limb was true or false"),
        ('{"torso": {"shape": "long"}}', {"torso": "shape: long"}, "torso was an object"),
        ('{"keywords": "a, b; a|c"}', {"keywords": "a;b;c"}, ""),
        ('{"limbs": "x", "Body": "y"}', {"limb": "x", "torso": "y"}, ""),
        ('{"head": "Not visible.", "limb": "N/A"}', NO_HEAD_NO_LIMB, ""),
        ('{"label": "Standing up."}', {"label": "rearing"}, ""),
        ('{"label": "sniffing"}', {"label": "sniffing"}, "'sniffing' is not in the vocabulary"),
        ('{"label": "rearin"}', {"label": "rearin"}, "not in the vocabulary"),
        ('{"label": "none"}', {"label": ""}, ""),
        ('{"overall": "a"} or {"overall": "b"}', {"overall": "b"}, "last of 2 answers"),
        ("**Overall:** up\n- Head: a, b", {"overall": "up", "head": "a, b"}, "from lines"),
        ('{"properties": {"overall": {"type": "string"}}, "type": "object"}', {}, "no part"),
        ("It walks along the wall.", {}, "no part"),
        ("", {}, "no part"),
        ('{"overall": null}', {}, "no part"),
    ],
)  # fmt: skip
def test_what_is_odd_is_read_and_told(text: str, values: dict[str, str], problem: str) -> None:
    found, told = parse_reply(text, WORDS)
    assert found == values
    assert problem in told
    assert bool(problem) == bool(told)


def test_a_number_that_a_model_writes_is_no_confidence() -> None:
    text = json.dumps({**CLEAN, "confidence": 0.99})
    values, problem = parse_reply(text, WORDS)
    made = row(values, raw=text, problem=problem)
    assert math.isnan(made["confidence"])
    assert math.isnan(made["margin"])
    assert made["raw"] == text


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.text(max_size=300),
        st.text(st.sampled_from("{}[]\"':,\\nul01 \n<>/*overallheadlabel"), max_size=400),
        st.builds(
            lambda whole, cut: json.dumps(whole)[cut:],
            st.dictionaries(st.sampled_from(FIELDS), st.text() | st.lists(st.text()) | st.none()),
            st.integers(0, 5),
        ),
        st.dictionaries(
            st.sampled_from(FIELDS),
            st.recursive(
                st.none() | st.booleans() | st.floats() | st.text(),
                lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
                max_leaves=5,
            ),
        ).map(repr),
    )
)
def test_any_text_gives_a_row_and_is_kept(text: str) -> None:
    values, problem = parse_reply(text, WORDS)
    assert set(values) <= set(FIELDS)
    assert all(isinstance(value, str) and "\n" not in value for value in values.values())
    assert values or problem
    table = DESCRIPTIONS.check(pd.DataFrame([row(values, raw=text, problem=problem)]))
    assert len(table) == 1
    assert table["raw"].item() == text
    assert table.to_csv().encode()
    if table["overall"].item() == "":
        assert table["problem"].item() != ""


@pytest.mark.parametrize(
    "text",
    ['{"a":' * 3000, "[" * 5000, "{" * 50_000, '{"label":"' * 4000,
     "</think>" + "<think>" * 14_000],
)  # fmt: skip
def test_text_made_to_exhaust_the_reader_is_read_all_the_same(text: str) -> None:
    with Cost() as cost:
        values, problem = parse_reply(text)
    assert cost.seconds < 1
    assert isinstance(values, dict)
    assert problem


def test_thoughts_are_left_out_but_not_all_after_one_that_never_ends() -> None:
    drafts = '<think>{"overall": "a"}<think></think> <thinking>{"overall": "b"}</thinking>'
    assert parse_reply(drafts + '{"overall": "c"}') == ({"overall": "c"}, "")
    assert parse_reply('<think> hm {"overall": "c"}') == ({"overall": "c"}, "")


def test_a_label_of_the_vocabulary_that_reads_like_nothing_is_kept() -> None:
    values, problem = parse_reply('{"label": "Hidden"}', Vocabulary(["hidden", "unknown", "rears"]))
    assert row(values, raw="x", problem=problem, parts=("label",))["label"] == "hidden"
    values, problem = parse_reply('{"overall": "Sits.", "label": "unknown"}')
    assert row(values, raw="x", problem=problem)["label"] == ""


def test_halves_of_characters_can_be_written() -> None:
    text = '{"overall": "a \\ud800 b"}'
    values, _ = parse_reply(text)
    assert values == {"overall": "a b"}
    assert row(values, raw="x \ud800")["raw"] == "x ?"


def test_prose_stands_as_overall_and_is_told() -> None:
    text = "The mouse walks along the wall."
    values, problem = parse_reply(text)
    made = row(values, raw=text, problem=problem)
    assert made["overall"] == text
    assert "the whole answer stands as overall" in made["problem"]
    assert row({}, raw='{"x": [1, 2', problem="no part")["overall"] == ""


def test_a_row_says_which_parts_are_missing() -> None:
    made = row({"overall": "Walks.", "head": "up"}, raw="x")
    assert made["problem"] == "no limb, torso, keywords"
    assert made["limb"] == ""
    assert row({"overall": "Walks."}, raw="x", parts=("overall",))["problem"] == ""


def test_slots_are_scored_where_there_is_something_to_choose() -> None:
    slots = Slots.of(FIELDS, WORDS, {"head": ["up", "down", "not visible"]}, {"overall": 9})
    assert [slot.name for slot in slots.scored] == ["head", "label"]
    assert [slot.name for slot in slots] == list(FIELDS)
    assert slots.slots[0].max_tokens == 9
    assert Slots.of(FIELDS).scored == ()
    odd = Vocabulary(["<video>", "b"])
    (label,) = Slots.of(["label"], odd)
    assert (label.options, label.values) == (("< video>", "b"), ("<video>", "b"))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Slot("tail"),
        lambda: Slot("head", ("up",)),
        lambda: Slot("head", ("up", "down"), ("a",)),
        lambda: Slot("head", max_tokens=0),
        lambda: Slots(()),
        lambda: Slots((Slot("head"), Slot("head"))),
    ],
)
def test_slots_that_are_none_are_told(make: object) -> None:
    with pytest.raises(InputError):
        make()  # type: ignore[operator]


def test_slots_make_a_row_with_the_probabilities_of_the_scored_one() -> None:
    slots = Slots.of(FIELDS, WORDS, {"head": ["up", "not visible"]})
    written = {
        "overall": " It rears.",
        "limb": "not visible",
        "torso": "Long",
        "keywords": "up, up",
    }
    scored = {
        "label": Choice("rearing", 0.7, 0.5, 0.3, {"rearing": 0.7, "walking": 0.2, "still": 0.1}),
        "head": Choice("not visible", 0.9),
    }
    made = from_slots(
        HERE, slots, written, scored, model="m", prompt_id="p", unfinished=["torso"],
        evidence={"x": 1},
    )  # fmt: skip
    assert DESCRIPTIONS.check(pd.DataFrame([made])).loc[0, "label"] == "rearing"
    assert (made["confidence"], made["margin"], made["entropy"]) == (0.7, 0.5, 0.3)
    assert (made["overall"], made["head"], made["keywords"]) == ("It rears.", "not visible", "up")
    assert made["problem"] == "torso is cut off"
    raw = json.loads(made["raw"])
    assert raw["overall"] == " It rears."
    assert raw["label"]["of"]["walking"] == 0.2
    assert json.loads(made["evidence"]) == {"x": 1}


def test_an_abstaining_label_stays_empty() -> None:
    slots = Slots.of(["label"], WORDS)
    made = from_slots(
        HERE, slots, {}, {"label": Choice("", 0.3, 0.01, 0.9)}, model="m", prompt_id="p"
    )
    assert (made["label"], made["confidence"], made["problem"]) == ("", 0.3, "")


def test_what_looks_like_json_in_a_slot_stays_text() -> None:
    slots = Slots.of(["overall", "head"])
    written = {"overall": '{"head": "sideways"}', "head": "up"}
    made = from_slots(HERE, slots, written, {}, model="m", prompt_id="p")
    assert made["head"] == "up"
    assert made["overall"] == '{"head": "sideways"}'
