"""Codes for recordings: drawn, shown, and mapped back by key."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_mousegpt.core.blinding import Blinding, blind
from napari_mousegpt.core.edit_book import BoutBook
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.pose import make_pose
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.core.study import Study
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError, InputError


def study_of(count: int, **columns: Any) -> Study:
    rows = {
        "recording": [f"wt_{i}" if i % 2 else f"ko_{i}" for i in range(count)],
        "animal": [f"animal {i}" for i in range(count)],
        "individual": "mouse",
        "group": ["wt" if i % 2 else "ko" for i in range(count)],
        "treatment": "saline", "dose": "0.1 mg", "genotype": "a/b",
        "day": [str(i) for i in range(count)],
        "video": [f"videos/{i}.mp4" for i in range(count)], "weight": 20.5,
    }  # fmt: skip
    return Study(pd.DataFrame({**rows, **columns}))


@pytest.fixture
def key() -> Blinding:
    return blind(study_of(12), seed=3)


def recording(name: str) -> Recording:
    clock = Timebase.constant(30, 20)
    pose = make_pose(np.zeros((20, 2, 1, 1)), None, ["nose"], ["mouse"], clock)
    pose.attrs |= {"source_file": f"/data/{name}DLC.h5", "notes": f"{name}.mp4 was trimmed", "n": 3}
    view = View(
        "top",
        clock,
        pose=pose,
        sources={"video": f"/data/{name}.mp4", "pose": f"/data/{name}DLC.h5"},
        fingerprints={"video": "blake2b-64k:0123456789abcdef"},
    )
    known = {
        "group": "ko",
        "individual": "mouse",
        "day": "3",
        "opening": {"video": f"/d/{name}.mp4"},
    }
    return Recording(name, (view,), known)


@given(st.lists(st.text(min_size=1), min_size=1, max_size=30, unique=True), st.integers(0, 2**32))
def test_every_recording_has_one_code(names: list[str], seed: int) -> None:
    names = [name for name in names if name.strip()]
    rows = pd.DataFrame({"recording": names, "animal": [f"a{i}" for i in range(len(names))]})
    try:
        study = Study(rows)
    except InputError:
        return  # ids that differ by case only
    if not len(study):
        return
    key = blind(study, seed)
    assert len(set(key.codes)) == len(names)
    assert {key.recording_of(code) for code in key.codes} == set(study.recordings)
    assert all(key.recording_of(key.code_of(name)) == name for name in study.recordings)
    # The order of the table does not matter, and nothing is lost on disk.
    turned = Study(rows.iloc[::-1].reset_index(drop=True))
    assert blind(turned, seed) == key
    assert Blinding.from_dict(json.loads(json.dumps(key.to_dict()))) == key


def test_codes_are_shuffled_and_rise_in_the_order_of_scoring() -> None:
    key = blind(study_of(40), seed=1)
    assert key.codes[:2] == ("item 01", "item 02")
    assert key.codes[-1] == "item 40"
    assert key.order != study_of(40).recordings
    assert key.order != tuple(sorted(study_of(40).recordings))
    assert blind(study_of(40), seed=2).order != key.order
    assert blind(study_of(40)).order != blind(study_of(40)).order
    # The draw is the same on every machine and in every version.
    assert blind(study_of(4), seed=1).order == ("wt_3", "ko_0", "wt_1", "ko_2")
    assert len(blind(study_of(101), seed=0).codes[0]) == len("item 001")


def test_each_place_is_as_likely() -> None:
    study = study_of(5)
    first = [blind(study, seed).order[0] for seed in range(2000)]
    counts = [first.count(name) for name in study.recordings]
    assert all(330 < count < 470 for count in counts)


def test_only_what_was_asked_for_is_shown(key: Blinding) -> None:
    study = study_of(12)
    shown = key.table(study)
    assert list(shown.columns) == ["recording", "individual"]
    assert tuple(shown["recording"]) == key.codes
    assert key.hidden == (
        "video", "animal", "group", "treatment", "dose", "day", "genotype", "weight",
    )  # fmt: skip
    days = blind(study, seed=3, show=["day"])
    table = days.table(study)
    assert list(table.columns) == ["recording", "individual", "day"]
    for code, day in zip(table["recording"], table["day"], strict=True):
        assert study.row(days.recording_of(code))["day"] == day
    # A column that comes later is hidden, too.
    later = Study(study.to_pandas().assign(litter="l"))
    assert "litter" not in days.table(later)
    with pytest.raises(InputError, match="column 'recording' to show"):
        blind(study, show=["recording"])
    with pytest.raises(InputError, match="the 12 recordings that were blinded"):
        key.table(study_of(11))


def test_a_recording_is_shown_under_its_code() -> None:
    key = blind(study_of(12), seed=3, show=["day"])
    shown = key.hide(recording("ko_4"))
    assert shown.id == key.code_of("ko_4")
    assert shown.metadata == {"individual": "mouse", "day": "3"}
    assert not shown.primary.sources
    assert shown.fingerprints == recording("ko_4").fingerprints
    assert shown.timebase == recording("ko_4").timebase
    assert {"fps", "n"} <= set(shown.pose.attrs)
    told = f"{shown!r} {shown.metadata} {shown.primary} {shown.pose.attrs}"
    assert "ko_4" not in told
    assert "/data" not in told
    with pytest.raises(InputError) as error:
        key.hide(recording("other"))
    assert "wt_" not in str(error.value)


def test_scoring_is_mapped_back_by_key(key: Blinding) -> None:
    codes = [key.codes[5], key.codes[0], key.codes[5]]
    bouts = Intervals.build(codes, [0, 5, 9], [4, 8, 12], "mouse", label=["a", "b", "c"])
    scored = Ethogram(bouts, source="human")
    true = key.reveal_ethogram(scored)
    by_id = dict(zip(true.bouts.column("bout_id"), true.bouts.recording, strict=True))
    for bout in scored.bouts:
        assert by_id[bout.bout_id] == key.order[5 if bout.recording == key.codes[5] else 0]
    assert set(true.observed.recording) == {key.order[0], key.order[5]}
    with pytest.raises(InputError, match="one of the 12 that were blinded"):
        key.reveal_ethogram(true)


def test_edits_are_mapped_both_ways(key: Blinding) -> None:
    book = BoutBook(key.codes[2], 100, who="KM")
    book.apply(book.plan_mark("mouse", 3, 9, "rearing"))
    edit = book.plan_relabel(book.rows[0].bout_id, "grooming")
    true = key.reveal_edit(edit)
    rows = [row for change in true.changes for row in (change.old, change.new)]
    assert {row.recording for row in rows} == {key.order[2]}
    assert (true.edit_id, true.when, true.who) == (edit.edit_id, edit.when, edit.who)
    assert key.hide_edit(true) == edit


def test_recordings_that_are_called_like_codes() -> None:
    rows = pd.DataFrame({"recording": ["item 01", "Item 2"], "animal": ["a", "b"]})
    key = blind(Study(rows), seed=0)
    assert key.codes == ("piece 01", "piece 02")
    with pytest.raises(InputError, match="an id that is no code"):
        Blinding(("item 02", "item 01"), (), (), 0)
    with pytest.raises(InputError, match="each recording once"):
        Blinding(("a", "a"), (), (), 0)


def test_a_key_that_is_none() -> None:
    with pytest.raises(FormatError, match="expected codes and recordings"):
        Blinding.from_dict({"order": ["a"]})
    with pytest.raises(FormatError, match="each recording once"):
        Blinding.from_dict({"order": [], "hidden": [], "shown": [], "seed": 1, "word": "item"})
