"""Tables of pandas in HDF5: both layouts, damage, and programs in place of names."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.pandas_h5 import read_pandas_h5
from napari_mousegpt.io.pose import load_pose, sniff_pose

pd = pytest.importorskip("pandas")
pytest.importorskip("tables", reason="writes the files; reading does not need it")
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.PerformanceWarning")


def table(rows: int = 6) -> Any:
    columns = pd.MultiIndex.from_product(
        [["S"], ["a", "b"], ["nose", "tail"], ["x", "y", "likelihood"]],
        names=["scorer", "individuals", "bodyparts", "coords"],
    )
    return pd.DataFrame(np.arange(12.0 * rows).reshape(rows, 12) + 1, columns=columns)


def write(path: Path, frame: Any, layout: str) -> Path:
    frame.to_hdf(path, key="df_with_missing", format=layout, mode="w")
    return path


@pytest.mark.parametrize("layout", ["table", "fixed"])
@pytest.mark.parametrize("mixed", [False, True])
def test_what_pandas_wrote_comes_back(tmp_path: Path, layout: str, mixed: bool) -> None:
    frame = table()
    if mixed:
        frame = frame.astype(dict.fromkeys(frame.columns[3:7], "float32"))
        frame = frame.astype({frame.columns[9]: "int32"})
    found = read_pandas_h5(write(tmp_path / "m.h5", frame, layout))
    np.testing.assert_array_equal(found.values, frame.to_numpy(dtype=float))
    assert found.columns == list(frame.columns)
    assert found.levels == ("scorer", "individuals", "bodyparts", "coords")
    assert found.values.dtype == np.float64
    assert found.values.flags.writeable


class Harm:
    """Unpickling this makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def poison(path: Path, layout: str, trap: Path) -> None:
    """Put a program wherever pandas keeps a pickle."""
    data = np.bytes_(pickle.dumps(Harm(trap), 0))
    with h5py.File(path, "r+") as file:
        group = file["df_with_missing"]
        if layout == "table":
            group.attrs["non_index_axes"] = data
            group.attrs["info"] = data
            group["table"].attrs["values_block_0_kind"] = data
        else:
            for name in ("axis0_level2", "axis0_level3", "block0_items_level3"):
                old = dict(group[name].attrs)
                del group[name]
                kept = group.create_dataset(name, (1,), dtype=h5py.vlen_dtype(np.uint8))
                kept[0] = np.frombuffer(data, np.uint8)
                for key, value in old.items():
                    group[name].attrs[key] = value


@pytest.mark.parametrize("layout", ["table", "fixed"])
def test_a_program_in_place_of_names_is_refused_and_does_not_run(
    tmp_path: Path, layout: str
) -> None:
    path, trap = write(tmp_path / "m.h5", table(), layout), tmp_path / "harm"
    poison(path, layout, trap)
    with pytest.raises(FormatError, match=r"request to import .*Such files can carry programs"):
        load_pose(path, 30, format="DeepLabCut")
    assert sniff_pose(path).format is None
    with pytest.raises(FormatError):
        load_pose(path, 30)
    assert not trap.exists()
    if layout == "table":
        with h5py.File(path) as file:
            pickle.loads(bytes(file["df_with_missing"].attrs["info"]))
        assert trap.exists()  # the trap does work


def test_a_header_that_claims_more_than_the_file_holds_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "m.h5", table(), "fixed")
    with h5py.File(path, "r+") as file:
        group = file["df_with_missing"]
        attributes = dict(group["block0_values"].attrs)
        del group["block0_values"]
        huge = group.create_dataset("block0_values", (10**10, 12), "f8", chunks=(1000, 12))
        huge.attrs.update(attributes)
    assert path.stat().st_size < 1e6
    with pytest.raises(FormatError, match=r"block0_values claims 960000000000 bytes and holds 0"):
        read_pandas_h5(path)


def test_names_within_names_do_not_grow_without_end(tmp_path: Path) -> None:
    nested: list[Any] = ["x"] * 10
    for _ in range(40):
        nested = [nested] * 10
    path = write(tmp_path / "m.h5", table(), "table")
    with h5py.File(path, "r+") as file:
        kind = [(0, [(nested, "b", "nose", "x")])]
        file["df_with_missing"].attrs["non_index_axes"] = np.bytes_(pickle.dumps(kind, 0))
    with pytest.raises(FormatError, match="a name is a word, not a list"):
        read_pandas_h5(path)


def test_fewer_numbers_than_rows_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "m.h5", table(), "fixed")
    with h5py.File(path, "r+") as file:
        group = file["df_with_missing"]
        attributes = dict(group["block0_values"].attrs)
        del group["block0_values"]
        group["block0_values"] = np.zeros((4, 12))
        group["block0_values"].attrs.update(attributes)
    with pytest.raises(FormatError, match="4 rows of numbers for 6 rows"):
        read_pandas_h5(path)
