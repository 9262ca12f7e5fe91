"""What a file is, said without ever failing."""

from __future__ import annotations

import json
from pathlib import Path

import av
import h5py
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.core.arena import Arena, Zone
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError
from napari_mousegpt.io.arenas import save_arenas
from napari_mousegpt.io.boris import write_boris
from napari_mousegpt.io.frame_labels import write_frame_labels
from napari_mousegpt.io.inspect import info, inspect_file
from napari_mousegpt.io.labels import write_bouts

ETHOGRAM = Ethogram(Intervals.build("m1", [0, 5], [3, 9], "a", label=["rear", "groom"]))
CLOCK = Timebase.constant(25, 10)
POSE = "scorer,S,S,S\nbodyparts,n,n,n\ncoords,x,y,likelihood\n0,1,2,0.9\n1,,,\n"


def test_only_a_missing_path_raises(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing there"):
        inspect_file(tmp_path / "no.csv")


def test_a_pose(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text(POSE)
    report = inspect_file(path)
    assert (report.kind, report.format, report.problems) == ("pose", "DeepLabCut", ())
    assert report.sentences[0] == "m.csv: pose of DeepLabCut, 2 frames, 2-D."
    assert "1 of 2 points are missing." in report.sentences
    assert report.numbers["keypoints"] == ["n"]


def test_a_damaged_pose_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text(POSE + "2,3\n")
    report = inspect_file(path)
    assert report.kind == "pose"
    assert "line 6: Expected 4 cells as in the header. Found 2." in report.problems[0].what
    assert "Export it again" in report.problems[0].remedy


def test_manual_labels_are_called_so(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("scorer,A,A\nbodyparts,n,n\ncoords,x,y\nlabeled-data/v/img0.png,1,2\n")
    report = inspect_file(path)
    assert "manual labels of DeepLabCut, 1 pictures" in report.sentences[0]
    assert "analyze_videos" in report.problems[0].remedy


def test_label_tables(tmp_path: Path) -> None:
    write_bouts(tmp_path / "b.csv", ETHOGRAM)
    write_bouts(tmp_path / "b.parquet", ETHOGRAM)
    write_frame_labels(tmp_path / "f.csv", ETHOGRAM, "m1", CLOCK)
    write_frame_labels(tmp_path / "f.parquet", ETHOGRAM, "m1", CLOCK)
    write_boris(tmp_path / "o.csv", ETHOGRAM, {"m1": CLOCK})
    for name, format_ in (
        ("b.csv", "bouts"), ("b.parquet", "bouts"), ("f.csv", "frames"),
        ("f.parquet", "frames"), ("o.csv", "BORIS"),
    ):  # fmt: skip
        report = inspect_file(tmp_path / name)
        assert (report.kind, report.format, report.problems) == ("labels", format_, ()), name
        assert report.numbers["labels"] == ["groom", "rear"], name


def test_a_study_with_missing_files(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("recording,animal,group,video\nr1,a,x,no.mp4\nr2,b,y,\n")
    report = inspect_file(path)
    assert report.sentences == ("s.csv: study table, 2 recordings of 2 animals.", "Groups: x, y.")
    assert "no.mp4" in report.problems[0].what
    path.write_text("recording,animal\nr1,a\nr1,a\n")
    assert "stands in lines 2, 3" in inspect_file(path).problems[0].what


def test_a_video(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for value in range(5):
            picture = np.full((48, 64, 3), value * 40, dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    report = inspect_file(path)
    assert report.kind == "video"
    assert (report.numbers["n_frames"], report.numbers["fps"]) == (5, 25)
    assert (report.numbers["width"], report.numbers["height"]) == (64, 48)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(path.read_bytes()[:200])
    damaged = inspect_file(cut)
    assert damaged.kind == "video"
    assert damaged.problems


@pytest.mark.parametrize(
    ("name", "data", "kind", "words"),
    [
        ("a.mp4", b"this is text\n", "unknown", "is text, though its name is that of a video"),
        ("a.csv", b"", "empty", "is empty"),
        ("a.mp4", b"", "empty", "is empty"),
        ("a.bin", bytes(range(256)) * 4, "unknown", "binary data, but no video"),
        ("a.parquet", b"PAR1junk", "labels", "whole parquet file"),
        ("a.h5", b"\x89HDF\r\n\x1a\njunk", "unknown", "damaged or cut HDF5"),
        ("a.boris", b'{"events": []}', "labels", "behaviors_conf and observations"),
        ("a.json", b'{"events": []}', "unknown", "JSON that holds no arenas"),
        ("a.yaml", b"Task: openfield\nscorer: P\n", "unknown", "configuration of another program"),
        ("a.npy", b"\x93NUMPY\x01\x00junk", "unknown", "a NumPy file that cannot be read"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(40), "image", "One image is no recording"),
        ("a.tif", b"II*\x00" + bytes(40), "images", "a.tif looks like images"),
        ("a.xlsx", b"PK\x03\x04" + bytes(40), "study", "a.xlsx looks like study"),
        ("a.toml", b"[study]\n", "study", "a.toml looks like study"),
        ("a.mat", b"MATLAB 5.0 MAT-file" + bytes(200), "labels", "a.mat looks like labels"),
        ("a.csv", b"1,2,3,4\n5,6,7,8\n", "pose", "PlainLayout"),
        ("a.csv", b"what,ever\n1,2\n", "table", "columns what, ever"),
        ("a.md", b"# Title\n", "unknown", "text that begins '# Title'"),
        ("a.csv", b'x,"\n1,2\n', "table", "columns x"),
    ],
)
def test_other_content_is_reported(
    tmp_path: Path, name: str, data: bytes, kind: str, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    report = inspect_file(path)
    assert report.kind == kind
    assert words in "\n".join(report.lines())


def test_folders_and_foreign_hdf5(tmp_path: Path) -> None:
    assert inspect_file(tmp_path).kind == "folder"
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["data"] = [1]
    assert "an HDF5 file with data" in inspect_file(tmp_path / "x.h5").sentences[0]


def test_the_facts_are_plain(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text(POSE)
    facts = json.loads(json.dumps(info(path).facts()))
    assert facts["kind"] == "pose"
    assert facts["n_frames"] == 2
    assert facts["problems"] == []


def test_a_fault_of_ours_is_reported_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no such thing")

    monkeypatch.setattr("napari_mousegpt.io.inspect_tracks.load_pose", broken)
    path = tmp_path / "m.csv"
    path.write_text(POSE)
    report = inspect_file(path)
    assert report.kind == "unknown"
    assert report.problems[0].what == "RuntimeError: no such thing"
    assert "please report it" in report.problems[0].remedy


@settings(max_examples=40, deadline=None)
@given(
    data=st.binary(max_size=300) | st.text(max_size=200).map(str.encode),
    suffix=st.sampled_from([".csv", ".h5", ".slp", ".parquet", ".txt", ".boris", ".json"]),
)
def test_no_content_makes_it_fail(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, suffix: str
) -> None:
    path = tmp_path_factory.mktemp("any") / f"a{suffix}"
    path.write_bytes(data)
    report = inspect_file(path)
    assert report.kind
    assert report.lines()


def test_a_run_folder_is_described(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(json.dumps({"verb": "run", "sources": {"main/pose": "p"}}))
    report = inspect_file(tmp_path)
    assert (report.kind, report.format) == ("run", "run")
    assert "main/pose: p." in report.sentences
    assert report.problems[0].what == "It is not finished."
    (tmp_path / "result").mkdir()
    (tmp_path / "result" / "run_card.json").write_text(json.dumps({"verb": "describe"}))
    done = inspect_file(tmp_path)
    assert (done.format, done.problems) == ("describe", ())
    (tmp_path / "result" / "run_card.json").write_text("[" * 90)
    assert inspect_file(tmp_path).kind == "unknown"


def test_images_without_a_rate_ask_for_it(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "s.tif", np.zeros((4, 20, 30), np.uint8), photometric="minisblack")
    for number in (1, 2, 10):
        tifffile.imwrite(tmp_path / f"frame{number}.tif", np.zeros((20, 30), np.uint8))
    stack = inspect_file(tmp_path / "s.tif")
    assert (stack.kind, stack.numbers["n_frames"]) == ("images", 4)
    assert "--fps" in stack.problems[-1].remedy
    (tmp_path / "s.tif").unlink()
    folder = inspect_file(tmp_path)
    assert (folder.kind, folder.numbers["n_frames"]) == ("images", 3)
    pattern = inspect_file(tmp_path / "frame1*.tif")
    assert (pattern.kind, pattern.numbers["n_frames"]) == ("images", 2)


def test_labels_that_need_a_clock_ask_for_it(tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    path.write_text("label,start_s,stop_s\nrear,1.5,2.5\n")
    report = inspect_file(path)
    assert report.kind == "labels"
    assert "clock" in report.problems[0].what


def test_doubtful_points_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text(POSE.replace("0.9", "0.2"))
    report = inspect_file(path)
    assert report.numbers["doubtful"] == 1
    assert report.problems[0].what == "More than half of the points are doubtful."


def test_arenas_are_described(tmp_path: Path) -> None:
    zone = Zone("centre", [[0, 0], [9, 0], [9, 9]])  # type: ignore[arg-type]
    save_arenas(tmp_path / "a.json", [Arena("box", (zone,), pixels_per_cm=8.0, individual="m1")])
    report = inspect_file(tmp_path / "a.json")
    assert report.sentences[1] == "box: centre; 8 pixels per cm; m1 lives there."
