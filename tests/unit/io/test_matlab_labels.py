"""Labels in MATLAB files of all versions, also of those that would harm a careless reader."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError, InputError, MismatchError
from napari_mousegpt.io import matlab_five
from napari_mousegpt.io.hdf5_heaps import refuse_endless_heaps
from napari_mousegpt.io.label_formats import load_labels, sniff_labels
from napari_mousegpt.io.matlab_files import read_matlab

BOUTS = np.array([[3, 5], [8, 8], [11, 20]], dtype=float)
VECTOR = np.array([0, 0, 1, 1, 1, 0, 0, 1, 0, 0] + [1] * 10)


def saved(path: Path, **values: Any) -> Path:
    scipy.io.savemat(path, values, do_compression=True)
    return path


def spans(path: Path, **options: Any) -> list[tuple[str, int, int]]:
    return [(b.label, b.start, b.stop) for b in load_labels(path, **options).bouts]


FREEZING = [("freezing", 2, 5), ("freezing", 7, 8), ("freezing", 10, 20)]


def test_bouts_count_from_one_with_their_last_frame(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.mat", freezing=BOUTS, fps=25.0)
    found = load_labels(path)
    assert spans(path) == FREEZING
    assert found.notes == (
        "freezing counts frames from 1, its second column holds the last frame, as MATLAB files "
        "mostly do.",
    )
    assert spans(path, first=0, inclusive_stop=False) == [
        ("freezing", 3, 5), ("freezing", 8, 8), ("freezing", 11, 20)
    ]  # fmt: skip
    assert load_labels(path, first=0).notes[0].endswith("holds the last frame, as stated.")
    zero = saved(tmp_path / "b.mat", freezing=np.array([[0.0, 4]]))
    with pytest.raises(FormatError, match=r"frames from 1 on, found 0. Say how it counts: first"):
        load_labels(zero)
    with pytest.raises(MismatchError, match=r"inside its 15 frames, found \[10, 20\)"):
        load_labels(path, clocks=Timebase.constant(25, 15))


@pytest.mark.parametrize("shift", [(0, 0), (-1, -1), (0, 1), (-1, 0)])
def test_the_vector_of_a_file_proves_how_its_bouts_count(
    tmp_path: Path, shift: tuple[int, int]
) -> None:
    both = {"Bouts": BOUTS + shift, "Vector": VECTOR[None].astype(np.uint8)}
    path = saved(tmp_path / "a.mat", h={"TotalFrames": 20, "freezing": both})
    found = load_labels(path, clocks=Timebase.constant(25, 20))
    assert spans(path) == FREEZING
    assert found.notes[0].endswith("as h.freezing.Vector proves.")
    assert f"counts frames from {1 + shift[0]}" in found.notes[0]
    assert found.observed.stop.tolist() == [20]


def test_bouts_and_vector_that_disagree_are_refused(tmp_path: Path) -> None:
    vector = VECTOR.copy()
    vector[12] = 0
    path = saved(tmp_path / "a.mat", freezing={"bouts": BOUTS, "vector": vector})
    with pytest.raises(FormatError, match=r"tell the same, found different frames. Choose one"):
        load_labels(path)
    assert len(spans(path, column="bouts")) == 3
    assert len(spans(path, column="freezing.vector")) == 4
    other = saved(tmp_path / "b.mat", freezing={"bouts": BOUTS, "vector": VECTOR})
    with pytest.raises(FormatError, match="tell the same"):
        load_labels(other, first=0)


def test_vectors_of_ones_numbers_and_words(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.mat", attack=VECTOR, sniff=1 - VECTOR, frame=np.arange(20))
    found = load_labels(path)
    assert found.labels == ("attack", "sniff")
    assert found.bouts.length.sum() == 20
    path = saved(tmp_path / "b.mat", annot=np.repeat([2, 1, 3], 5)[:, None])
    assert [b[0] for b in spans(path)] == ["2", "1", "3"]
    assert "Labels of annot are numbers; codes={...} names them." in load_labels(path).notes
    named = spans(path, codes={1: "", 2: "rear", 3: "groom"})
    assert named == [("rear", 0, 5), ("groom", 10, 15)]
    words = np.array(["rear", "rear", "", "NA", "groom"], dtype=object)
    path = saved(tmp_path / "c.mat", behaviour=words)
    found = load_labels(path)
    assert spans(path) == [("rear", 0, 2), ("groom", 4, 5)]
    assert found.observed.stop.tolist() == [3, 5]


def test_what_cannot_be_told_is_asked_for(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.mat", a=np.repeat([2, 1, 3], 5), b=np.repeat([2, 5], 5))
    with pytest.raises(FormatError, match=r"found a, b. Name the variable .*column="):
        load_labels(path)
    assert len(spans(path, column="b")) == 2
    with pytest.raises(InputError, match=r"column c of .*expected one of a, b"):
        load_labels(path, column="c")
    path = saved(tmp_path / "b.mat", x=VECTOR, y=VECTOR[:9])
    with pytest.raises(FormatError, match=r"one length, found x \(20\), y \(9\)"):
        load_labels(path)
    path = saved(tmp_path / "c.mat", fps=25.0, name="m1")
    with pytest.raises(FormatError, match=r"variables with bouts .*found fps, name"):
        load_labels(path)


VALUES = st.recursive(
    st.one_of(
        st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=9).map(lambda v: np.array([v])),
        st.lists(st.integers(-100, 100), min_size=1, max_size=9).map(
            lambda v: np.array(v, dtype=np.int16)[:, None]
        ),
        st.lists(st.booleans(), min_size=2, max_size=6).map(lambda v: np.array([v, v])),
        st.text("abcä", min_size=1, max_size=6),
        st.lists(st.text("xy", min_size=1, max_size=3), min_size=1, max_size=4).map(
            lambda v: np.array(v, dtype=object)
        ),
    ),
    lambda inner: st.dictionaries(st.sampled_from(["a", "bb", "c_1"]), inner, min_size=1),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(["x", "yy"]), VALUES, min_size=1), st.booleans())
def test_arrays_are_those_that_scipy_reads(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, Any], packed: bool
) -> None:
    path = tmp_path_factory.mktemp("m") / "a.mat"
    scipy.io.savemat(path, values, do_compression=packed)
    theirs: dict[str, Any] = {}

    def flatten(name: str, value: Any) -> None:
        if value.dtype.names:
            for field in value.dtype.names:
                flatten(f"{name}.{field}", value[0, 0][field])
        elif value.dtype == object:
            theirs[name] = [str(cell.ravel()[0]) for cell in value.ravel()]
        else:
            theirs[name] = value.tolist()

    for name, value in scipy.io.loadmat(path).items():
        if not name.startswith("__"):
            flatten(name, value)
    ours = {name: value.tolist() for name, value in read_matlab(path).items()}
    assert ours == theirs


def element(kind: int, data: bytes) -> bytes:
    return struct.pack("<II", kind, len(data)) + data + b"\0" * (-len(data) % 8)


def matrix(
    kind: int, dims: tuple[int, ...], *parts: bytes, name: bytes = b"x", inner: bytes = b""
) -> bytes:
    head = element(6, struct.pack("<II", kind, 0))
    head += element(5, struct.pack(f"<{len(dims)}i", *dims)) + element(1, name)
    return element(14, head + b"".join(parts) + inner)


HEAD = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
HUGE = matrix(6, (2**30, 2**30), element(9, b"\0" * 8))


def nested(depth: int) -> bytes:
    data = matrix(6, (1, 1), element(9, b"\0" * 8), name=b"")
    for _ in range(depth):
        data = matrix(2, (1, 1), element(5, struct.pack("<i", 2)), element(1, b"a\0"), inner=data)
    return data


def packed(data: bytes) -> bytes:
    data = zlib.compress(data, 9)
    return struct.pack("<II", 15, len(data)) + data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (HUGE, "an array of 1073741824 x 1073741824 in"),
        (packed(HUGE), "an array of 1073741824 x 1073741824 in"),
        (matrix(1, (2**31 - 1, 1)), "an array of 2147483647 x 1"),
        (matrix(6, (-1, 4), element(9, b"\0" * 8)), "an array of -1 x 4"),
        (packed(nested(2_000)), "structures nested more than 24 deep"),
        (struct.pack("<II", 14, 2**32 - 1), "an element of 4294967295 bytes where 0 are left"),
        (element(9, b"\0" * 8), "an element of kind 9"),
        (matrix(6, (1, 2), element(9, b"\0" * 8)), "cannot reshape array of size 1"),
        (element(15, b"\xff" * 16), "Error -3 while decompressing data"),
    ],
    ids=range(9),
)  # fmt: skip
def test_files_that_claim_too_much_are_refused(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "a.mat"
    path.write_bytes(HEAD + data)
    assert sniff_labels(path).format == "MATLAB"
    with pytest.raises(FormatError, match=f"a whole MATLAB file, found {message}"):
        load_labels(path)


def test_a_file_that_swells_when_unpacked_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.mat"
    path.write_bytes(HEAD + packed(b"\0" * (3 << 20)) + packed(b"\0" * 8))
    monkeypatch.setattr(matlab_five, "_BYTES", 2 << 20)
    with pytest.raises(FormatError, match="found more than 2 MiB when unpacked"):
        load_labels(path)


def hdf5(path: Path) -> h5py.File:
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(512))
    with h5py.File(path, "w", userblock_size=512):
        pass
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    return h5py.File(path, "r+")


def test_version_7_3_with_words_in_cells(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    with hdf5(path) as file:
        words = ["rear", "rear", "", "groom"]
        for i, word in enumerate(words):
            codes = (
                np.array([[ord(c)] for c in word], np.uint16) if word else np.zeros(2, np.uint64)
            )
            item = file.create_dataset(f"#refs#/{i}", data=codes)
            item.attrs["MATLAB_class"] = np.bytes_("char")
            if not word:
                item.attrs["MATLAB_empty"] = 1
        refs = np.array([[file[f"#refs#/{i}"].ref] for i in range(4)], dtype=h5py.ref_dtype)
        cells = file.create_dataset("behaviour", data=refs, dtype=h5py.ref_dtype)
        cells.attrs["MATLAB_class"] = np.bytes_("cell")
        file["away"] = h5py.ExternalLink("other.mat", "/x")
    assert spans(path) == [("rear", 0, 2), ("groom", 3, 4)]


def test_version_7_3_that_claims_too_much(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    with hdf5(path) as file:
        file.create_dataset("x", shape=(2**40, 2), dtype="f8", chunks=(1024, 2))
    with pytest.raises(FormatError, match="an array of 2199023255552 cells"):
        load_labels(path)


def test_heaps_that_have_no_end_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.attrs["word"] = "a text of variable length"
        file.create_dataset("words", data=["a", "b"], dtype=h5py.string_dtype())
    refuse_endless_heaps(path)
    data = path.read_bytes()
    place = data.index(b"GCOL") + 16
    path.write_bytes(data[:place] + b"\0" * 16 + data[place + 16 :])
    with pytest.raises(OSError, match="a damaged heap of texts at byte"):
        refuse_endless_heaps(path)
    path.write_bytes(b"")
    refuse_endless_heaps(path)
