"""Label files of other laboratories through one door; numbers as their authors state them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError, MismatchError
from napari_mousegpt.io.boris_project_writer import write_boris_project
from napari_mousegpt.io.label_formats import load_labels, sniff_labels

FREEZING = "labelled_freezing_behaviordepot/hB_demo2_manual_annotations.mat"


def words_of(path: Path, column: int, delimiter: str) -> list[str]:
    with path.open(newline="") as file:
        return [row[column] for row in list(csv.reader(file, delimiter=delimiter))[1:]]


def runs(words: list[str], nothing: set[str], start: int = 0) -> list[tuple[str, int, int]]:
    found: list[tuple[str, int, int]] = []
    for frame, word in enumerate(words, start=start):
        if found and found[-1][0] == word and found[-1][2] == frame:
            found[-1] = (word, found[-1][1], frame + 1)
        elif word not in nothing:
            found.append((word, frame, frame + 1))
    return found


def rows(labels: Ethogram) -> list[tuple[str, int, int]]:
    return [(bout.label, bout.start, bout.stop) for bout in labels.bouts]


def test_human_freezing_of_behaviordepot(shared_data: Path) -> None:
    path = shared_data / FREEZING
    assert sniff_labels(path).format == "MATLAB"
    found = load_labels(path, clocks={"demo2": Timebase.constant(30, 3600)}, source="human")
    assert found.labels == ("Freezing",)
    assert len(found) == 27
    assert int(found.bouts.length.sum()) == 1353
    assert rows(found)[:2] == [("Freezing", 188, 217), ("Freezing", 500, 531)]
    assert (found.observed.start.tolist(), found.observed.stop.tolist()) == ([0], [3600])
    assert any("as hBehavior.Freezing.Vector proves" in note for note in found.notes)
    assert rows(load_labels(path, column="Vector")) == rows(found)
    with pytest.raises(MismatchError, match="labels up to frame 3600"):
        load_labels(path, clocks=Timebase.constant(30, 3599))


def test_frames_of_subtle(shared_data: Path) -> None:
    total = {"walking": 0, "rearing": 0, "grooming": 0, "standing": 0}
    scored = 0
    for path in sorted((shared_data / "labelled_subtle3d" / "annots").glob("*.csv")):
        words = words_of(path, 1, ",")
        clock = Timebase.constant(20, len(words))
        assert sniff_labels(path).format == "frames"
        found = load_labels(path, clocks={path.stem: clock}, source="human")
        assert rows(found) == runs(words, {"na"})
        scored += int(found.observed.length.sum())
        for label in found.labels:
            total[label] += int(found.bouts.select(label=label).length.sum())
    assert total == {"walking": 10619, "rearing": 19573, "grooming": 6172, "standing": 5321}
    assert scored == sum(total.values())
    with pytest.raises(MismatchError):
        load_labels(path, clocks=Timebase.constant(20, len(words) + 1))
    as_nothing = load_labels(path, clocks=clock, not_scored=(), no_behaviour="na")
    assert as_nothing.observed.length.tolist() == [len(words)]


@pytest.mark.slow
def test_streams_of_behaviorflow(shared_data: Path) -> None:
    streams = sorted((shared_data / "group_csi_openfield" / "streams").glob("*.csv"))
    assert len(streams) == 57
    clock = Timebase.constant(25, 15_100)
    for path in streams:
        assert sniff_labels(path).format == "frames"
    for path in streams[::19]:
        both = load_labels(path, column=["rear.classifier", "kmeans.25"], start="12s", clocks=clock)
        rear = runs(words_of(path, 0, ";"), {"NA", "None"}, 300)
        clusters = runs(words_of(path, 1, ";"), {"NA"}, 300)
        assert sorted(rows(both)) == sorted([*rear, *clusters])
        assert set(both.labels) <= {"Supported", "Unsupported", *map(str, range(1, 26))}
        assert both.observed.start.min() >= 300
    with pytest.raises(FormatError, match=r"found rear\.classifier, kmeans\.25"):
        load_labels(streams[0])


def test_bouts_of_lupe(shared_data: Path) -> None:
    folder = shared_data / "group_formalin_lupe"
    with (folder / "metadata.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == 30
    for row in table:
        clock = Timebase.constant(row["fps"], int(row["n_frames"]))
        found = load_labels(folder / row["file"], clocks=clock)
        # Run lengths without a gap: every frame is in one bout.
        assert found.bouts.start[0] == 0
        assert np.array_equal(found.bouts.start[1:], found.bouts.stop[:-1])
        assert found.bouts.stop[-1] == clock.n_frames
        assert found.notes == ()


def test_events_of_boris(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "labelled_social_boris"
    clock = Timebase.constant(30, 5700)
    found = load_labels(
        folder / "e3v813a-20210610T122332-122642_reencode_boris.csv",
        recording="e3v813a", clocks={"e3v813a": clock}, source="human",
    )  # fmt: skip
    assert len(found) == 10
    assert found.labels == ("interact",)
    assert set(found.bouts.individual) == {"adult"}
    assert (found.bouts.start[0], found.bouts.stop[0]) == (896, 1042)
    stated = load_labels(folder / "e3v813a-20210610T122332-122642_reencode_boris.csv")
    assert rows(stated) == rows(found)
    assert "30 frames per second, 5700 frames" in stated.notes[0]
    write_boris_project(tmp_path / "p.boris", found, {"e3v813a": clock})
    back = load_labels(tmp_path / "p.boris", clocks={"e3v813a": clock}, source="human")
    assert rows(back) == rows(found)
    assert back.observed == found.observed


def test_simultaneous_events_as_table_and_as_project(shared_data: Path) -> None:
    folder = shared_data / "labelled_social_boris"
    table = load_labels(folder / "boris_simultaneous_events.csv")
    project = load_labels(folder / "test-multi-behaviors.boris")
    assert rows(table) == rows(project) == [("mm", 299, 338), ("mm", 798, 951), ("aa", 846, 919)]
    assert table.observed == project.observed


def test_what_is_no_labels_is_left_alone(shared_data: Path) -> None:
    labels = {"annots", "streams", "bouts"}
    others = [
        path
        for path in shared_data.rglob("*")
        if path.is_file()
        and path.parent.name not in labels
        and "boris" not in path.name
        and path.suffix not in (".mat", ".json")
    ]
    assert len(others) > 40
    taken = {path.name: sniff_labels(path).format for path in others if sniff_labels(path).format}
    assert taken == {}
