"""HDF5 files that lead out of themselves, claim the memory or never end are refused unread."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.hdf5_guard import check_hdf5, find_groups, read_numbers, read_texts
from napari_mousegpt.io.pose import load_pose, sniff_pose

SECRET = np.arange(12 * 2, dtype=np.uint16).reshape(1, 12, 2)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file that nobody named."""
    path = tmp_path / "secret.h5"
    with h5py.File(path, "w") as file:
        file["points"] = SECRET
        file["poseest/points"] = SECRET
        file["poseest/confidence"] = np.ones((1, 12), np.float32)
    return path


def lead_out(kind: str, path: Path, secret: Path) -> None:
    with h5py.File(path, "w") as file:
        if kind == "link":
            file["poseest"] = h5py.ExternalLink(str(secret), "/poseest")
        elif kind == "link deep down":
            file["poseest/confidence"] = np.ones((1, 12), np.float32)
            file["poseest/points"] = SECRET
            file["a/b/c"] = h5py.ExternalLink(str(secret), "/points")
        elif kind == "virtual":
            layout = h5py.VirtualLayout(SECRET.shape, SECRET.dtype)
            layout[:] = h5py.VirtualSource(str(secret), "points", SECRET.shape)
            file.create_virtual_dataset("poseest/points", layout)
            file["poseest/confidence"] = np.ones((1, 12), np.float32)
        else:
            file.create_dataset(
                "poseest/points", SECRET.shape, SECRET.dtype, external=[(str(secret), 0, 48)]
            )
            file["poseest/confidence"] = np.ones((1, 12), np.float32)


@pytest.mark.parametrize("kind", ["link", "link deep down", "virtual", "storage"])
def test_what_leads_out_of_the_file_is_refused(tmp_path: Path, secret: Path, kind: str) -> None:
    path = tmp_path / "m.h5"
    lead_out(kind, path, secret)
    with h5py.File(path) as file:  # the library does follow it
        assert file["poseest/points"][()].size
    for format_ in (None, "JABS", "DeepLabCut", "SLEAP", "NWB", "movement"):
        with pytest.raises(FormatError, match=r"secret\.h5|virtual dataset"):
            load_pose(path, 30, format=format_)
    found = sniff_pose(path)
    assert found.format is None
    assert "HDF5 file with" in found.reason


def test_links_within_the_file_are_followed_once(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("a")
        group["round"] = file  # a hard link in a circle
        group["soft"] = h5py.SoftLink("/a")
        group["nowhere"] = h5py.SoftLink("/b")
        group.attrs["neurodata_type"] = "PoseEstimation"
    check_hdf5(path)
    with h5py.File(path) as file:
        assert [found.name for found in find_groups(file, "PoseEstimation")] == ["/a"]


def test_deep_and_wide_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file.create_group("/".join("a" * 40))
    with pytest.raises(FormatError, match="32 levels deep"):
        check_hdf5(path)


def test_numbers_are_compared_with_what_is_stored(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "m.h5", "w") as file:
        huge = file.create_dataset("huge", (10**12,), "u1", chunks=(1000,))
        with pytest.raises(ValueError, match="/huge claims 8000000000000 bytes and the file holds"):
            read_numbers(huge)
        file["text"] = ["a", "b"]
        file["pair"] = np.zeros(3, dtype=[("x", "f8")])
        assert read_texts(file["text"]) == ("a", "b")
        for name in ("text", "pair"):
            with pytest.raises(TypeError, match="and not numbers"):
                read_numbers(file[name])
        with pytest.raises(TypeError, match="and not text"):
            read_texts(huge)


def test_damage_is_called_so(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\njunk")
    with pytest.raises(FormatError, match="a damaged or cut HDF5 file"):
        check_hdf5(path)
    assert "damaged or cut HDF5" in sniff_pose(path).reason


def test_columns_that_overlap_are_refused(tmp_path: Path) -> None:
    """Damage made two columns of a table overlap, and reading it spoilt the memory."""
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        kind = np.dtype([("first", "f8"), ("second", "f8")])
        file["points"] = np.zeros(3, kind)
    data = bytearray(path.read_bytes())
    double = b"\x20\x3f\x00\x08\x00\x00\x00"  # bits that say so, then its size
    data[data.index(double, data.index(b"first")) + 15] = 1  # bias of the exponent
    path.write_bytes(data)
    with h5py.File(path) as file:  # the library takes it
        assert file["points"].dtype["first"].itemsize == 16
    with pytest.raises(FormatError, match="column 'second' of /points lies within another"):
        check_hdf5(path)


def test_texts_that_claim_too_much_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("names", (10**7,), h5py.string_dtype(), chunks=(1000,))
    with pytest.raises(FormatError, match="/names claims 80000000 bytes and the file holds 0"):
        check_hdf5(path)


def test_a_text_longer_than_the_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    for chunks in (None, (1,)):
        with h5py.File(path, "w") as file:
            names = file.create_dataset("names", (1,), h5py.string_dtype(), chunks=chunks)
            names[0] = "nose"
            file.flush()
            place = names.id.get_chunk_info(0).byte_offset if chunks else names.id.get_offset()
        check_hdf5(path)
        data = bytearray(path.read_bytes())
        assert data[place : place + 4] == b"\x04\x00\x00\x00"
        data[place + 3] = 0x7F
        path.write_bytes(data)
        with pytest.raises(FormatError, match="/names holds a text of 2130706436 bytes"):
            check_hdf5(path)


def test_references_are_no_texts(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("a")
        file.create_dataset("links", data=[group.ref] * 9, dtype=h5py.ref_dtype)
    check_hdf5(path)
