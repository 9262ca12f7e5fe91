"""Bouts and per-frame labels, in and out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.parquet import write_parquet
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError, InputError, MismatchError, StorageError
from napari_mousegpt.io.frame_labels import read_frame_labels, write_frame_labels
from napari_mousegpt.io.labels import read_bouts, write_bouts

CLOCK = Timebase.constant("30000/1001", 100)


@pytest.fixture
def ethogram() -> Ethogram:
    bouts = Intervals.build(
        "m1",
        [0, 5, 40, 60],
        [20, 9, 40, 100],
        ["a", "a", "a", "b"],
        label=["rear", 'says "hi", loudly', "jump", "NA"],
        source=["human", "model", "cluster", "import"],
        confidence=[0.1 + 0.2, np.nan, 1.0, 0.0],
        status=["accepted", "proposed", "rejected", "accepted"],
        text=["ü\nü", "", "x", "None"],
        cluster=[3, -1, 0, 7],
    )
    observed = Intervals.build("m1", [0, 50, 0], [30, 80, 100], ["a", "a", "b"])
    return Ethogram(bouts, observed)


def test_parquet_gives_the_same_ethogram_back(tmp_path: Path, ethogram: Ethogram) -> None:
    path = tmp_path / "bouts.parquet"
    write_bouts(path, ethogram, clocks={"m1": CLOCK}, fingerprints={"m1": {"video": "abc"}})
    assert read_bouts(path) == ethogram
    facts = json.loads((pq.read_schema(path).metadata or {})[b"napari-mousegpt"])
    assert facts["schema"] == "ethogram"
    assert facts["schema_version"] == 1
    assert facts["recordings"]["m1"]["rate"] == "30000/1001"
    assert facts["recordings"]["m1"]["n_frames"] == 100
    assert facts["fingerprints"] == {"m1": {"video": "abc"}}
    assert facts["observed"][0] == ["m1", "a", 0, 30]


def test_seconds_stand_beside_the_frames(tmp_path: Path, ethogram: Ethogram) -> None:
    write_bouts(tmp_path / "b.csv", ethogram, clocks={"m1": CLOCK})
    table = pd.read_csv(tmp_path / "b.csv")
    # pandas 2 reads the last digit of a decimal loosely.
    np.testing.assert_allclose(table["stop_s"], table["stop"] * 1001 / 30000, rtol=1e-14)


def test_csv_keeps_all_but_the_observed_spans(tmp_path: Path, ethogram: Ethogram) -> None:
    path = tmp_path / "b.csv"
    write_bouts(path, ethogram, clocks={"m1": CLOCK})
    back = read_bouts(path, observed=ethogram.observed)
    plain = ethogram.bouts.to_pandas().drop(columns=["cluster"])
    found = back.bouts.to_pandas().drop(columns=["cluster"])
    pd.testing.assert_frame_equal(found, plain)
    assert read_bouts(path).observed.stop.tolist() == [40, 100]


def test_an_empty_ethogram_comes_back(tmp_path: Path) -> None:
    observed = Intervals.build("m1", 0, 100)
    empty = Ethogram(Intervals.build([], [], [], [], label=[]), observed)
    for name in ("e.parquet", "e.csv"):
        write_bouts(tmp_path / name, empty)
        assert len(read_bouts(tmp_path / name)) == 0
    assert read_bouts(tmp_path / "e.parquet").observed == observed


def test_tables_of_other_programs(tmp_path: Path) -> None:
    path = tmp_path / "m7.csv"
    path.write_text("Start_frame;Stop_frame;Behavior;rater\n0;306;walking;x\n306;336;still;x\n")
    found = read_bouts(path, individual="black", source="human")
    assert found.bouts.stop.tolist() == [306, 336]
    assert set(found.bouts.recording) == {"m7"}
    assert set(found.bouts.individual) == {"black"}
    assert set(found.bouts.column("source")) == {"human"}
    assert list(found.bouts.column("rater")) == ["x", "x"]
    last = read_bouts(path, inclusive_stop=True, recording="r")
    assert last.bouts.stop.tolist() == [307, 337]
    assert set(last.bouts.recording) == {"r"}


def test_seconds_become_the_nearest_frames(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("start_s,stop_s,label\n0.033,0.067,a\n1.0,3.337,b\n")
    found = read_bouts(path, clocks=CLOCK)
    assert found.bouts.start.tolist() == [1, 30]
    assert found.bouts.stop.tolist() == [2, 100]
    with pytest.raises(InputError, match=r"clock of recording 'm'.*bouts are in seconds"):
        read_bouts(path)
    with pytest.raises(MismatchError, match=r"column stop_s.*between 0 and 1.668 s.*3.337 s"):
        read_bouts(path, clocks=Timebase.constant("30000/1001", 50))


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("a,b\n1,2\n", FormatError, "columns label, start and stop"),
        ("start,stop,label\n1,2\n", FormatError, "line 2: expected 3 cells"),
        ("start,stop,label\n1,2,x,y\n", FormatError, "line 2: expected 3 cells"),
        ("start,stop,label\n1,1.5,x\n", FormatError, "a whole frame number"),
        ("start,stop,label\n5,2,x\n", FormatError, "start <= stop"),
        ("start,stop,label,label\n5,2,x,y\n", FormatError, "'label' twice"),
        ("start,stop,label\n5,9,\n", InputError, "a label in every row"),
        ("start,stop,label\n5,101,x\n", MismatchError, r"\[5, 101\).*another rate"),
        ("start,stop,label\n-5,10,x\n", MismatchError, r"\[-5, 10\)"),
        ("", FormatError, "an empty file"),
    ],
)
def test_wrong_tables_are_refused(
    tmp_path: Path, text: str, error: type[InputError], message: str
) -> None:
    path = tmp_path / "m.csv"
    path.write_text(text)
    with pytest.raises(error, match=message):
        read_bouts(path, clocks=CLOCK)


def test_damaged_and_newer_parquet_files(tmp_path: Path, ethogram: Ethogram) -> None:
    path = tmp_path / "b.parquet"
    with pytest.raises(InputError, match="no such file"):
        read_bouts(path)
    write_bouts(path, ethogram)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FormatError, match="whole parquet file"):
        read_bouts(path)
    path.write_bytes(b"PAR1hello")
    with pytest.raises(FormatError, match="whole parquet file"):
        read_bouts(path)
    table = ethogram.to_pandas()
    write_parquet(table, path, schema="ethogram", schema_version=99)
    with pytest.raises(FormatError, match=r"version 99.*Update napari-mousegpt"):
        read_bouts(path)


def test_a_foreign_parquet_table_is_read(tmp_path: Path) -> None:
    path = tmp_path / "m.parquet"
    pd.DataFrame({"start": [3], "stop": [9], "label": ["x"]}).to_parquet(path)
    found = read_bouts(path)
    assert found.bouts.start.tolist() == [3]
    assert found.observed.stop.tolist() == [9]


def test_a_failed_write_keeps_the_old_file(
    tmp_path: Path, ethogram: Ethogram, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "b.csv"
    path.write_text("old")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    with pytest.raises(StorageError, match=r"b\.csv.*disk is full"):
        write_bouts(path, ethogram)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


# Labels for each frame


def simple() -> Ethogram:
    bouts = Intervals.build(
        "m1", [2, 6, 0], [4, 10, 5], ["a", "a", ""], label=["rear", "groom", "light on"]
    )
    return Ethogram(bouts, Intervals.build("m1", [0, 6, 0], [5, 10, 10], ["a", "a", ""]))


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
def test_frame_labels_come_back_with_what_was_observed(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"f{suffix}"
    clock = Timebase.constant(25, 10)
    write_frame_labels(path, simple(), "m1", clock)
    back = read_frame_labels(path, recording="m1", clock=clock)
    keys = ["recording", "individual", "start", "stop", "label"]
    pd.testing.assert_frame_equal(
        back.bouts.to_pandas()[keys], simple().bouts.to_pandas()[keys], check_dtype=False
    )
    assert back.observed == simple().observed


def test_a_frame_file_has_a_row_for_each_frame(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    write_frame_labels(path, simple(), "m1", Timebase.constant(25, 10))
    table = pd.read_csv(path, keep_default_na=False)
    assert list(table.columns) == ["frame", "time_s", "label", "a"]
    assert len(table) == 10
    assert table["a"].tolist() == ["", "", "rear", "rear", "", "NA", *["groom"] * 4]
    assert table["time_s"].tolist()[:3] == [0.0, 0.04, 0.08]


def test_overlaps_are_told_and_late_bouts_refused(tmp_path: Path) -> None:
    bouts = Intervals.build("m1", [0, 4], [6, 8], label=["a", "b"])
    with pytest.warns(UserWarning, match="2 frames of 'm1' are in several bouts"):
        write_frame_labels(tmp_path / "f.csv", Ethogram(bouts), "m1", Timebase.constant(25, 10))
    with pytest.raises(MismatchError, match="one that ends at 8"):
        write_frame_labels(tmp_path / "f.csv", Ethogram(bouts), "m1", Timebase.constant(25, 7))


def test_rejected_bouts_are_not_written(tmp_path: Path) -> None:
    bouts = Intervals.build("m1", [0, 4], [6, 8], label=["a", "b"], status=["rejected", "accepted"])
    write_frame_labels(tmp_path / "f.csv", Ethogram(bouts), "m1", Timebase.constant(25, 8))
    found = pd.read_csv(tmp_path / "f.csv", keep_default_na=False)["label"].tolist()
    assert found == ["", "", "", "", "b", "b", "b", "b"]


def test_foreign_frame_labels(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text(",0\n0.0,na\n0.05,walk\n0.1,walk\n0.15,na\n")
    found = read_frame_labels(path, unlabelled=("na",), clock=Timebase.constant(20, 4))
    assert (found.bouts.start.tolist(), found.bouts.stop.tolist()) == ([1], [3])
    assert found.observed.stop.tolist() == [4]
    with pytest.raises(MismatchError, match=r"row 3 below the header: expected 0.067 s"):
        read_frame_labels(path, clock=Timebase.constant(30, 4))
    with pytest.raises(MismatchError, match=r"expected 5 rows.*found 4"):
        read_frame_labels(path, clock=Timebase.constant(20, 5))


def test_labels_that_begin_later_and_several_columns(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text('"rear";"kmeans"\nNA;NA\nNone;3\nSupported;3\n')
    with pytest.raises(FormatError, match=r"found rear, kmeans.*column="):
        read_frame_labels(path)
    with pytest.raises(InputError, match="one of rear, kmeans"):
        read_frame_labels(path, column="x")
    found = read_frame_labels(path, column="rear", unlabelled=("None",), start=300)
    assert (found.bouts.start.tolist(), found.bouts.stop.tolist()) == ([302], [303])
    assert (found.observed.start.tolist(), found.observed.stop.tolist()) == ([301], [303])
    clock = Timebase.constant(25, 302)
    with pytest.raises(MismatchError, match="expected 2 rows"):
        read_frame_labels(path, column="rear", start=300, clock=clock)


def test_frame_numbers_must_count_up(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("frame,label\n0,a\n2,a\n")
    with pytest.raises(FormatError, match=r"row 2 below the header.*found 2"):
        read_frame_labels(path)
    path.write_text("frame,label\n7,a\n8,a\n")
    assert read_frame_labels(path).bouts.start.tolist() == [7]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["", "NA", "walk", "rear"]), min_size=1, max_size=40))
def test_any_labels_round_trip(tmp_path_factory: pytest.TempPathFactory, words: list[str]) -> None:
    path = tmp_path_factory.mktemp("frames") / "f.csv"
    clock = Timebase.constant(25, len(words))
    pd.DataFrame(
        {"frame": range(len(words)), "time_s": clock.time(np.arange(len(words))), "a": words}
    ).to_csv(path, index=False)
    found = read_frame_labels(path, recording="m", clock=clock)
    write_frame_labels(path, found, "m", clock, individuals=["a"])
    assert pd.read_csv(path, keep_default_na=False)["a"].tolist() == words
