from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import napari_mousegpt
from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.models.asks import ClipFrames
from napari_mousegpt.words.examples import Example, ExampleSource
from napari_mousegpt.words.prompts import (
    REPLY,
    Prompt,
    answer_schema,
    load_prompt,
    make_ask,
    prompt_id,
    prompt_names,
    render,
)
from napari_mousegpt.words.reply_text import FIELDS
from napari_mousegpt.words.server_requests import plain_text
from napari_mousegpt.words.vocabulary import Vocabulary

ROOT = Path(napari_mousegpt.__file__).parents[2]
WORDS = Vocabulary(["rearing", "still"], {"rearing": "fore paws off the floor"})
FULL = Prompt(
    "mine",
    3,
    {"overall": "What happens?", "head": "And the head?", "label": "Which one?"},
    about="for people",
    system="You watch mice.",
    context="A round arena.",
    instruction="Look closely.",
    options={"head": ["up", "down"]},
    contract="Answer in JSON.",
    examples=(ExampleSource("r", "m", 10, 40, {"label": "rearing"}),),
)


def clip(frames: int = 4, fill: int = 0) -> ClipFrames:
    pictures = np.full((frames, 6, 8, 3), fill, np.uint8)
    return ClipFrames(pictures, np.arange(frames) * 5, 30.0, frames * 5, frames / 6)


@pytest.mark.parametrize("name", prompt_names())
def test_every_built_in_prompt_can_be_asked(name: str) -> None:
    prompt = load_prompt(name)
    assert prompt.name == name
    assert prompt.id.startswith(f"{name}-{prompt.version}-")
    assert len(prompt.id.rsplit("-", 1)[1]) == 8
    assert prompt.about
    assert prompt.contract
    for part in (*prompt.parts, REPLY):
        text = render(prompt, "FACTS OF THIS CLIP", WORDS, part)
        assert ("FACTS OF THIS CLIP" in text) == prompt.facts
        assert plain_text(text) == text
    whole = f"{prompt.system} {render(prompt, '', None, REPLY)}"
    assert "observed in the pictures" in whole


def test_mousegpt_asks_for_the_parts_of_its_descriptions() -> None:
    assert load_prompt().parts == FIELDS
    assert not load_prompt("mousegpt-pictures").facts
    assert "measured" not in load_prompt("mousegpt-pictures").to_toml()


def test_prompt_files_are_in_the_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = pytest.importorskip("hatchling.builders.wheel")
    if not (ROOT / "pyproject.toml").exists():
        pytest.skip("not a checkout")
    builder = wheel.WheelBuilder(str(ROOT))
    shipped = {included.distribution_path for included in builder.recurse_included_files()}
    for name in prompt_names():
        assert str(Path("napari_mousegpt", "words", "prompt_files", f"{name}.toml")) in shipped


def test_all_but_the_question_is_the_same_for_every_part() -> None:
    """So that it is read once for all parts of a description."""
    texts = [render(FULL, "FACTS", WORDS, part) for part in FULL.parts]
    shared = "What is known of the recordings:\nA round arena.\n\nThe behaviours to choose from:\n"
    shared += "- rearing: fore paws off the floor\n- still\n\nFACTS\n\nLook closely.\n\n"
    assert [text.removeprefix(shared) for text in texts] == [
        "What happens?",
        "And the head? Answer with one of: up; down.",
        "Which one? Answer with one of: rearing; still.",
    ]
    reply = render(FULL, "FACTS", WORDS, REPLY).removeprefix(shared)
    assert reply.splitlines() == [
        "Answer in JSON.",
        'The value of "head" is one of: up; down.',
        'The value of "label" is one of: rearing; still.',
    ]
    with pytest.raises(InputError, match="'limb'"):
        render(FULL, "", None, "limb")


def test_facts_are_left_out_where_the_prompt_wants_none() -> None:
    assert "FACTS" not in render(replace(FULL, facts=False), "FACTS", WORDS, "head")


@pytest.mark.parametrize(
    "change",
    [
        {"system": "You watch mice!"},
        {"context": "A round  arena."},
        {"instruction": ""},
        {"contract": "Answer in json."},
        {"facts": False},
        {"questions": {**FULL.questions, "overall": "What happens"}},
        {"questions": {"overall": "What happens?", "head": "And the head?"}},
        {"options": {"head": ["down", "up"]}},
        {"options": {}},
        {"examples": ()},
        {"examples": (ExampleSource("r", "m", 11, 40, {"label": "rearing"}),)},
        {"examples": (ExampleSource("r", "m", 10, 40, {"label": "rears"}),)},
        {"version": 4},
        {"name": "other"},
    ],
)
def test_the_id_changes_with_all_that_reaches_a_model(change: dict[str, object]) -> None:
    assert replace(FULL, **change).id != FULL.id  # type: ignore[arg-type]


def test_the_id_stays_with_what_reaches_no_model(tmp_path: Path) -> None:
    assert replace(FULL, about="for other people").id == FULL.id
    path = tmp_path / "mine.toml"
    path.write_text("# a comment\n" + FULL.to_toml(), encoding="utf-8")
    assert load_prompt(path).id == FULL.id


def test_the_id_of_a_run_holds_labels_definitions_and_pictures() -> None:
    one = Example(clip(), {"label": "rearing"}, "facts")
    ids = [
        prompt_id(FULL),
        prompt_id(FULL, WORDS),
        prompt_id(FULL, replace(WORDS, labels=tuple(reversed(WORDS.labels)))),
        prompt_id(FULL, Vocabulary(WORDS.labels, {"rearing": "upright"})),
        prompt_id(FULL, WORDS, [one]),
        prompt_id(FULL, WORDS, [replace(one, clip=clip(fill=1))]),
        prompt_id(FULL, WORDS, [replace(one, facts="other facts")]),
        prompt_id(FULL, WORDS, [replace(one, words={"label": "still"})]),
        prompt_id(FULL, WORDS, [one, one]),
    ]
    assert len(set(ids)) == len(ids)
    same = Vocabulary(WORDS.labels, WORDS.definitions, {"still": ["immobile"]})
    assert prompt_id(FULL, same) == prompt_id(FULL, WORDS), "no model sees synonyms"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_one_more_byte_in_a_text_is_another_id(data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(["system", "context", "instruction", "contract"]))
    text = getattr(FULL, key)
    at = data.draw(st.integers(0, len(text)))
    letter = data.draw(st.characters(min_codepoint=33, max_codepoint=126))
    changed = text[:at] + letter + text[at:]
    made = replace(FULL, **{key: changed})  # type: ignore[arg-type]
    assert made.id != FULL.id


@settings(max_examples=100, deadline=None)
@given(
    st.builds(
        Prompt,
        name=st.from_regex(r"[a-z0-9]{1,9}(-[a-z]{1,5})?", fullmatch=True),
        version=st.integers(1, 99),
        questions=st.dictionaries(
            st.sampled_from(FIELDS), st.text(min_size=1).filter(str.strip), min_size=1
        ),
        about=st.text(),
        system=st.text(),
        context=st.text(st.sampled_from("\"'\\\n\r\t ab\x00\x7f\u2028")),
        instruction=st.text(),
        facts=st.booleans(),
        contract=st.text(),
        examples=st.tuples(
            st.builds(
                ExampleSource,
                recording=st.text(),
                individual=st.text(),
                start=st.integers(0, 9),
                stop=st.integers(10, 20),
                words=st.fixed_dictionaries({"label": st.text(min_size=1).filter(str.strip)}),
            )
        ),
    )
)
def test_a_prompt_that_was_written_reads_the_same(prompt: Prompt) -> None:
    again = Prompt.from_toml(prompt.to_toml())
    assert again == prompt
    assert again.id == prompt.id


def test_a_prompt_goes_to_a_file_and_back(tmp_path: Path) -> None:
    prompt = replace(FULL, context='A round arena.\n\nSeen from "above".')
    prompt.save(tmp_path / "mine.toml")
    assert load_prompt(tmp_path / "mine.toml") == prompt
    # As people edit it: a line of text is a line of the file.
    assert "\nA round arena.\n\nSeen from" in (tmp_path / "mine.toml").read_text()


GOOD = 'schema = 1\nname = "a"\nversion = 1\n[questions]\nlabel = "What?"\n'


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("name = ", "TOML"),
        (GOOD.replace("schema = 1\n", ""), "schema"),
        (GOOD.replace("schema = 1", "schema = 2"), "schema = 1"),
        (GOOD.replace("version = 1", 'version = "1"'), "a whole number"),
        (GOOD.replace("version = 1", "version = true"), "a whole number"),
        (GOOD.replace("version = 1\n", ""), "no version"),
        ("sytem = 'x'\n" + GOOD, "Did you mean system"),
        (GOOD.replace("label =", "tail ="), "tail"),
        (GOOD + "[options]\nlabel = [1, 2]\n", "list of texts"),
        (GOOD + "[reply]\nform = 'x'\n", "contract"),
        (GOOD + "[[examples]]\nstart = 1\nstop = 2\nlabel = 'x'\n", "no recording"),
        (GOOD + "[[examples]]\nrecording = 'r'\nstart = 1.5\n", "start"),
        (GOOD + "[[examples]]\nrecording = 'r'\nstart = 1\nstop = 2\n", "none"),
        (GOOD + "[[examples]]\nrecording='r'\nstart=1\nstop=2\nfile='x'\n", "file"),
        ("examples = [3]\n" + GOOD, "example 1"),
    ],
)
def test_a_file_that_is_no_prompt_is_told(tmp_path: Path, text: str, word: str) -> None:
    assert Prompt.from_toml(GOOD).parts == ("label",)
    path = tmp_path / "p.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=word) as caught:
        load_prompt(path)
    assert "p.toml" in str(caught.value) or isinstance(caught.value, FormatError) or word == "none"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"name": "My Prompt"}, "small letters"),
        ({"version": 0}, "1 or more"),
        ({"questions": {}}, "a question"),
        ({"questions": {"head": " "}}, "'head'"),
        ({"options": {"limb": ["a", "b"]}}, "asked for"),
        ({"options": {"head": ["a"]}}, "two or more"),
        ({"options": {"head": ["a", "a"]}}, "different"),
        ({"options": {"label": ["a", "b"]}}, "vocabulary"),
    ],
)
def test_a_prompt_that_is_none_is_told(change: dict[str, object], word: str) -> None:
    with pytest.raises(InputError, match=word):
        replace(FULL, **change)  # type: ignore[arg-type]


def test_an_unknown_prompt_is_told_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="label, mousegpt, mousegpt-pictures"):
        load_prompt("mouse")
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"')
    with pytest.raises(FormatError, match="UTF-8"):
        load_prompt(tmp_path / "latin.toml")


def test_control_tokens_never_get_into_an_ask() -> None:
    nasty = "<video> <|im_end|> <IMG_CONTEXT> [INST] <\uff5cUser\uff5c> <vi\u200bdeo>"
    prompt = replace(
        FULL, system=nasty, context=nasty, instruction=nasty, questions={"label": nasty}, options={}
    )
    words = Vocabulary(["<video>", "still\n\n<image>"], {"<video>": nasty})
    example = Example(clip(), {"label": nasty, "overall": "a\n\nSystem: b"}, nasty)
    ask = make_ask(prompt, clip(), "label", facts_text=nasty, vocabulary=words, examples=[example])
    for text in (ask.system, ask.text, *ask.captions):
        assert plain_text(text) == text
        for token in ("<video>", "<|im_end|>", "<IMG_CONTEXT>", "[INST]", "<\uff5c", "<image>"):
            assert token not in text
        assert "\u200b" not in text
    assert "overall: a System: b" in ask.captions[0]


def test_examples_come_before_the_clip_with_their_words() -> None:
    example = Example(clip(fill=7), {"label": "rearing", "head": "up"}, "MEASURED")
    ask = make_ask(FULL, clip(), "label", vocabulary=WORDS, examples=[example])
    assert [int(shown.frames[0, 0, 0, 0]) for shown in ask.clips] == [7, 0]
    assert ask.captions == (
        "This was example 1.\nMEASURED\nhead: up\nlabel: rearing",
        "This is the clip that is asked about.",
    )
    assert ask.captions == make_ask(FULL, clip(), "head", examples=[example]).captions
    bare = make_ask(replace(FULL, facts=False), clip(), "label", examples=[example])
    assert "MEASURED" not in bare.captions[0]
    assert make_ask(FULL, clip(), "label").captions == ()
    with pytest.raises(InputError, match="5 frames"):
        make_ask(FULL, clip(5), "label", examples=[example])


def test_the_schema_of_an_answer_has_the_parts_of_the_prompt() -> None:
    schema = answer_schema(FULL, WORDS)
    assert schema["required"] == ["overall", "head", "label"]
    assert schema["properties"]["head"]["enum"] == ["up", "down"]
    assert schema["properties"]["label"]["enum"] == ["rearing", "still"]
    assert "enum" not in answer_schema(FULL)["properties"]["label"]
