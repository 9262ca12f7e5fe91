"""Where bouts begin and end in tables of other programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.label_formats import load_labels, sniff_labels
from napari_mousegpt.io.labels import read_bouts

CLOCK = Timebase.constant(25, 100)


def written(path: Path, header: str, *rows: str) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def spans(path: Path, **options: object) -> list[tuple[int, int]]:
    found = load_labels(path, **options)  # type: ignore[arg-type]
    return [(bout.start, bout.stop) for bout in found.bouts]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("label,start,duration", "a,10,15"),
        ("Behavior;start_frame;length", "a;10;15"),
        ("label\tstart_s\tduration_s", "a\t0,4\t0,6"),
        ("label;onset;duration", "a;0,4;0,6"),
        ("label|start_s|stop_s", "a|0,4|1,0"),
        ("label start stop", "a 10 25"),
    ],
)
def test_durations_seconds_and_decimal_commas(tmp_path: Path, header: str, row: str) -> None:
    path = written(tmp_path / "a.csv", header, row)
    assert sniff_labels(path).format == "bouts"
    assert spans(path, clocks=CLOCK) == [(10, 25)]
    said = load_labels(path, clocks=CLOCK).notes
    assert bool(said) == ("duration" in header or "length" in header)
    assert not said or "Stops are start plus" in said[0]


def test_inclusive_stops_are_noted_and_left(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "label,start,stop", "a,0,9", "b,10,19", "a,20,29", "b,40,49")
    assert spans(path) == [(0, 9), (10, 19), (20, 29), (40, 49)]
    (note,) = load_labels(path).notes
    assert note.startswith("2 of 3 bouts end one frame before the next begins")
    assert "read as half-open; inclusive_stop=True" in note
    assert spans(path, inclusive_stop=True) == [(0, 10), (10, 20), (20, 30), (40, 50)]
    assert load_labels(path, inclusive_stop=True).notes == (
        "The stop column holds the last frame of each bout; one is added.",
    )
    half = written(tmp_path / "b.csv", "label,start,stop", "a,0,10", "b,10,20", "a,20,30")
    assert load_labels(half).notes == ()
    assert "may not be inclusive" in load_labels(half, inclusive_stop=True).notes[-1]


def test_bouts_that_share_a_frame_are_noted_and_left(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "label,start,stop", "a,0,11", "b,10,21", "a,20,30")
    assert spans(path) == [(0, 11), (10, 21), (20, 30)]
    assert load_labels(path).notes == (
        "2 of 2 bouts overlap the next by one frame; left as they are.",
    )


def test_a_column_called_last_frame_says_it_itself(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "label,first_frame,last_frame", "a,0,9")
    assert spans(path) == [(0, 10)]
    assert "one is added" in load_labels(path).notes[0]
    assert spans(path, inclusive_stop=False) == [(0, 9)]
    assert read_bouts(path).bouts.stop.tolist() == [9]


def test_files_that_count_from_one(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "label,start,stop", "a,1,9")
    assert spans(path, first=1, inclusive_stop=True) == [(0, 9)]
    assert "counts frames from 1" in load_labels(path, first=1).notes[0]


def test_events_subjects_and_further_columns_are_kept(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.csv",
        "animal;label;start;stop;modifiers;comment",
        "black;jump;5;5;high;",
        "white;rear;5;9;;long",
        ";cue;7;8;;",
    )
    found = load_labels(path)
    assert "1 events have no length; they are kept at their frame." in found.notes
    table = found.bouts.to_pandas().set_index("label")
    assert table.loc["jump", ["individual", "start", "stop", "modifiers"]].tolist() == [
        "black", 5, 5, "high"
    ]  # fmt: skip
    assert table.loc["rear", "comment"] == "long"
    assert table.loc["cue", "individual"] == ""
    # An empty subject of the table stays the whole picture whatever individual= says.
    assert "" in load_labels(path, individual="w").bouts.individual


def test_numbers_that_are_none_name_their_row(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "label,start,stop", "a,1,2", "b,x,9")
    with pytest.raises(
        FormatError, match=r"column 'start', row 1: a whole frame number, found 'x'"
    ):
        load_labels(path)
    path = written(tmp_path / "b.csv", "label,start,duration", "a,1,2", "b,3,")
    with pytest.raises(FormatError, match=r"column 'stop', row 1: a whole frame number"):
        load_labels(path)
