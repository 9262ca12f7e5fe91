"""netCDF files of poses: any order of dimensions, frames or seconds, no boxes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.pose import load_pose, sniff_pose

N = 6


def dataset(time: object = None, **attrs: object) -> xr.Dataset:
    random = np.random.default_rng(0)
    position = random.random((N, 2, 3, 2))
    position[1, :, 2, 0] = np.nan
    return xr.Dataset(
        {
            "position": (("time", "space", "keypoints", "individuals"), position),
            "confidence": (("time", "keypoints", "individuals"), random.random((N, 3, 2))),
        },
        coords={
            "time": np.arange(N) / 25 if time is None else time,
            "space": ["x", "y"],
            "keypoints": ["nose", "ear", "tail"],
            "individuals": ["a", "b"],
        },
        attrs={"ds_type": "poses", "source_software": "SLEAP", **attrs},
    )


def save(path: Path, ds: xr.Dataset, engine: str = "h5netcdf", **how: object) -> Path:
    ds.to_netcdf(path / "m.nc", engine=engine, **how)
    return path / "m.nc"


@pytest.mark.parametrize("engine", ["h5netcdf", "scipy", "netcdf4"])
def test_every_engine(tmp_path: Path, engine: str) -> None:
    if engine == "netcdf4":
        pytest.importorskip("netCDF4", reason="an optional writer")
    ds = dataset(fps=25, time_unit="seconds")
    path = save(tmp_path, ds, engine)
    assert sniff_pose(path).format == "movement"
    pose = load_pose(path, Timebase.constant(25, N))
    for name in ("position", "confidence"):
        np.testing.assert_array_equal(pose[name].values, ds[name].values)
    assert pose["keypoints"].values.tolist() == ["nose", "ear", "tail"]
    assert pose["individuals"].values.tolist() == ["a", "b"]
    assert (pose.attrs["stated_fps"], pose.attrs["source_software"]) == (25, "SLEAP")


def test_dimensions_in_another_order_and_packed_numbers(tmp_path: Path) -> None:
    ds = dataset(fps=25).transpose("individuals", "keypoints", "time", "space")
    how = {"position": {"dtype": "int16", "scale_factor": 1e-4, "_FillValue": -9999}}
    pose = load_pose(save(tmp_path, ds, encoding=how), 25)
    np.testing.assert_allclose(
        pose["position"].values, dataset()["position"].values, atol=1e-4, equal_nan=True
    )


def test_what_movement_writes_and_this_package_returns(tmp_path: Path) -> None:
    load_poses = pytest.importorskip("movement.io.load_poses", reason="the comparison needs it")
    values = np.random.default_rng(1).random((N, 3, 2, 1))
    ds = load_poses.from_numpy(values, fps=50, source_software="Anipose")
    pose = load_pose(save(tmp_path, ds), 50)
    np.testing.assert_array_equal(pose["position"].values, values)
    (tmp_path / "again").mkdir()
    again = load_pose(save(tmp_path / "again", pose), 50)
    np.testing.assert_array_equal(again["position"].values, values)


@pytest.mark.parametrize(
    ("time", "attrs"),
    [
        (np.arange(2, 2 + N), {"time_unit": "frames"}),
        (np.arange(2, 2 + N) / 30, {"time_unit": "seconds", "fps": 30}),
        (np.array([2, 3, 4, 6, 8, 9]) / 30, {"time_unit": "seconds", "fps": 30}),
    ],
)
def test_a_selection_in_time_keeps_its_frames(
    tmp_path: Path, time: np.ndarray, attrs: dict
) -> None:
    ds = dataset(time, **attrs)
    pose = load_pose(save(tmp_path, ds), 30)
    frames = np.rint(time * (30 if "fps" in attrs else 1)).astype(int)
    assert pose.sizes["time"] == frames[-1] + 1
    np.testing.assert_array_equal(pose["position"].values[frames], ds["position"].values)
    assert f"{frames[-1] + 1 - N} frames have no row" in pose.attrs["notes"]


def test_seconds_without_a_rate(tmp_path: Path) -> None:
    pose = load_pose(save(tmp_path, dataset(np.array([0, 1, 2, 3, 6, 7]) / 10)), 10)
    assert pose.sizes["time"] == N
    assert pose.attrs["stated_fps"] == pytest.approx(10)
    assert "uneven in 1 place(s)" in pose.attrs["notes"]


def test_boxes_are_refused_with_what_to_do(tmp_path: Path) -> None:
    dims = ("time", "space", "individuals")
    ds = xr.Dataset(
        {"position": (dims, np.ones((N, 2, 1))), "shape": (dims, np.ones((N, 2, 1)))},
        coords={"time": np.arange(N), "space": ["x", "y"], "individuals": ["a"]},
        attrs={"ds_type": "bboxes"},
    )
    with pytest.raises(FormatError, match=r"found bounding boxes.*to_via_tracks_file"):
        load_pose(save(tmp_path, ds), 30)


def test_labels_along_time_are_named(tmp_path: Path) -> None:
    ds = dataset(fps=25).assign_coords(behaviour=("time", ["rear"] * N))
    assert "Variables not used: behaviour." in load_pose(save(tmp_path, ds), 25).attrs["notes"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda ds: ds.assign_coords(space=["y", "x"]), "expected space x y"),
        (lambda ds: ds.drop_vars("keypoints"), "a name for each keypoint"),
        (lambda ds: ds.rename(keypoints="nodes"), "positions along"),
        (lambda ds: ds.assign_coords(time=[0, 1, 2, 2, 3, 4]), "time stamps that rise"),
    ],
)
def test_what_is_no_pose(tmp_path: Path, change: object, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        load_pose(save(tmp_path, change(dataset())), 30)  # type: ignore[operator]
