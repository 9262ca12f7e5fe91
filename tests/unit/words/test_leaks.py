from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from napari_mousegpt.core.recording import Recording
from napari_mousegpt.core.study import Study
from napari_mousegpt.core.tables import STUDY
from napari_mousegpt.errors import InputError
from napari_mousegpt.features import measure_recording
from napari_mousegpt.models.asks import Ask, ClipFrames
from napari_mousegpt.words import BEHAVIOURS
from napari_mousegpt.words.examples import Example
from napari_mousegpt.words.leaks import (
    Told,
    check_ask,
    check_texts,
    leaks,
    study_words,
    told_words,
)
from napari_mousegpt.words.prompt_facts import facts_text
from napari_mousegpt.words.prompt_preview import ask_text
from napari_mousegpt.words.prompts import REPLY, Prompt, load_prompt, make_ask, prompt_names
from napari_mousegpt.words.vocabulary import Vocabulary
from support.arrow import arrow_recording

#: A rare word for every column there is, and for columns of a lab's own.
COLUMNS = (*STUDY.names, "genotype", "surgeon", "note")
RARE = {name: f"zq{number:02d}vex{name[:3]}" for number, name in enumerate(COLUMNS)}
RARE |= {
    "video": "/home/zqann/zqfolder/zqdrug_m7.mp4",
    "pose": r"D:\zqlab\zqtracks\zqdrug_m7DLC.csv",
    "arena": "zqarenas/zqcage.toml",
    "treatment": "zqpentin 30 mg/kg",
    "note": "zqthe animal was zqweak after zqsurgery and is kept",
}
CLIP = ClipFrames(np.zeros((2, 8, 8, 3), np.uint8), np.arange(2), 30.0, 30, 1.0)


@pytest.fixture(scope="module")
def recording() -> Recording:
    plain = arrow_recording(90, id=RARE["recording"])
    files = {"video": RARE["video"], "pose": RARE["pose"]}
    return replace(plain, views=(replace(plain.primary, sources=files),), metadata=RARE)


@pytest.fixture(scope="module")
def told(recording: Recording) -> tuple[Told, ...]:
    return told_words(recording, Study(pd.DataFrame([RARE])).row(RARE["recording"]))


def everything(ask: Ask) -> str:
    return ask_text(ask)


@pytest.mark.parametrize("name", prompt_names())
def test_no_cell_of_a_study_is_in_a_built_in_prompt(
    name: str, recording: Recording, told: tuple[Told, ...]
) -> None:
    prompt = load_prompt(name)
    facts = facts_text(measure_recording(recording)["m1"], 0, 60)
    example = Example(CLIP, {"label": "walking", "overall": "Walks."}, facts)
    for part in (*prompt.parts, REPLY):
        ask = make_ask(
            prompt, CLIP, part,
            facts_text=facts, vocabulary=Vocabulary(BEHAVIOURS), examples=[example],
        )  # fmt: skip
        check_ask(ask, told)
        text = everything(ask).casefold()
        # By hand too: no word of any cell, whatever the check looks for.
        assert "zq" not in text
        for cell in RARE.values():
            assert cell.casefold() not in text
        assert "m1" not in text.split()


@pytest.mark.parametrize("column", COLUMNS)
def test_every_cell_is_found_wherever_it_is_planted(
    column: str, recording: Recording, told: tuple[Told, ...]
) -> None:
    cell = RARE[column]
    prompt = load_prompt()
    words = Vocabulary(["rearing", "still"])
    planted: dict[str, tuple[Prompt, dict[str, Any]]] = {
        "context": (replace(prompt, context=f"Mice {cell.upper()} here."), {}),
        "system": (replace(prompt, system=f"Look: {cell}."), {}),
        "question": (replace(prompt, questions={"label": f"Which of {cell}?"}), {}),
        "definition": (
            prompt, {"vocabulary": Vocabulary(words.labels, {"still": f"as in {cell}"})}
        ),
        "label": (prompt, {"vocabulary": Vocabulary(["rearing", cell])}),
        "example": (prompt, {"examples": [Example(CLIP, {"label": f"{cell} walk"})]}),
        "facts": (prompt, {"facts_text": f"measured in {cell}"}),
    }  # fmt: skip
    for where, (given, more) in planted.items():
        ask = make_ask(given, CLIP, "label", **{"vocabulary": words, **more})
        with pytest.raises(InputError) as caught:
            check_ask(ask, told)
        assert "zq" in caught.value.found, where
        assert "allow=" in caught.value.remedy


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("Zu\u0308rich", "in z\u00fcrich"),
        ("zqpentin 30 mg/kg", "zqpentin\n30 MG/kg"),
        ("zq_one two", "zq one_two"),
        ("<video>", "see <video> and <|x|>"),
        ("zq\u200bab", "a z\u200bqab"),
        ("k7", "mouse_k7_top"),
        ("\uff5a\uff51\uff4b\uff4f", "zqko"),
    ],
)
def test_spelling_and_escapes_hide_no_word(cell: str, text: str) -> None:
    told = told_words(arrow_recording(60), {"group": cell})
    ask = make_ask(replace(load_prompt(), context=text), CLIP, "label")
    with pytest.raises(InputError, match="group"):
        check_ask(ask, told)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("treated with zqpentin", "zqpentin"),
        ("film zqdrug_m7.mp4", "zqdrug_m7.mp4"),
        ("film zqdrug_m7", "zqdrug_m7"),
        ("all of zqfolder", "zqfolder"),
        ("all of ZQTracks", "zqtracks"),
        ("animal m1 there", "m1"),
    ],
)
def test_parts_of_cells_and_paths_tell_too(text: str, word: str, told: tuple[Told, ...]) -> None:
    assert word in [found.word for found in leaks(text, told)]


@pytest.mark.parametrize(
    ("column", "cell", "text"),
    [
        ("treatment", "zqpentin_30mg", "treated with zqpentin"),
        ("treatment", "zqsham (0.9% zqsaline, ip, 10 ml/kg)", "zqsaline-treated"),
        ("treatment", "CFA 20 ul", "CFA mice"),
        ("group", "sni-WT", "a wt mouse"),
        ("note", "very calm, as are all with the cKO", "CKO animals"),
    ],
)
def test_words_inside_a_cell_tell_too(column: str, cell: str, text: str) -> None:
    assert leaks(text, told_words(arrow_recording(60), {column: cell}))


def test_ordinary_words_of_a_note_tell_nothing() -> None:
    told = told_words(arrow_recording(60), {"note": "very calm, in a new cage since May"})
    assert not leaks("a calm mouse in a new cage", told)


def test_cells_of_a_table_inside_the_metadata_count() -> None:
    recording = replace(arrow_recording(60), metadata={"subject": {"drug": {"name": "zqpentin"}}})
    assert leaks("given zqpentin", told_words(recording))


def test_the_message_names_word_place_and_remedy(told: tuple[Told, ...]) -> None:
    with pytest.raises(InputError) as caught:
        check_texts({"the context": f"given {RARE['treatment']} at noon"}, told)
    message = str(caught.value)
    assert "the context" in message
    assert "'zqpentin 30 mg/kg', from column 'treatment' of the study" in message
    assert "--allow 'treatment' (allow=['treatment'])" in message


def test_what_is_allowed_goes_through_and_nothing_else(told: tuple[Told, ...]) -> None:
    text = {"the context": f"{RARE['treatment']} to {RARE['group']}"}
    check_texts(text, told, allow=["treatment", "group"])
    check_texts(text, told, allow=["Treatment", RARE["group"]])
    for allow in ([], ["treatment"], ["group"], ["dose"]):
        with pytest.raises(InputError):
            check_texts(text, told, allow)


ORDINARY = {
    "recording": "r1", "animal": "12", "group": "left", "dose": "0.5", "batch": "a", "sex": "f",
    "day": "1", "treatment": "sham", "note": float("nan"), "cage": None,
}  # fmt: skip


def test_ordinary_words_and_numbers_give_no_alarm_in_built_in_prompts() -> None:
    told = told_words(arrow_recording(60, id="mouse"), ORDINARY)
    facts = facts_text(measure_recording(arrow_recording(60))["m1"], 0, 60)
    for name in prompt_names():
        for part in (*load_prompt(name).parts, REPLY):
            ask = make_ask(load_prompt(name), CLIP, part, facts_text=facts)
            check_ask(ask, told)


@pytest.mark.parametrize(
    "text",
    [
        "animal 12", "Animal: 12.", "animal no. 12", "the group is left", "left group",
        "group=left", "day 1", "dose 0.5 mg", "batch_a", "recording mouse", "a sham one",
    ],
)  # fmt: skip
def test_ordinary_words_are_found_beside_their_column(text: str) -> None:
    told = told_words(arrow_recording(60, id="mouse"), ORDINARY)
    assert leaks(f"This is {text}", told)


@pytest.mark.parametrize(
    "text",
    [
        "turned 12 deg to the left",
        "a mouse in 1 arena",
        "a day in a batch",
        "grouped left",
        "0.51",
    ],
)
def test_ordinary_words_elsewhere_are_let_through(text: str) -> None:
    assert not leaks(text, told_words(arrow_recording(60, id="mouse"), ORDINARY))


def test_how_files_were_opened_is_no_word_but_their_names_are() -> None:
    opening = {"video": {"top": "/x/zqtop.mp4", "side": ["/x/zqa.png", "/x/zqb.png"]},
               "pose": "zqpose.h5", "mismatch": "error"}  # fmt: skip
    recording = replace(arrow_recording(60), metadata={"opening": opening})
    told = told_words(recording)
    assert leaks("an error", told) == ()
    for name in ("zqtop.mp4", "zqa", "zqb.png"):
        assert leaks(name, told), name
    assert leaks("zqpose", told)


def test_the_file_noted_in_a_pose_counts() -> None:
    plain = arrow_recording(60)
    assert plain.primary.pose is not None
    pose = plain.primary.pose.assign_attrs(source_file="/x/zqposefile.csv", source_software="DLC")
    told = told_words(replace(plain, views=(replace(plain.primary, pose=pose),)))
    assert leaks("zqposefile", told)
    assert not leaks("tracked by DLC", told)


def test_words_of_a_whole_study() -> None:
    other = {**RARE, "recording": "zqother", "animal": "zqnext", "group": "zqknockout"}
    told = study_words(Study(pd.DataFrame([RARE, other])))
    for word in (RARE["group"], "zqknockout", "zqnext", "zqfolder"):
        assert leaks(word, told), word
