"""Read tables that pandas wrote to HDF5, through h5py and without unpickling.

Both layouts are known: "fixed" (axes and blocks as arrays) and "table" (one compound dataset, whose
column names are pickled lists, see :mod:`napari_mousegpt.io.plain_pickle`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.plain_pickle import plain_value

if TYPE_CHECKING:
    import h5py

__all__ = ["PandasTable", "read_pandas_h5", "table_keys"]

#: Names that trackers give their table, the likeliest first.
_USUAL_KEYS = ("df_with_missing", "tracks", "df", "keypoints")


#: Arrays up to this size are read whatever their storage says.
_SMALL_BYTES = 1 << 28


@dataclass(frozen=True)
class PandasTable:
    """A table of numbers with several levels of column names.

    Parameters
    ----------
    key : str
        Its name in the file.
    columns : list of tuple of str
        Names of each column, one for each level.
    levels : tuple of str
        Names of the levels; empty text for a nameless one.
    index : ndarray of float64, shape (n_rows,), or None
        Row numbers; None where the rows are named by text.
    row_names : list of str or None
        Names of such rows.
    values : ndarray of float64, shape (n_rows, n_columns)
    """

    key: str
    columns: list[tuple[str, ...]]
    levels: tuple[str, ...]
    index: NDArray[np.float64] | None
    row_names: list[str] | None
    values: NDArray[np.float64]


def table_keys(file: h5py.File) -> list[str]:
    """Return the names of the pandas tables in an open file, the likeliest pose first."""
    found = [name for name, item in file.items() if "pandas_type" in item.attrs]
    rank = {name: i for i, name in enumerate(_USUAL_KEYS)}
    return sorted(found, key=lambda name: (rank.get(name, len(rank)), name))


def read_pandas_h5(path: Path, *, rows: bool = True) -> PandasTable:
    """Read the likeliest table of a file.

    Parameters
    ----------
    path : Path
        HDF5 file.
    rows : bool
        False reads the names only; ``values`` then has no rows.

    Raises
    ------
    FormatError
        When the file is damaged, holds no pandas table, or one with other than numbers.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            keys = table_keys(file)
            if not keys:
                raise FormatError(
                    path,
                    expected="a table written by pandas",
                    found=f"{sorted(file)[:8]}",
                    remedy="Give the format of this file, or export it as csv.",
                )
            group = file[keys[0]]
            reader = _read_table if "table" in group else _read_fixed
            return reader(group, keys[0], str(path), rows)
    except (OSError, KeyError, IndexError, TypeError, ValueError) as error:
        raise FormatError(
            path,
            expected="a whole HDF5 table",
            found=str(error),
            remedy="Was the copy cut off, or compressed in a way this machine cannot read? Copy or "
            "export it again, as csv if that fails.",
        ) from error


def _read_fixed(group: h5py.Group, key: str, subject: str, rows: bool) -> PandasTable:
    columns, levels = _axis(group, "axis0", subject)
    position = {name: i for i, name in enumerate(columns)}
    if not rows:
        return PandasTable(key, columns, levels, None, None, np.empty((0, len(columns))))
    index, row_names = _row_axis(group, subject)
    count = len(row_names or ()) if index is None else len(index)
    values: NDArray[np.float64] | None = None
    for number in range(int(group.attrs["nblocks"])):
        block = group[f"block{number}_values"]
        items, _ = _axis(group, f"block{number}_items", subject)
        numbers = _numbers(block, subject)
        # pandas keeps a block as columns x rows and notes when it was turned for the disk.
        if not int(block.attrs.get("transposed", 1)):
            numbers = numbers.T
        values = _placed(values, numbers, [position[item] for item in items], len(columns))
    if values is None or len(values) != count:
        raise ValueError(f"{0 if values is None else len(values)} rows of numbers for {count} rows")
    return PandasTable(key, columns, levels, index, row_names, values)


def _placed(
    values: NDArray[np.float64] | None,
    block: NDArray[np.float64],
    columns: list[int],
    width: int,
) -> NDArray[np.float64]:
    """Return the table with one more block of columns; a block that is all of it is not copied."""
    if values is None and columns == list(range(width)) and block.shape[1] == width:
        return block
    if values is None:
        values = np.full((len(block), width), np.nan)
    values[:, columns] = block
    return values


def _read_table(group: h5py.Group, key: str, subject: str, rows: bool) -> PandasTable:
    table = group["table"]
    axes = plain_value(_bytes(group.attrs["non_index_axes"]), subject)
    columns = [_as_tuple(name) for name in axes[0][1]]
    position = {name: i for i, name in enumerate(columns)}
    levels = _table_levels(group.attrs, len(columns[0]) if columns else 0, subject)
    if not rows:
        return PandasTable(key, columns, levels, None, None, np.empty((0, len(columns))))
    records = _whole(table)
    values: NDArray[np.float64] | None = None
    for field in records.dtype.names or ():
        kind = table.attrs.get(f"{field}_kind")
        if field == "index" or kind is None:
            continue
        items = [_as_tuple(name) for name in plain_value(_bytes(kind), subject)]
        if not all(item in position for item in items):
            continue  # a level of the rows that pandas kept as a column
        if records.dtype[field].base.kind not in "fiu":
            raise FormatError(subject, expected="numbers", found=f"{records.dtype[field].base}")
        block = records[field].reshape(len(records), -1).astype(np.float64, copy=False)
        values = _placed(values, block, [position[item] for item in items], len(columns))
    if values is None:
        raise ValueError("no columns of numbers")
    row = records["index"]
    if row.dtype.kind in "iuf":
        return PandasTable(key, columns, levels, row.astype(np.float64), None, values)
    return PandasTable(key, columns, levels, None, [_text(name) for name in row], values)


def _axis(
    group: h5py.Group, name: str, subject: str
) -> tuple[list[tuple[str, ...]], tuple[str, ...]]:
    """Return the names of an axis of the fixed layout and of its levels."""
    if _text(group.attrs[f"{name}_variety"]) == "regular":
        values = _level(group[name], subject)
        return [(value,) for value in values], (_name_of(group[name]),)
    parts, levels = [], []
    for number in range(int(group.attrs[f"{name}_nlevels"])):
        level = group[f"{name}_level{number}"]
        codes = _whole(group[f"{name}_label{number}"])
        # Code -1 stands for a missing name.
        known = [*_level(level, subject), ""]
        parts.append([known[code] for code in codes])
        levels.append(_name_of(level))
    return list(zip(*parts, strict=True)), tuple(levels)


def _row_axis(
    group: h5py.Group, subject: str
) -> tuple[NDArray[np.float64] | None, list[str] | None]:
    if _text(group.attrs["axis1_variety"]) == "regular":
        rows = group["axis1"]
        if rows.dtype.kind in "iuf":
            return _whole(rows).astype(np.float64), None
        return None, _level(rows, subject)
    return None, ["/".join(name) for name in _axis(group, "axis1", subject)[0]]


def _level(dataset: h5py.Dataset, subject: str) -> list[str]:
    if dataset.dtype.kind == "O":
        value = plain_value(bytes(dataset[0]), subject)
        return [_text(item) for item in (value if isinstance(value, list) else [value])]
    return [_text(item) for item in _whole(dataset)]


def _name_of(dataset: h5py.Dataset) -> str:
    raw = dataset.attrs.get("name")
    # A nameless level is kept as a pickled None.
    return "" if raw is None or _bytes(raw) == b"N." else _text(raw)


def _table_levels(attrs: Mapping[str, Any], count: int, subject: str) -> tuple[str, ...]:
    info = plain_value(_bytes(attrs["info"]), subject) if "info" in attrs else {}
    names = info.get(1, {}).get("names") if isinstance(info, dict) else None
    return tuple("" if name is None else _text(name) for name in names or [None] * count)


def _numbers(dataset: h5py.Dataset, subject: str) -> NDArray[np.float64]:
    if dataset.dtype.kind not in "fiu":
        raise FormatError(
            subject,
            expected="columns of numbers",
            found=f"a block of {dataset.dtype}",
            remedy="Export the table as csv.",
        )
    values: NDArray[np.float64] = _whole(dataset).astype(np.float64, copy=False)
    return values


def _whole(dataset: h5py.Dataset) -> NDArray[Any]:
    """Return an array, unless a damaged header claims far more than the file holds."""
    stored = dataset.id.get_storage_size()
    # No compressor gains a thousandfold on coordinates.
    if dataset.nbytes > max(_SMALL_BYTES, 1000 * stored):
        raise ValueError(f"{dataset.name} claims {dataset.nbytes} bytes and holds {stored}")
    values: NDArray[Any] = dataset[:]
    return values


def _as_tuple(name: Any) -> tuple[str, ...]:
    return tuple(_text(part) for part in name) if isinstance(name, tuple) else (_text(name),)


def _bytes(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return "/".join(_word(part) for part in value)
    return _word(value)


def _word(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    # Lists of lists of lists can be small in a pickle and endless in print.
    if not isinstance(value, str | int | float | np.generic | None):
        raise TypeError(f"a name is a word, not a {type(value).__name__}")
    return str(value)
