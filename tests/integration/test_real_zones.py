"""Zones and epochs on real recordings, against counts made in another way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import napari_mousegpt as mg
from napari_mousegpt.features.zones import ZoneParams
from napari_mousegpt.io.pose import PlainLayout

SUBTLE = PlainLayout(
    keypoints=(
        "nose", "neck", "tail_base", "chest", "right_hindpaw", "left_hindpaw", "right_forepaw",
        "left_forepaw", "tail_tip",
    ),
    coords=("x", "y", "z"),
    unit="cm",
)  # fmt: skip


def quarters(low: float, high: float, unit: str) -> mg.Arena:
    """A square cut in four along its middle lines."""
    mid = (low + high) / 2
    zones = []
    for name, x0, y0 in (("nw", low, low), ("ne", mid, low), ("sw", low, mid), ("se", mid, mid)):
        size = mid - low
        corners = [[x0, y0], [x0 + size, y0], [x0 + size, y0 + size], [x0, y0 + size]]
        zones.append(mg.Zone(name, np.array(corners)))
    return mg.Arena("box", tuple(zones), unit=unit)


def test_a_mouse_in_cm_is_always_in_one_quarter(shared_data: Path) -> None:
    path = shared_data / "labelled_subtle3d" / "coords" / "adult_6112.csv"
    recording = mg.open_recording(
        None, path, layout=SUBTLE, fps=20, arena=[quarters(-40, 40, "cm")], id="6112"
    )
    params = ZoneParams(point="chest")
    table = mg.zone_summary(recording, params)
    assert table["seconds"].sum() == pytest.approx(recording.timebase.duration)
    assert table["share"].sum() == pytest.approx(1)
    xyz = np.loadtxt(path, delimiter=",")
    x, y = xyz[:, 9], xyz[:, 10]
    frames = [
        ((x < 0) == west) & ((y < 0) == north) for north in (True, False) for west in (True, False)
    ]
    assert (table["seconds"] * 20).round().astype(int).tolist() == [int(f.sum()) for f in frames]
    changes = [int((np.diff(np.r_[0, f.astype(int)]) == 1).sum()) for f in frames]
    assert table["entries"].tolist() == changes
    # A mouse in a box of some 20 cm walks tens of metres in ten minutes.
    assert 1_000 < table["distance_cm"].sum() < 20_000


def test_zones_of_an_open_field(shared_data: Path) -> None:
    folder = shared_data / "video_openfield_dlc"
    pose = folder / "openfield_dlc_inference_example.csv"
    zones = (
        mg.Zone("left", np.array([[0, 0], [320, 0], [320, 480], [0, 480]])),
        mg.Zone("right", np.array([[320, 0], [640, 0], [640, 480], [320, 480]])),
    )
    recording = mg.open_recording(
        folder / "m3v1mp4.mp4", pose, arena=[mg.Arena("field", zones)], id="m3v1"
    )
    table = np.genfromtxt(pose, delimiter=",", skip_header=3)
    sure, x, y = table[:, 3] >= 0.6, table[:, 1], table[:, 2]
    params = ZoneParams(point="snout", max_gap_s=0)
    found = mg.zone_entries(recording, params)
    for name, inside in (("left", x < 320), ("right", x >= 320)):
        wanted = sure & inside & (y < 480) & (y >= 0) & (x >= 0) & (x < 640)
        held = np.zeros(len(wanted), dtype=bool)
        for row in found.select(label=name):
            held[row.start : row.stop] = True
        np.testing.assert_array_equal(held, wanted)


def test_the_cue_of_a_freezing_recording_is_where_its_tracked_light_is_lit(
    shared_data: Path,
) -> None:
    """Frames count from 1 with the last one included, as MATLAB writes ``start:stop``."""
    folder = shared_data / "labelled_freezing_behaviordepot"
    recording = mg.open_recording(None, folder / "demo2_tracking.csv", fps=30, id="demo2")
    cue = mg.load_epochs(
        folder / "demo2_cue_frames.csv",
        recording.timebase,
        recording="demo2",
        label="tone",
        first_frame=1,
        inclusive_stop=True,
    )
    assert (cue.start.tolist(), cue.stop.tolist()) == ([954], [1856])
    around = mg.epochs_around(
        int(cue.start[0]), [("before", -10, 0), ("cue", 0, 30)], recording.timebase
    )
    assert (around.start.tolist(), around.stop.tolist()) == ([654, 954], [954, 1854])
