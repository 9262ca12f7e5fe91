"""Epochs from tables."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError, InputError, MismatchError
from napari_mousegpt.io.epochs import epochs_around, load_epochs

CLOCK = Timebase.constant(30, 9000)


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "epochs.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("label,start,stop\ncue,30,60\nshock,90,91\n", [("cue", 30, 60), ("shock", 90, 91)]),
        ("start_s;stop_s;epoch\n1,0;2,0;cue\n", [("cue", 30, 60)]),
        ("Event\tOnset_s\tDuration\ncue\t1.0\t0.5\n", [("cue", 30, 45)]),
        ("onset\n30\n300\n", [("epoch", 30, 31), ("epoch", 300, 301)]),
        ("30\n300\n", [("epoch", 30, 31), ("epoch", 300, 301)]),
        ("30,60\n90,120\n", [("epoch", 30, 60), ("epoch", 90, 120)]),
        ("name,start,stop\n,30,60\n", [("epoch", 30, 60)]),
        ("label,start,stop\nb,90,99\na,30,60\n", [("a", 30, 60), ("b", 90, 99)]),
    ],
)
def test_tables(tmp_path: Path, text: str, expected: list[tuple[str, int, int]]) -> None:
    epochs = load_epochs(table(tmp_path, text), CLOCK, recording="m1")
    found = list(zip(epochs.column("label"), epochs.start, epochs.stop, strict=True))
    assert found == expected
    assert set(epochs.recording) == {"m1"}
    assert set(epochs.individual) == {""}


def test_frames_of_matlab(tmp_path: Path) -> None:
    epochs = load_epochs(
        table(tmp_path, "955,1856\n"), CLOCK, label="tone", first_frame=1, inclusive_stop=True
    )
    assert (epochs.start.tolist(), epochs.stop.tolist()) == ([954], [1856])


def test_the_cue_of_a_freezing_recording(shared_data: Path) -> None:
    path = shared_data / "labelled_freezing_behaviordepot" / "demo2_cue_frames.csv"
    epochs = load_epochs(path, Timebase.constant(30, 3600), first_frame=1, inclusive_stop=True)
    assert (epochs.start.tolist(), epochs.stop.tolist()) == ([954], [1856])


def test_onsets_get_a_length(tmp_path: Path) -> None:
    epochs = load_epochs(table(tmp_path, "onset_s\n1\n"), CLOCK, duration_s=10)
    assert (epochs.start.tolist(), epochs.stop.tolist()) == ([30], [330])


def test_a_wire(tmp_path: Path) -> None:
    clock = Timebase.constant(30, 8)
    path = table(tmp_path, "led\n0\n1\n1\n0\n0\n0\n1\n1\n")
    epochs = load_epochs(path, clock)
    assert list(zip(epochs.column("label"), epochs.start, epochs.stop, strict=True)) == [
        ("led", 1, 3),
        ("led", 6, 8),
    ]
    assert load_epochs(table(tmp_path, "0\n1\n1\n0\n0\n0\n1\n1\n"), clock).start.tolist() == [1, 6]
    with pytest.raises(MismatchError, match=r"9000 values of the line.*8"):
        load_epochs(path, CLOCK)


def test_rows_of_other_recordings_are_left_out(tmp_path: Path) -> None:
    path = table(tmp_path, "recording,label,start,stop\nm1,a,1,2\nm2,b,3,4\n")
    assert load_epochs(path, CLOCK, recording="m2").column("label").tolist() == ["b"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("label,when\ncue,3\n", "a column start"),
        ("label,start,stop\ncue,3\n", "line 2: expected 3 cells"),
        ("label,start,stop\ncue,3.5,9\n", "line 2, column start.*whole frame number"),
        ("label,start_s,stop_s\ncue,soon,9\n", "column start_s.*a number of seconds.*'soon'"),
        ("label,start,stop\ncue,30,30\n", "end after they begin"),
        ("label,start,stop\ncue,,30\n", "line 2.*a start"),
        ("1,2,3\n4,5,6\n", "line 1.*a start and a stop"),
        ("1\n2.5\n", "line 2.*whole frame numbers.*2.5"),
        ("1\n1e30\n", "line 2.*whole frame numbers.*1e30"),
        ("label,start_s,stop_s\ncue,1,1e30\n", "column stop_s.*a number of seconds.*'1e30'"),
    ],
)
def test_faults_are_named_by_their_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FormatError, match=f"(?s){message}"):
        load_epochs(table(tmp_path, text), CLOCK)


def test_beyond_the_video(tmp_path: Path) -> None:
    path = table(tmp_path, "label,start_s,stop_s\ncue,290,310\nlate,400,410\n")
    with pytest.raises(MismatchError, match=r"epoch 1: \[8700, 9300\), 2 outside"):
        load_epochs(path, CLOCK)
    clipped = load_epochs(path, CLOCK, beyond="clip")
    assert (clipped.start.tolist(), clipped.stop.tolist()) == ([8700], [9000])
    with pytest.raises(InputError, match="one of error, clip"):
        load_epochs(path, CLOCK, beyond="trim")
    with pytest.raises(InputError, match="no such file"):
        load_epochs(tmp_path / "no.csv", CLOCK)


def test_around_an_injection() -> None:
    spans = [("before", -60, 0), ("after", 0, 120)]
    around = epochs_around(3000, spans, CLOCK, recording="m1")
    assert around.start.tolist() == [1200, 3000]
    assert around.stop.tolist() == [3000, 6600]
    with pytest.raises(MismatchError, match=r"span .after.*-50.000 to 250.000 s"):
        epochs_around(1500, [("after", 0, 300)], CLOCK)
    clipped = epochs_around(1500, [("after", 0, 300), ("never", 260, 300)], CLOCK, beyond="clip")
    assert (clipped.start.tolist(), clipped.stop.tolist()) == ([1500], [9000])
    with pytest.raises(InputError, match="a frame from 0"):
        epochs_around(9000, spans, CLOCK)
    with pytest.raises(InputError, match="an end after"):
        epochs_around(3000, [("odd", 5, 5)], CLOCK)


def test_a_variable_rate_is_followed(tmp_path: Path) -> None:
    from fractions import Fraction

    import numpy as np

    clock = Timebase.from_pts(np.array([0, 10, 30, 70, 100]), Fraction(1, 10))
    epochs = load_epochs(table(tmp_path, "label,start_s,stop_s\ncue,3,7\n"), clock)
    assert (epochs.start.tolist(), epochs.stop.tolist()) == ([2], [3])


def test_a_sheet_is_read_like_a_text(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    rows = (["label", "start_s", "stop_s", "note"], ["cue", 1, 2.0], ["shock", 3, 3.5, "strong"])
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "epochs.xlsx")
    epochs = load_epochs(tmp_path / "epochs.xlsx", CLOCK)
    assert (epochs.start.tolist(), epochs.stop.tolist()) == ([30, 90], [60, 105])
