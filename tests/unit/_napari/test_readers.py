from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import napari_mousegpt._napari.readers as readers
from napari_mousegpt._napari.layers import layer_tag
from napari_mousegpt._napari.readers import get_reader, kind_of, read_labels, read_pose, read_video
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, MismatchError
from napari_mousegpt.io.boris import write_boris
from napari_mousegpt.io.frame_labels import write_frame_labels
from napari_mousegpt.io.labels import write_bouts

FRAMES = 2330


@pytest.fixture
def current(viewer: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make a viewer without a window the current one."""
    monkeypatch.setattr(readers, "_current_viewer", lambda: viewer)
    state_of(viewer)
    return viewer


def add(viewer: Any, layers: list[Any]) -> list[Any]:
    from napari.layers import Layer

    return [viewer.add_layer(Layer.create(*item)) for item in layers]


@pytest.fixture
def bouts() -> Ethogram:
    table = Intervals.build(
        "openfield", [0, 60], [60, 2000], "individual_0", label=["still", "walking"]
    )
    return Ethogram(table, source="human")


@pytest.fixture
def clock() -> Timebase:
    return Timebase.constant("1000000/33333", FRAMES)


def test_files_are_told_apart_by_content(
    tmp_path: Path, example_data: Path, bouts: Ethogram, clock: Timebase
) -> None:
    video = shutil.copy(example_data / "openfield.mp4", tmp_path / "A B.MP4")
    write_bouts(tmp_path / "bouts.csv", bouts)
    write_bouts(tmp_path / "bouts.parquet", bouts)
    write_boris(tmp_path / "boris.csv", bouts, {"openfield": clock})
    write_frame_labels(tmp_path / "frames.csv", bouts, "openfield", clock)
    kinds = {
        "A B.MP4": "video",
        "bouts.csv": "labels",
        "bouts.parquet": "labels",
        "boris.csv": "labels",
        "frames.csv": "labels",
    }
    assert {name: kind_of(tmp_path / name) for name in kinds} == kinds
    assert kind_of(example_data / "openfield.csv") == "pose"
    assert get_reader(str(video)) is read_video
    assert get_reader([str(video)]) is read_video
    assert get_reader(str(example_data / "openfield.csv")) is read_pose
    assert get_reader(str(tmp_path / "boris.csv")) is read_labels


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("numbers.csv", b"axis-0,axis-1\n1,2\n"),
        ("points.csv", b"index,axis-0,axis-1,axis-2\n0,1,2,3\n"),
        ("empty.csv", b""),
        ("binary.csv", bytes(range(256)) * 20),
        ("latin.csv", "Größe;Höhe\n1;2\n".encode("latin-1")),
        ("fake.h5", b"not hdf5 at all"),
        ("fake.parquet", b"PAR1 and no more"),
        ("picture.png", b"\x89PNG"),
        ("fake.slp", b"\x00" * 300),
        ("fake.nwb", b"\x89HDF\r\n\x1a\n" + b"\x00" * 300),
        ("fake.nc", b"CDF\x01" + b"\x00" * 300),
        (
            "fake.mat",
            b"MATLAB 5.0 MAT-file, Platform: none".ljust(124) + b"\x00\x01IM" + b"\x09" * 90,
        ),
        ("fake.boris", b'{"nothing": 1}'),
    ],
)
def test_files_that_are_not_ours_are_left_alone_without_an_error(
    tmp_path: Path, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert get_reader(str(path)) is None


def test_scientific_files_of_others_are_left_alone(tmp_path: Path) -> None:
    import h5py
    import scipy.io
    import xarray as xr

    with h5py.File(tmp_path / "ephys.nwb", "w") as file:
        file.attrs["nwb_version"] = "2.7.0"
        file["acquisition/lfp/data"] = np.zeros((10, 4))
    grid = xr.DataArray(np.zeros((3, 4)), dims=("lat", "lon"), name="temperature")
    grid.to_netcdf(tmp_path / "climate.nc", engine="h5netcdf")
    scipy.io.savemat(tmp_path / "spikes.mat", {"rate": np.random.default_rng(0).random((5, 9))})
    for name in ("ephys.nwb", "climate.nc", "spikes.mat"):
        assert get_reader(str(tmp_path / name)) is None, name


def test_labels_of_other_programs_are_known_by_content(tmp_path: Path) -> None:
    import scipy.io

    scipy.io.savemat(
        tmp_path / "scored.mat", {"grooming": {"Bouts": np.array([[5.0, 9], [20, 30]])}}
    )
    (tmp_path / "hot.csv").write_text("frame,groom,rear\n0,1,0\n1,1,0\n2,0,1\n")
    assert kind_of(tmp_path / "scored.mat") == "labels"
    assert kind_of(tmp_path / "hot.csv") == "labels"


def test_odd_questions_are_answered_with_no(tmp_path: Path) -> None:
    for odd in (str(tmp_path), str(tmp_path / "none.mp4"), "", [], ["a.mp4", "b.mp4"], None, 3):
        assert get_reader(odd) is None  # type: ignore[arg-type]


def test_a_video_opens_lazily_at_its_first_frame(current: Any, example_data: Path) -> None:
    (layer,) = add(current, read_video(str(example_data / "openfield.mp4")))
    assert layer.data.shape == (FRAMES, 480, 640, 3)
    assert current.dims.current_step[0] == 0
    assert current.dims.nsteps[0] == FRAMES
    assert list(state_of(current).recordings) == ["openfield"]


def test_a_pose_joins_the_video_that_is_open(current: Any, example_data: Path) -> None:
    add(current, read_video(str(example_data / "openfield.mp4")))
    layers = add(current, read_pose(str(example_data / "openfield.csv")))
    assert [layer.name for layer in layers] == ["skeleton", "pose"]
    opened = state_of(current).recording
    assert opened is not None
    assert (opened.id, opened.n_frames) == ("openfield", FRAMES)
    assert opened.video is current.layers["openfield"].data.video
    assert opened.pose is not None
    assert set(opened.primary.fingerprints) == {"video", "pose"}
    assert {tuple(layer.scale) for layer in current.layers} == {tuple(layers[0].scale)}
    current.dims.set_current_step(0, 1500)
    assert 1500 in set(current.layers["pose"].data[:, 0])


def test_a_pose_of_another_video_is_refused(
    current: Any, example_data: Path, tmp_path: Path
) -> None:
    add(current, read_video(str(example_data / "openfield.mp4")))
    short = tmp_path / "short.csv"
    lines = (example_data / "openfield.csv").read_text().splitlines()
    short.write_text("\n".join(lines[:-10]) + "\n")
    with pytest.raises(MismatchError, match=r"expected 2330 rows.*found 2320 rows"):
        read_pose(str(short))
    assert len(current.layers) == 1


def test_a_pose_alone_counts_frames_and_cannot_be_analysed(
    current: Any, example_data: Path
) -> None:
    layers = add(current, read_pose(str(example_data / "openfield.csv")))
    assert [layer.name for layer in layers] == ["openfield (no video)", "skeleton", "pose"]
    assert current.dims.axis_labels[0] == "frame"
    assert current.dims.nsteps[0] == FRAMES
    state = state_of(current)
    assert state.recordings == {}
    assert state.recording is None
    state.go_to("openfield", 2000)
    assert 2000 in set(current.layers["pose"].data[:, 0])


def test_without_any_viewer_layers_come_all_the_same(
    example_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "_current_viewer", lambda: None)
    assert len(read_video(str(example_data / "openfield.mp4"))) == 1
    assert len(read_pose(str(example_data / "openfield.csv"))) == 3


@pytest.mark.parametrize("kind", ["bouts.csv", "bouts.parquet", "boris.csv", "frames.csv"])
def test_labels_join_the_recording_that_is_open(
    current: Any, example_data: Path, tmp_path: Path, bouts: Ethogram, clock: Timebase, kind: str
) -> None:
    path = tmp_path / kind
    if kind == "boris.csv":
        write_boris(path, bouts, {"openfield": clock})
    elif kind == "frames.csv":
        write_frame_labels(path, bouts, "openfield", clock)
    else:
        write_bouts(path, bouts)
    add(current, read_video(str(example_data / "openfield.mp4")))
    (layer,) = add(current, read_labels(str(path)))
    assert layer.name == "human"
    tag = layer_tag(layer.metadata)
    assert tag is not None
    assert tag.ethogram is not None
    assert list(tag.ethogram.bouts.stop) == [60, 2000]
    assert set(layer.features["label"]) == {"still", "walking"}
    again = add(current, read_labels(str(path)))[0]
    assert again.data[0, 1] != layer.data[0, 1]


def test_labels_need_their_recording(
    current: Any, example_data: Path, tmp_path: Path, bouts: Ethogram
) -> None:
    path = tmp_path / "bouts.csv"
    write_bouts(path, bouts)
    with pytest.raises(InputError, match="Open the video or the pose first"):
        read_labels(str(path))
    add(current, read_video(str(example_data / "openfield.mp4")))
    table = pd.read_csv(path)
    table.assign(recording="other").to_csv(path, index=False)
    with pytest.raises(InputError, match=r"bouts of recording 'openfield', found bouts of other"):
        read_labels(str(path))
    table.assign(stop=99_999).to_csv(path, index=False)
    with pytest.raises(MismatchError, match="2330 frames"):
        read_labels(str(path))
    assert len(current.layers) == 1


def test_windows_that_nobody_moves_are_reported(
    viewer: Any, example_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari.components import ViewerModel
    from napari.utils.notifications import notification_manager

    from napari_mousegpt._napari import follow

    tasks: list[Any] = []
    monkeypatch.setattr(follow, "later", tasks.append)
    monkeypatch.setattr(readers, "_current_viewer", lambda: viewer)
    add(ViewerModel(), read_pose(str(example_data / "openfield.csv")))
    before = len(notification_manager.records)
    tasks.pop()()
    assert "was not the active one" in notification_manager.records[-1].message
    assert len(notification_manager.records) == before + 1
    add(viewer, read_pose(str(example_data / "openfield.csv")))
    tasks.pop()()
    assert len(notification_manager.records) == before + 1


def test_a_layer_of_another_plugin_takes_a_pose_in_frames(current: Any, example_data: Path) -> None:
    current.add_image(np.broadcast_to(np.uint8(0), (FRAMES, 48, 64)))
    add(current, read_pose(str(example_data / "openfield.csv")))
    current.dims.set_current_step(0, 700)
    assert 700 in set(current.layers["pose"].data[:, 0])
