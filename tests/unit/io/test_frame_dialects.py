"""One row for each frame, as other programs write it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError, InputError, MismatchError
from napari_mousegpt.io.label_formats import load_labels, sniff_labels

WORDS = ["NA", "none", "rear", "rear", "", "groom", "groom", "groom"]


def written(path: Path, header: str, rows: list[str]) -> Path:
    path.write_text("\n".join([*([header] if header else []), *rows]) + "\n")
    return path


def bouts_of(labels: Ethogram) -> list[tuple[str, int, int]]:
    return sorted(((b.label, b.start, b.stop) for b in labels.bouts), key=lambda b: b[1:])


def observed_of(labels: Ethogram) -> list[tuple[int, int]]:
    return [(span.start, span.stop) for span in labels.observed]


def load(path: Path, **options: object) -> Ethogram:
    return load_labels(path, format="frames", **options)  # type: ignore[arg-type]


def test_words_for_nothing_and_for_not_scored(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "n,label", [f"x{i},{w}" for i, w in enumerate(WORDS)])
    found = load(path, column="label")
    assert bouts_of(found) == [("rear", 2, 4), ("groom", 5, 8)]
    assert observed_of(found) == [(1, 8)]
    assert found.notes == (
        "1 rows say 'NA': not scored.",
        "1 rows say 'none': none of the behaviours.",
        "1 rows say '': none of the behaviours.",
    )
    other = load(path, column="label", not_scored="groom", no_behaviour=["NA", "rear"])
    assert observed_of(other) == [(0, 5)]
    with pytest.raises(FormatError, match=r"one column of labels.*found n, label.*column=\.\.\."):
        load(path)
    with pytest.raises(InputError, match=r"column 'x' of .*expected one of n, label"):
        load(path, column="x")


def test_a_column_for_each_behaviour(tmp_path: Path) -> None:
    rows = ["0,0,1,0,", "1,0,1,1,1", "2,1,0,0,0", "3,1,0,1,0"]
    path = written(tmp_path / "a.csv", "frame,background,rear,True love,sniff", rows)
    found = load(path)
    assert bouts_of(found) == [
        ("rear", 0, 2), ("True love", 1, 2), ("sniff", 1, 2), ("True love", 3, 4)
    ]  # fmt: skip
    assert observed_of(found) == [(0, 4)]
    assert "1 rows contradict it" in found.notes[0]
    assert "1 rows have several behaviours; all are kept." in found.notes
    assert bouts_of(load(path, column=["rear", "sniff"])) == [("rear", 0, 2), ("sniff", 1, 2)]


def test_behaviours_among_features_must_be_named(tmp_path: Path) -> None:
    """SimBA appends targets to poses and features."""
    rows = [f"{i}.5,{i % 2},{i * 0.25}" for i in range(9)]
    path = written(tmp_path / "a.csv", "nose_x,attack,speed", rows)
    with pytest.raises(FormatError, match="found attack, nose_x, speed"):
        load(path)
    assert len(load(path, column="attack")) == 4


def test_numbered_behaviours_get_names(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.csv", "Time,B-SOiD labels", [f"{i / 10},{i // 4}" for i in range(9)]
    )
    found = load(path)
    assert bouts_of(found) == [("0", 0, 4), ("1", 4, 8), ("2", 8, 9)]
    assert any("codes={...} names them" in note for note in found.notes)
    named = load(path, codes={0: "", 1: "rear", "2": "groom"})
    assert bouts_of(named) == [("rear", 4, 8), ("groom", 8, 9)]
    with pytest.raises(FormatError, match=r"expected codes 0, 1, found '2'. Add it to codes"):
        load(path, codes={0: "", 1: "rear"})
    binary = written(tmp_path / "b.csv", "prediction", ["0", "1", "1"])
    with pytest.raises(FormatError, match=r'what 0 and 1 mean.*codes=\{"0": "", "1": "freezing"\}'):
        load(binary)
    assert bouts_of(load(binary, codes={0: "", 1: "freezing"})) == [("freezing", 1, 3)]
    floats = written(tmp_path / "c.csv", "prediction", ["0.0", "1.0", "nan"])
    found = load(floats, codes={0: "", 1: "freezing"})
    assert (bouts_of(found), observed_of(found)) == ([("freezing", 1, 2)], [(0, 2)])


def test_a_first_line_like_the_others_is_a_row(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "", ["rear", "rear", "groom", "rear"])
    found = load(path, clocks=Timebase.constant(25, 4))
    assert bouts_of(found) == [("rear", 0, 2), ("groom", 2, 3), ("rear", 3, 4)]
    assert "no header" in found.notes[0]
    # pandas numbers nameless columns; the length of the video decides what the line is.
    rows = ["7", "7", "3"]
    path = written(tmp_path / "b.csv", "0", rows)
    assert bouts_of(load(path)) == [("7", 0, 2), ("3", 2, 3)]
    assert bouts_of(load(path, clocks=Timebase.constant(25, 4)))[0] == ("0", 0, 1)
    assert len(load(path, clocks=Timebase.constant(25, 3))) == 2


def test_gaps_offsets_and_thinned_out_frame_numbers(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "Frame;label", [f"{i};a" for i in (5, 6, 7, 10, 11)])
    found = load(path, clocks=Timebase.constant(25, 20))
    assert bouts_of(found) == [("a", 5, 8), ("a", 10, 12)]
    assert observed_of(found) == [(5, 8), (10, 12)]
    assert "The first row is frame 5." in found.notes
    assert "2 frames within the table have no row: not scored." in found.notes
    assert bouts_of(load(path, start=0))[0] == ("a", 0, 3)
    assert bouts_of(load(path, first=1))[0] == ("a", 4, 7)
    thin = written(tmp_path / "b.csv", "frame,label", ["0,a", "5,a", "10,b", "20,b"])
    found = load(thin)
    assert bouts_of(found) == [("a", 0, 10), ("b", 10, 15), ("b", 20, 25)]
    assert "The table has a row every 5 frames; each row holds 5 frames." in found.notes
    with pytest.raises(MismatchError, match=r"labels up to frame 25.*if the file counts from 1"):
        load(thin, clocks=Timebase.constant(25, 20))


def test_rows_that_begin_later_or_stand_for_several_frames(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "label", ["a", "a", "b"])
    clock = Timebase.constant(25, 400)
    for start in (300, "12s", "300f"):
        found = load(path, start=start, clocks=clock)
        assert bouts_of(found) == [("a", 300, 302), ("b", 302, 303)]
        assert "Row 0 is frame 300, as stated." in found.notes
        assert "Frames 303 to 400 have no row: not scored." in found.notes
    assert bouts_of(load(path, start=10, step=4)) == [("a", 10, 18), ("b", 18, 22)]
    with pytest.raises(InputError, match=r"the clock of recording 'a', since start='12s' is"):
        load(path, start="12s")
    with pytest.raises(InputError, match="step=0: expected at least 1"):
        load(path, step=0)
    with pytest.raises(MismatchError, match=r"frames from 0 on, found -1"):
        load(path, start=-1, clocks=clock)


def test_times_place_the_rows(tmp_path: Path) -> None:
    clock = Timebase.constant("30000/1001", 90)
    times = np.round(clock.time(np.arange(90)), 2)
    words = ["a" if i < 50 else "b" for i in range(90)]
    path = tmp_path / "a.csv"
    pd.DataFrame({"time": times, "label": words}).to_csv(path, index=False)
    assert bouts_of(load(path, clocks=clock)) == [("a", 0, 50), ("b", 50, 90)]
    late = tmp_path / "b.csv"
    pd.DataFrame({"time": times, "label": words}).iloc[30:].to_csv(late, index=False)
    assert bouts_of(load(late, clocks=clock)) == [("a", 30, 50), ("b", 50, 90)]
    with pytest.raises(MismatchError, match="another frame rate or another beginning"):
        load(path, clocks=Timebase.constant(25, 90))
    with pytest.raises(MismatchError, match=r"between 0 and 1.200 s.*found 0 to 2.97 s.*offset="):
        load(path, clocks=Timebase.constant(25, 30))
    moved = load(late, clocks=clock, start=0, mismatch="pad")
    assert bouts_of(moved)[0] == ("a", 0, 20)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([7.0, 10.0, 12.5, 30.0, 60.0]), st.integers(20, 120), st.integers(0, 9))
def test_rows_at_another_rate_are_taken_at_the_time_of_each_picture(
    tmp_path_factory: pytest.TempPathFactory, rate: float, rows: int, seed: int
) -> None:
    clock = Timebase.constant(25, int(rows / rate * 25) + 2)
    words = np.random.default_rng(seed).choice(["a", "b"], rows)
    times = np.arange(rows) / rate
    path = tmp_path_factory.mktemp("t") / "a.csv"
    pd.DataFrame({"seconds": times, "label": words}).to_csv(path, index=False)
    found = load(path, clocks=clock, mismatch="pad").to_frames("a", clock.n_frames)
    for frame, label in enumerate(found):
        moment = float(clock.time(frame))
        row = int(np.searchsorted(times, moment + min(1 / rate, 0.04) / 4, side="right")) - 1
        if row < rows - 1:
            assert label == words[row], (frame, moment)


def test_frames_and_times_must_agree(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "frame,time,label", [f"{i},{i / 20},a" for i in range(9)])
    assert len(load(path, clocks=Timebase.constant(20, 9))) == 1
    with pytest.raises(MismatchError, match=r"column 'time', row 3 .*expected 0.200 s.*found 0.1"):
        load(path, clocks=Timebase.constant(10, 9))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("frame,label\n0,a\n1\n", "line 3: expected 2 cells as in the first line, found 1"),
        ("frame,label,label\n0,a,b\n1,a,b\n", "'label' twice"),
        ("frame,time\n0,0\n1,1\n", "one column of labels, or columns of 0 and 1, found none"),
    ],
)
def test_damaged_tables_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(FormatError, match=message):
        load(path)


def test_a_stream_that_begins_unscored_is_still_known(tmp_path: Path) -> None:
    rows = ["NA;NA"] * 300 + [f'"None";"{i // 50}"' for i in range(400)]
    path = written(tmp_path / "a.csv", '"rear.classifier";"kmeans.25"', rows)
    assert sniff_labels(path).format == "frames"
    found = load(path, column=["rear.classifier", "kmeans.25"])
    assert len(found) == 8
    assert observed_of(found) == [(300, 700)]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["rear", "groom", "NA", "", "none"]), min_size=1, max_size=60))
def test_rows_are_what_they_say(tmp_path_factory: pytest.TempPathFactory, words: list[str]) -> None:
    path = tmp_path_factory.mktemp("t") / "a.csv"
    pd.DataFrame({"frame": range(len(words)), "label": words}).to_csv(path, index=False)
    found = load(path, clocks=Timebase.constant(25, len(words)))
    frames = found.to_frames("a", len(words))
    assert frames.tolist() == [w if w in ("rear", "groom") else "" for w in words]
    seen = np.zeros(len(words), dtype=bool)
    for start, stop in observed_of(found):
        seen[start:stop] = True
    assert seen.tolist() == [w != "NA" for w in words]
