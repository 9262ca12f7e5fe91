"""Say what a file is that no pose format claims, and what can be done with it."""

from __future__ import annotations

from pathlib import Path

from napari_mousegpt.io.delimited import Head
from napari_mousegpt.io.hdf5_guard import DAMAGE, member
from napari_mousegpt.io.pose_plain import is_bare_numbers

__all__ = ["describe_unknown"]

#: Beginnings of files, in bytes, and what they are.
_MAGIC = (
    (b"\x80\x04", "a Python pickle, which can carry programs and is not read"),
    (b"\x80\x05", "a Python pickle, which can carry programs and is not read"),
    (b"\xff\xfe", "text in UTF-16 (save it as UTF-8)"),
    (b"\xfe\xff", "text in UTF-16 (save it as UTF-8)"),
    (b"\x93NUMPY", "an array without names (save it as csv, with a header such as nose_x, nose_y)"),
    (b"PK\x03\x04", "a zip archive, an Excel book or NumPy arrays (export csv)"),
    (b"MATLAB 5", "a MATLAB file (export csv, or h5 in the layout of DeepLabCut or SLEAP)"),
    (b"PAR1", "a Parquet table (export csv)"),
    (b"\x1f\x8b", "a gzip archive (unpack it first)"),
)
_KNOWN_JSON = {
    "categories": "COCO keypoints", "annotations": "COCO keypoints", "people": "OpenPose",
}  # fmt: skip


def describe_unknown(head: Head) -> str:
    """Return a phrase that says what a file seems to be."""
    if head.is_hdf5:
        return _unknown_hdf5(head.path)
    for begin, meaning in _MAGIC:
        if head.data.startswith(begin):
            return meaning
    if not head.is_text:
        return "binary data of no known kind"
    lines = head.lines()
    first = next((line for line in lines if line.strip()), "")
    if first.lstrip()[:1] in "{[":
        text = "\n".join(lines)
        kind = next((k for word, k in _KNOWN_JSON.items() if f'"{word}"' in text), "poses or not")
        return f"JSON ({kind}), which is not read (convert it to .slp or csv, as with sleap-io)"
    if is_bare_numbers(head):
        return "numbers without a header (a plain table needs layout=PlainLayout(...))"
    return f"text that begins with {first[:60]!r}"


def _unknown_hdf5(path: Path) -> str:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            names, attributes = sorted(file), set(file.attrs)
            parts = {
                key
                for name in names[:50]
                if (group := member(file, name, h5py.Group)) is not None
                for key in list(group)[:50]
            }
    except DAMAGE:
        return "a damaged or cut HDF5 file"
    if "nwb_version" in attributes:
        return "an NWB file without poses (no PoseEstimation of ndx-pose)"
    if "jabs_format" in attributes:
        return "a JABS file of the unified format, which is not read (export NWB from JABS)"
    if "poseest" in names:
        return "an incomplete JABS pose file"
    if {"DLC", "Facemap"} & set(names):
        return "a Facemap file, which is not read (export csv)"
    if {"syllable", "latent_state"} <= parts:
        return "results of keypoint-MoSeq, which hold no keypoints (open the pose it was made from)"
    return f"an HDF5 file with {', '.join(names[:6]) or 'nothing in it'}"
