"""Files that no pose format claims are named, with what to do."""

from __future__ import annotations

from pathlib import Path

import h5py
import pytest

from napari_mousegpt.io.pose import sniff_pose


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x80\x04\x95junk", "pickle, which can carry programs"),
        (b"\xff\xfen\x00o\x00", "UTF-16"),
        (b"\x93NUMPY\x01\x00", "array without names"),
        (b"MATLAB 5.0 MAT-file", "MATLAB"),
        (b'{"categories": [{"name": "mouse"}]}', "COCO keypoints"),
        (b'[{"people": []}]', "OpenPose"),
        (b"\x00\x01\x02", "binary data"),
        (b"1,2,3,4\n", "PlainLayout"),
    ],
)
def test_other_programs_are_named(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "m.bin"
    path.write_bytes(data)
    found = sniff_pose(path)
    assert found.format is None
    assert words in found.reason


@pytest.mark.parametrize(
    ("names", "attribute", "words"),
    [
        (["x"], "nwb_version", "without poses"),
        (["x"], "jabs_format", "unified format"),
        (["poseest/x"], "", "incomplete JABS"),
        (["Facemap/x"], "", "Facemap"),
        (["m1/syllable", "m1/latent_state"], "", "keypoint-MoSeq"),
        (["x"], "", "HDF5 file with x"),
    ],
)
def test_other_hdf5_files_are_named(
    tmp_path: Path, names: list[str], attribute: str, words: str
) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        for name in names:
            file[name] = 1
        if attribute:
            file.attrs[attribute] = "1"
    assert words in sniff_pose(path).reason
