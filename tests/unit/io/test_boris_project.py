"""Projects of BORIS, in and out, and its binary tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError, InputError, MismatchError
from napari_mousegpt.io.boris_binary import write_boris_binary
from napari_mousegpt.io.boris_project import read_boris_project
from napari_mousegpt.io.boris_project_writer import write_boris_project
from napari_mousegpt.io.label_formats import load_labels, sniff_labels

CLOCK = Timebase.constant(30, 300)


def project(*events: list[Any], **observation: Any) -> dict[str, Any]:
    kinds = (
        ("rear", "State event"),
        ("jump", "Point event"),
        ("look", "State event with coding map"),
    )
    return {
        "project_format_version": "7.0",
        "subjects_conf": {"0": {"key": "m", "name": "black"}},
        "behaviors_conf": {str(i): {"code": c, "type": t} for i, (c, t) in enumerate(kinds)},
        "observations": {
            "day 1": {
                "file": {"1": ["/videos/m1.mp4"], "2": []},
                "type": "MEDIA",
                "time offset": 0.0,
                "events": list(events),
                "media_info": {"length": {"/videos/m1.mp4": 10.0}, "fps": {"/videos/m1.mp4": 30.0}},
                **observation,
            }
        },
    }


def saved(path: Path, content: dict[str, Any]) -> Path:
    path.write_text(json.dumps(content))
    return path


EVENTS = [
    [2.0, "black", "rear", "high", "end"],
    [1.0, "black", "rear", "high", "start"],
    [1.5, "", "jump", "", ""],
    [1.5, "black", "rear", "low", ""],
    [3.0, "black", "rear", "low", ""],
    [4.0, "black", "look", "", "", 120],
    [4.0, "black", "look", "", ""],
]


def test_events_are_paired_by_the_ethogram(tmp_path: Path) -> None:
    path = saved(tmp_path / "p.boris", project(*EVENTS))
    found = read_boris_project(path)
    rows = [(b.label, b.individual, b.start, b.stop, b.modifiers, b.comment) for b in found.bouts]
    assert sorted(rows) == [
        ("jump", "", 45, 45, "", ""),
        ("look", "black", 120, 120, "", ""),
        ("rear", "black", 30, 60, "high", "start"),
        ("rear", "black", 45, 90, "low", ""),
    ]
    assert set(found.bouts.column("status")) == {"accepted"}
    assert found.observed.to_pandas().to_numpy().tolist() == [
        ["day 1", "", 0, 300], ["day 1", "black", 0, 300]
    ]  # fmt: skip
    assert found.notes == (
        "The clock of 'day 1' is what BORIS noted: 30 frames per second, 300 frames. Give clocks= "
        "to use that of the video.",
        "2 events have no length; they are kept at their frame.",
    )
    assert not any("noted" in note for note in read_boris_project(path, CLOCK).notes)


def test_a_recording_finds_its_observation(tmp_path: Path) -> None:
    content = project(*EVENTS)
    other = json.loads(json.dumps(content["observations"]["day 1"]))
    other["file"]["1"], other["events"] = ["C:\\lab\\m2.mp4"], [[1.0, "", "jump", "", ""]]
    content["observations"]["day 2"] = other
    path = saved(tmp_path / "p.boris", content)
    for name, count in (("day 1", 4), ("m1", 4), ("m2", 1)):
        found = load_labels(path, recording=name, clocks={name: CLOCK})
        assert (len(found), set(found.bouts.recording)) == (count, {name})
    found = load_labels(path, recordings={"day 2": "x"}, clocks={"x": CLOCK}, individuals={"": "w"})
    assert set(found.bouts.recording) == {"x"}
    with pytest.raises(InputError, match=r"observations 'day 1', 'day 2', found 'm3'"):
        load_labels(path, recording="m3", clocks=CLOCK)
    with pytest.raises(InputError, match=r"clock of recording 'day 1', found none"):
        read_boris_project(path, {"day 2": CLOCK})
    with pytest.raises(InputError, match="a BORIS project, found no such file"):
        read_boris_project(tmp_path / "none.boris")


def test_time_offsets_and_intervals_are_taken_into_account(tmp_path: Path) -> None:
    content = project(
        [3601.0, "", "rear", "", ""], [3602.0, "", "rear", "", ""],
        **{"time offset": 3600.0, "observation time interval": [1, 5]},
    )  # fmt: skip
    found = read_boris_project(saved(tmp_path / "p.boris", content), CLOCK)
    assert (found.bouts.start.tolist(), found.bouts.stop.tolist()) == ([30], [60])
    assert (found.observed.start.tolist(), found.observed.stop.tolist()) == ([30], [150])
    assert "3600 s, the time offset of 'day 1', were taken from its times." in found.notes


def test_videos_in_a_row_are_recordings_of_their_own(tmp_path: Path) -> None:
    files = ["/videos/m1.mp4", "/videos/m2.mp4"]
    content = project(
        [9.0, "", "rear", "", ""], [9.5, "", "rear", "", ""], [11.0, "", "jump", "", ""],
        file={"1": files},
        media_info={"length": dict.fromkeys(files, 10.0), "fps": dict.fromkeys(files, 30.0)},
    )  # fmt: skip
    path = saved(tmp_path / "p.boris", content)
    for clocks in (None, {"m1": CLOCK, "m2": CLOCK}):
        found = read_boris_project(path, clocks)
        rows = [(b.recording, b.label, b.start, b.stop) for b in found.bouts]
        assert rows == [("m1", "rear", 270, 285), ("m2", "jump", 30, 30)]
    with pytest.raises(FormatError, match="of 2 in a row"):
        read_boris_project(path, CLOCK)
    content["observations"]["day 1"]["events"][1][0] = 10.5
    with pytest.raises(FormatError, match=r"bouts inside one video, found 'rear' from 9 to 10.5 s"):
        read_boris_project(saved(path, content))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"events": [[1.0, "", "rear", "", ""]]},
            r"line 1: expected a STOP for each START.*'rear'",
        ),
        ({"events": [[1.0, "", "fly", "", ""]]}, "behaviours of its ethogram, found 'fly'"),
        ({"events": [[1.0, ""]]}, "event 0: expected time, subject, behaviour"),
        (
            {"events": [["x", "", "jump", "", ""]]},
            "event 0: expected a number of seconds, found 'x'",
        ),
        ({"events": [[float("nan"), "", "jump"]]}, "a number of seconds, found nan"),
        ({"events": {}}, "'events' as BORIS writes it, found dict"),
        ({"type": "IMAGES"}, "events of a video, found of a folder of pictures"),
        ({"file": [], "type": "LIVE"}, "clock of recording 'day 1', found none"),
        ({"events": [[99.0, "", "jump", "", ""]]}, "between 0 and 10.000 s"),
    ],
)
def test_broken_projects_are_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = saved(tmp_path / "p.boris", project(**change))
    with pytest.raises(InputError, match=message):
        read_boris_project(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"observations": ' + "[" * 100_000, "found too many levels"),
        ('{"observations": ' + '{"a":' * 100_000 + "1" + "}" * 100_001, "found too many levels"),
        ('{"observations": {', "a BORIS project .JSON., found Expecting"),
        ('{"observations": {}}', "behaviors_conf and observations, found other JSON"),
        ("[1]", "found other JSON"),
        ('{"observations": ' + "9" * 5000 + "}", "found Exceeds the limit"),
    ],
)
def test_json_that_is_no_project(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "p.boris"
    path.write_text(text)
    with pytest.raises(FormatError, match=message):
        load_labels(path, format="BORIS project")
    assert sniff_labels(path).format in (None, "BORIS project")


BOUT = st.tuples(
    st.sampled_from(["rear", "groom", "jump"]), st.sampled_from(["", "a", "b"]),
    st.integers(0, 290), st.integers(0, 9), st.sampled_from(["", "high", "low|left"]),
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.lists(BOUT, max_size=12), st.sampled_from(["25", "30000/1001", "58.83", "240"]))
def test_any_ethogram_comes_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, int, int, str]], rate: str
) -> None:
    clock = Timebase.constant(rate, 300)
    ends: dict[tuple[str, str, str], int] = {}
    kept = []
    for label, who, start, length, modifiers in sorted(rows, key=lambda row: row[2]):
        length = 0 if label == "jump" else length
        key = (label, who, modifiers)
        if start >= ends.get(key, 0) or label == "jump":
            kept.append(("m1", who, start, start + length, label, modifiers))
            ends[key] = start + length
    columns = list(zip(*kept, strict=True)) or [[] for _ in range(6)]
    bouts = Intervals.build(
        columns[0], np.asarray(columns[2], int), np.asarray(columns[3], int), columns[1],
        label=list(columns[4]), modifiers=list(columns[5]),
    )  # fmt: skip
    path = tmp_path_factory.mktemp("t") / "p.boris"
    write_boris_project(path, Ethogram(bouts, source="human"), {"m1": clock})
    for clocks in (clock, {"m1": clock}):
        back = read_boris_project(path, clocks)
        found = sorted(
            (b.recording, b.individual, b.start, b.stop, b.label, getattr(b, "modifiers", ""))
            for b in back.bouts
        )
        assert found == sorted(kept)


def test_what_is_written_is_what_boris_expects(tmp_path: Path) -> None:
    bouts = Intervals.build(
        "m1", [30, 60, 45], [60, 60, 45], ["a", "a", ""], label=["rear", "rear", "jump"]
    )
    path = tmp_path / "p.boris"
    ethogram = Ethogram(bouts, Intervals.build(["m1", "m2"], [0, 0], [300, 300]))
    clocks = {"m1": CLOCK, "m2": CLOCK}
    write_boris_project(
        path, ethogram, clocks, media={"m1": Path("videos/m1.mp4")}, date="2026-01-02"
    )
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["project_format_version"] == "7.0"
    assert found["project_name"] == "p"
    assert [b["type"] for b in found["behaviors_conf"].values()] == ["Point event", "State event"]
    assert [s["name"] for s in found["subjects_conf"].values()] == ["a"]
    one = found["observations"]["m1"]
    assert one["events"] == [
        [1.0, "a", "rear", "", ""], [1.5, "", "jump", "", ""], [2.0, "a", "rear", "", ""],
        [2.0, "a", "rear", "", ""], [2.0, "a", "rear", "", ""],
    ]  # fmt: skip
    assert one["file"]["1"] == ["videos/m1.mp4"]
    assert one["media_info"]["fps"] == {"videos/m1.mp4": 30.0}
    assert found["observations"]["m2"]["events"] == []
    assert "Observation 'm2' has no events." in read_boris_project(path).notes


@pytest.mark.parametrize(
    ("bouts", "message"),
    [
        (Intervals.build("m2", 0, 5, label=["a"]), "clock of this recording, found none"),
        (Intervals.build("m1", 0, 5, label=["a|b"]), r"behaviour 'a\|b': expected a name without"),
        (Intervals.build("m1", 0, 5, "x|y", label=["a"]), r"individual 'x\|y'"),
        (
            Intervals.build("m1", [0, 5], [9, 12], label=["a", "a"]),
            "one from frame 5, before the last",
        ),
    ],
)
def test_what_boris_cannot_hold_is_refused(tmp_path: Path, bouts: Intervals, message: str) -> None:
    path = tmp_path / "p.boris"
    with pytest.raises(InputError, match=message):
        write_boris_project(path, Ethogram(bouts), {"m1": CLOCK})
    assert not path.exists()
    fast = Ethogram(Intervals.build("m1", 1, 7, label=["a"]))
    with pytest.raises(InputError, match="milliseconds to tell frames apart"):
        write_boris_project(path, fast, {"m1": Timebase.constant(5000, 9)})


def test_binary_tables_have_a_row_for_each_frame(tmp_path: Path) -> None:
    clock = Timebase.constant("30000/1001", 300)
    bouts = Intervals.build(
        "m1", [0, 100, 7, 3], [50, 300, 7, 9], ["a", "a", "a", "b"],
        label=["rear", "groom", "jump", "rear"],
    )  # fmt: skip
    path = tmp_path / "t.tsv"
    write_boris_binary(path, Ethogram(bouts), "m1", clock, individual="a")
    lines = path.read_text().splitlines()
    assert len(lines) == 301
    assert lines[0] == "time\tgroom\tjump\trear"
    found = load_labels(path, clocks={"m1": clock}, individual="a")
    rows = [(b.label, b.start, b.stop) for b in found.bouts]
    assert sorted(rows) == [("groom", 100, 300), ("jump", 7, 8), ("rear", 0, 50)]
    with pytest.raises(MismatchError, match="inside its 200 frames, found one that ends at 300"):
        write_boris_binary(path, Ethogram(bouts), "m1", Timebase.constant(25, 200), individual="a")


def test_the_row_at_the_end_of_the_video_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = [f"{i / 30:.3f},{int(i > 250)},{2 * (i == 9)}" for i in range(301)]
    path.write_text("time,rear,jump\n" + "\n".join(rows) + "\n")
    found = load_labels(path, clocks=CLOCK)
    assert sorted((b.label, b.start, b.stop) for b in found.bouts) == [
        ("jump", 9, 10), ("rear", 251, 300)
    ]  # fmt: skip
    assert "The row at the end of the video" in found.notes[0]
    # Steps of 0.1 s: a row holds until the next.
    path.write_text(
        "time,rear\n" + "\n".join(f"{i / 10},{int(i == 50)}" for i in range(101)) + "\n"
    )
    found = load_labels(path, clocks=CLOCK)
    assert [(b.start, b.stop) for b in found.bouts] == [(150, 153)]
    with pytest.raises(InputError, match="a binary table is in seconds"):
        load_labels(path)
    path.write_text("time,rear\n0,1\n1,-1\n2,0\n")
    with pytest.raises(FormatError, match=r"column 'rear', row 2 .*found '-1'"):
        load_labels(path, format="BORIS binary", clocks=CLOCK)
