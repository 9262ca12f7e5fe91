"""BORIS tables: what is written comes back, and what BORIS writes is read."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError, InputError, MismatchError
from napari_mousegpt.io.boris import COLUMNS, read_boris, write_boris

CLOCK = Timebase.constant(30, 300)
TABULAR = (
    "Observation id,obs1,,,,,,,\n,,,,,,,,\nTime offset (s),0.000,,,,,,,\n,,,,,,,,\n"
    "Time,Media file path,Total length,FPS,Subject,Behavior,Behavioral category,Comment,Status\n"
)


def tabular(path: Path, *rows: str) -> Path:
    path.write_text(TABULAR + "".join(f"{row}\n" for row in rows))
    return path


def keys(ethogram: Ethogram) -> list[tuple[object, ...]]:
    bouts = ethogram.bouts
    columns = (bouts.recording, bouts.individual, bouts.start, bouts.stop, bouts.column("label"))
    return list(zip(*columns, strict=True))


@settings(max_examples=40, deadline=None)
@given(
    rate=st.sampled_from(["25", "30000/1001", "60000/1001", "120", "500"]),
    bounds=st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), min_size=1, max_size=8),
)
def test_frames_survive_the_three_decimals(
    tmp_path_factory: pytest.TempPathFactory, rate: str, bounds: list[tuple[int, int]]
) -> None:
    path = tmp_path_factory.mktemp("boris") / "b.csv"
    clock = Timebase.constant(rate, 5000)
    starts, stops = np.sort(np.array(bounds), axis=1).T
    labels = [f"b{i}" for i in range(len(bounds))]
    ethogram = Ethogram(Intervals.build("m1", starts, stops, "a", label=labels))
    write_boris(path, ethogram, {"m1": clock})
    assert keys(read_boris(path, clock)) == keys(ethogram)


def test_a_variable_rate_survives_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    clock = Timebase.from_pts(np.cumsum(rng.integers(20, 60, 400)), tick=CLOCK.tick / 1000)
    ethogram = Ethogram(Intervals.build("m", [0, 17, 300], [5, 18, 400], label=["a", "b", "c"]))
    write_boris(tmp_path / "b.csv", ethogram, {"m": clock})
    assert keys(read_boris(tmp_path / "b.csv", clock)) == keys(ethogram)


def test_the_table_has_the_columns_of_boris(tmp_path: Path) -> None:
    bouts = Intervals.build(
        "m1", [30, 60, 90], [45, 60, 120], ["a", "", "a"],
        label=["rear", "cue", "gone"], status=["accepted", "proposed", "rejected"],
    )  # fmt: skip
    ethogram = Ethogram(bouts, Intervals.build("m1", [0, 0], [300, 300], ["a", ""]))
    write_boris(tmp_path / "b.csv", ethogram, {"m1": CLOCK}, media={"m1": "m1.mp4"})
    with (tmp_path / "b.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [row["Behavior"] for row in rows] == ["cue", "rear"]
    cue, rear = rows
    assert rear["Subject"] == "a"
    assert (rear["Start (s)"], rear["Stop (s)"], rear["Duration (s)"]) == (
        "1.000",
        "1.500",
        "0.500",
    )
    assert rear["Behavior type"] == "STATE"
    assert rear["Media file name"] == "m1.mp4"
    assert rear["Observation duration by subject by observation"] == "10.000"
    assert cue["Subject"] == "No focal subject"
    assert (cue["Behavior type"], cue["Start (s)"], cue["Stop (s)"]) == ("POINT", "2.000", "2.000")
    back = read_boris(tmp_path / "b.csv", CLOCK)
    assert keys(back) == [("m1", "", 60, 60, "cue"), ("m1", "a", 30, 45, "rear")]
    assert set(back.bouts.column("source")) == {"human"}
    assert set(back.bouts.column("status")) == {"accepted"}


def test_tsv_is_written_and_read(tmp_path: Path) -> None:
    ethogram = Ethogram(Intervals.build("m1", 3, 9, label="a, b"))
    write_boris(tmp_path / "b.tsv", ethogram, {"m1": CLOCK})
    assert "\t" in (tmp_path / "b.tsv").read_text()
    assert keys(read_boris(tmp_path / "b.tsv", CLOCK)) == keys(ethogram)


def test_a_clock_is_needed_for_every_recording(tmp_path: Path) -> None:
    ethogram = Ethogram(Intervals.build(["m1", "m2"], [0, 0], [9, 9], label="a"))
    with pytest.raises(InputError, match=r"'m2'.*Add it to clocks"):
        write_boris(tmp_path / "b.csv", ethogram, {"m1": CLOCK})
    assert not (tmp_path / "b.csv").exists()


def test_tabular_events_are_paired(tmp_path: Path) -> None:
    path = tabular(
        tmp_path / "b.csv",
        "1.000,v.avi,10,30.0,adult,groom,,first,START",
        "1.200,v.avi,10,30.0,adult,rear,,,START",
        "1.400,v.avi,10,30.0,juvenile,groom,,,START",
        "1.500,v.avi,10,30.0,adult,rear,,,STOP",
        "2.000,v.avi,10,30.0,adult,groom,,,STOP",
        "2.100,v.avi,10,30.0,juvenile,groom,,,STOP",
        "2.500,v.avi,10,30.0,No focal subject,cue,,,POINT",
    )
    found = read_boris(path, CLOCK)
    assert keys(found) == [
        ("obs1", "", 75, 75, "cue"),
        ("obs1", "adult", 30, 60, "groom"),
        ("obs1", "adult", 36, 45, "rear"),
        ("obs1", "juvenile", 42, 63, "groom"),
    ]
    assert list(found.bouts.column("comment")) == ["", "first", "", ""]
    assert found.observed.stop.tolist() == [300, 300, 300]
    renamed = read_boris(path, CLOCK, recordings="m1", individuals={"adult": "black"})
    assert set(renamed.bouts.individual) == {"", "black", "juvenile"}
    assert set(renamed.bouts.recording) == {"m1"}


def test_the_newer_tabular_header(tmp_path: Path) -> None:
    path = tmp_path / "b.tsv"
    path.write_text(
        "Observation id\tSubject\tBehavior\tModifier #1\tModifier #2\tBehavior type\tTime\n"
        "o1\ta\tgroom\tface\tslow\tSTART\t1.0\no1\ta\tgroom\tface\tslow\tSTOP\t2.0\n"
        "o2\ta\trear\t\t\tPOINT\t3.0\n"
    )
    found = read_boris(path, CLOCK)
    assert keys(found) == [("o1", "a", 30, 60, "groom"), ("o2", "a", 90, 90, "rear")]
    assert found.bouts.to_pandas()["modifiers"].to_list()[0] == "face|slow"
    with pytest.raises(InputError, match="observations o1, o2"):
        read_boris(path, CLOCK, recordings="m1")
    with pytest.raises(InputError, match=r"recording 'm2'.*observation 'o2'"):
        read_boris(path, {"m1": CLOCK}, recordings={"o1": "m1", "o2": "m2"})


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["1.0,v,10,30,a,groom,,,START"], "line 6: expected a STOP for each START, found none"),
        (["1.0,v,10,30,a,groom,,,STOP"], "line 6.*found STOP of 'groom' at 1.0 s"),
        (["1.0,v,10,30,a,groom,,,START", "2.0,v,10,30,a,groom,,,START"], "line 7.*found START"),
        (["1.0,v,10,30,a,groom"], "line 6: expected 9 cells"),
        (
            ["1.0,v,10,30,a,groom,,,POINT", "2.0,w,10,30,a,groom,,,POINT"],
            "expected events of one video, found of 2: v, w",
        ),
    ],
)
def test_broken_tables_are_refused(tmp_path: Path, rows: list[str], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read_boris(tabular(tmp_path / "b.csv", *rows), CLOCK)


def test_times_outside_the_video(tmp_path: Path) -> None:
    path = tabular(tmp_path / "b.csv", "11.0,v,10,30,a,cue,,,POINT")
    with pytest.raises(MismatchError, match=r"between 0 and 10.000 s.*found 11 s"):
        read_boris(path, CLOCK)


def test_a_time_offset_must_be_answered(tmp_path: Path) -> None:
    path = tabular(tmp_path / "b.csv", "6.0,v,10,30,a,cue,,,POINT")
    path.write_text(path.read_text().replace("Time offset (s),0.000", "Time offset (s),5.000"))
    with pytest.raises(InputError, match=r"time offset of 5 s.*offset="):
        read_boris(path, CLOCK)
    assert read_boris(path, CLOCK, offset=5).bouts.start.tolist() == [30]
    assert read_boris(path, CLOCK, offset=0).bouts.start.tolist() == [180]


def test_no_events_and_no_table(tmp_path: Path) -> None:
    assert len(read_boris(tabular(tmp_path / "b.csv"), CLOCK)) == 0
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(FormatError, match="Export aggregated events"):
        read_boris(tmp_path / "x.csv", CLOCK)
    with pytest.raises(InputError, match="no such file"):
        read_boris(tmp_path / "no.csv", CLOCK)


AGGREGATED = "Observation id;Media file;Total length;FPS;Subject;Behavior;Modifiers;Behavior type"


def test_older_names_and_decimal_commas(tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    path.write_text(
        f"{AGGREGATED};Start;Stop\n"
        "d1;m1.avi;10,000;25,0;No focal subject;rear;high;STATE;0,400;1,000\n"
        "d1;m1.avi;10,000;25,0;a;jump;;POINT;0,2;\n"
        "d2;m2.avi;10,000;25,0;a;rear;;STATE;0,4;1\n"
    )
    found = read_boris(path, None)
    rows = [(b.recording, b.individual, b.label, b.start, b.stop) for b in found.bouts]
    assert rows == [
        ("d1", "", "rear", 10, 25), ("d1", "a", "jump", 5, 5), ("d2", "a", "rear", 10, 25)
    ]  # fmt: skip
    assert found.bouts.column("modifiers")[0] == "high"
    assert [note.split(" is what")[0] for note in found.notes[:2]] == [
        "The clock of 'd1'", "The clock of 'd2'"
    ]  # fmt: skip
    assert "25 frames per second, 250 frames" in found.notes[0]
    assert found.notes[2] == "1 events have no length; they are kept at their frame."


def test_without_rate_or_length_a_clock_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    for facts in ("NA;25,0", "10;NA", "10;0", "1e30;25"):
        path.write_text(f"{AGGREGATED};Start;Stop\nd1;m1.avi;{facts};a;rear;;STATE;0,4;1\n")
        with pytest.raises(InputError, match="clock of recording 'd1', found none"):
            read_boris(path, None)


def test_a_column_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    path.write_text(f"{AGGREGATED};Start;Stop;Subject\n")
    with pytest.raises(FormatError, match=r"line 1: .*differ, found 'Subject' twice"):
        read_boris(path, None)
