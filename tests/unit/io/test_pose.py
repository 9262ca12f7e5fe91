"""The door to all pose formats: sniffing, choosing, clock and individuals."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError, InputError, MismatchError
from napari_mousegpt.io.delimited import read_head
from napari_mousegpt.io.pose import PlainLayout, load_pose, sniff_pose
from napari_mousegpt.io.pose_plain import sniff_plain

DLC = (
    "scorer,S,S,S,S,S,S\n"
    "bodyparts,nose,nose,nose,tail,tail,tail\n"
    "coords,x,y,likelihood,x,y,likelihood\n"
    "0,1,2,0.9,3,4,0.8\n"
    "1,5,6,0.7,7,8,0.6\n"
)


@pytest.fixture
def dlc(tmp_path: Path) -> Path:
    path = tmp_path / "m1.csv"
    path.write_text(DLC)
    return path


def test_the_content_decides_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "tracks.txt"
    path.write_text(DLC)
    assert sniff_pose(path).format == "DeepLabCut"


def test_sniffing_never_raises(tmp_path: Path) -> None:
    cases = {
        "empty.csv": b"",
        "blank.csv": b"\n\n",
        "noise.csv": bytes(range(256)),
        "cut.h5": b"\x89HDF\r\n\x1a\n",
        "text.slp": b"hello",
        "wide.csv": b"a" * 100_000,
        "scorer.csv": b"scorer",
    }
    for name, data in cases.items():
        path = tmp_path / name
        path.write_bytes(data)
        assert sniff_pose(path).format is None, name
    assert sniff_pose(tmp_path / "missing.csv").reason == "No such file or directory"
    assert sniff_pose(tmp_path).reason == "a folder"


def test_sniffing_reads_only_the_beginning(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    path.write_text(DLC + "x" * 1_000_000)
    assert len(read_head(path).data) < 20_000
    assert sniff_pose(path).format == "DeepLabCut"


def test_long_header_lines_are_still_recognised(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("scorer" + ",DLC_resnet50_" + "x" * 400 * 60 + "\nbodyparts,nose\n")
    assert sniff_pose(path).format == "DeepLabCut"


def test_an_unknown_file_gives_the_candidates(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("hello,world\n1,2\n")
    with pytest.raises(
        FormatError, match=r"hello,world.*DeepLabCut, LightningPose, SLEAP, Anipose, VIA, plain"
    ):
        load_pose(path, 30)


def test_an_explicit_format_wins_over_the_content(dlc: Path) -> None:
    with pytest.raises(FormatError, match="SLEAP"):
        load_pose(dlc, 30, format="SLEAP")
    assert load_pose(dlc, 30, format="deep lab cut").sizes["time"] == 2
    assert load_pose(dlc, 30, format="LightningPose").attrs["source_software"] == "LightningPose"
    with pytest.raises(
        InputError, match="one of DeepLabCut, LightningPose, SLEAP, NWB, JABS, movement"
    ):
        load_pose(dlc, 30, format="DLC2")


def test_the_rate_becomes_the_time_axis(dlc: Path) -> None:
    pose = load_pose(dlc, "30000/1001")
    assert pose["time"].values[1] == float(Fraction(1001, 30000))
    assert pose.attrs["source_software"] == "DeepLabCut"
    assert pose.attrs["source_file"] == dlc.as_posix()


def test_a_clock_of_other_length_is_refused_by_name(dlc: Path) -> None:
    clock = Timebase.constant(30, 3)
    with pytest.raises(MismatchError, match=r"m1\.csv: expected 3 rows.*found 2 rows"):
        load_pose(dlc, clock)
    padded = load_pose(dlc, clock, mismatch="pad")
    assert padded.sizes["time"] == 3
    assert np.isnan(padded["position"].values[2]).all()
    assert load_pose(dlc, Timebase.constant(30, 1), mismatch="trim").sizes["time"] == 1


def test_individuals_are_chosen_and_renamed(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text(
        "scorer,S,S,S,S\nindividuals,a,a,b,b\nbodyparts,n,n,n,n\ncoords,x,y,x,y\n0,1,2,3,4\n"
    )
    assert list(load_pose(path, 30)["individuals"].values) == ["a", "b"]
    swapped = load_pose(path, 30, individuals=["b", "a"])
    assert swapped["position"].values[0, :, 0, 0].tolist() == [3, 4]
    renamed = load_pose(path, 30, individuals={"b": "intruder"})
    assert list(renamed["individuals"].values) == ["intruder"]
    assert renamed["position"].values[0, :, 0, 0].tolist() == [3, 4]
    with pytest.raises(InputError, match=r"individual 'c'.*some of a, b"):
        load_pose(path, 30, individuals=["c"])


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing there"):
        load_pose(tmp_path / "no.csv", 30)
    with pytest.raises(InputError, match="a folder"):
        load_pose(tmp_path, 30)


def test_a_header_without_rows(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("".join(DLC.splitlines(keepends=True)[:3]))
    with pytest.raises(FormatError, match="a header only"):
        load_pose(path, 30)


def test_bare_numbers_ask_for_a_layout(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("1.5,2,-3,4e1\n5,6,7,8\n")
    with pytest.raises(FormatError, match="PlainLayout"):
        load_pose(path, 30)
    pose = load_pose(path, 30, layout=PlainLayout("nose tail"))
    assert pose["position"].values[1, :, 1, 0].tolist() == [7, 8]


def test_tables_of_other_programs_are_not_taken_for_plain_ones(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("track,frame_idx,instance.score,nose.x,nose.y\ntrack_0,0,1,2,3\n")
    assert not sniff_plain(read_head(path))
    assert sniff_pose(path).format == "SLEAP"
    assert load_pose(path, 30).sizes["time"] == 1


def test_where_a_pose_comes_from_is_kept(dlc: Path) -> None:
    pose = load_pose(dlc, 30)
    assert pose.attrs["pose_format"] == "DeepLabCut"
    assert pose.attrs["missing_share"] == 0
    assert "stated_fps" not in pose.attrs
