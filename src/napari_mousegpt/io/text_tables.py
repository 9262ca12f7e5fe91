"""Tables of words and numbers: strict reading of csv, whole writing of csv and parquet."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from napari_mousegpt.core.files import replacing
from napari_mousegpt.core.tables import SCHEMA_VERSION
from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.delimited import open_text

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["parquet_facts", "read_cells", "read_csv", "read_parquet", "write_csv", "write_parquet"]

#: Key of our own facts in the metadata of a parquet file.
_KEY = b"napari-mousegpt"


def read_cells(path: Path) -> list[tuple[int, list[str]]]:
    """Return number and cells of every line that is not empty, without the blanks around."""
    text = open_text(path)
    rows = []
    with path.open(encoding=text.encoding, errors="replace", newline="") as file:
        reader = csv.reader(file, delimiter=text.delimiter)
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    rows.append((reader.line_num, [cell.strip() for cell in cells]))
        except csv.Error as error:
            raise FormatError(
                f"{path}, line {reader.line_num}",
                expected="a line of a table",
                found=str(error),
                remedy="Export the table again.",
            ) from error
    return rows


def read_csv(path: Path) -> pd.DataFrame:
    """Read a table with a header as text; an empty cell is an empty text.

    Raises
    ------
    FormatError
        When a row has more or fewer cells than the header, or two columns have one name; the line
        is named. Empty cells behind the last column are allowed.
    """
    rows = read_cells(path)
    number, names = rows[0]
    while names and not names[-1]:
        names = names[:-1]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise FormatError(
            f"{path}, line {number}",
            expected="column names that differ",
            found=f"{doubled[0]!r} twice",
            remedy="Rename one of the two.",
        )
    width = len(names)
    body = []
    for number, cells in rows[1:]:
        if len(cells) < width or any(cells[width:]):
            raise FormatError(
                f"{path}, line {number}",
                expected=f"{width} cells as in the header",
                found=f"{len(cells)}",
                remedy="Was the file cut off or edited? Mend that line.",
            )
        body.append(cells[:width])
    return pd.DataFrame(body, columns=names, dtype=object)


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as csv in UTF-8, whole or not at all; a name ending in .tsv gives tabs."""
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    with replacing(path) as part:
        table.to_csv(part, index=False, sep=delimiter, lineterminator="\n", encoding="utf-8")


def write_parquet(table: pd.DataFrame, path: Path, schema: str, facts: Mapping[str, Any]) -> None:
    """Write a table as parquet (zstd), whole or not at all.

    Parameters
    ----------
    table : DataFrame
    path : Path
    schema : str
        What the table is.
    facts : mapping
        Plain values to keep in the metadata, beside the schema and its version.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrow = pa.Table.from_pandas(table, preserve_index=False)
    ours = {"schema": schema, "schema_version": SCHEMA_VERSION, **facts}
    arrow = arrow.replace_schema_metadata(
        {**(arrow.schema.metadata or {}), _KEY: json.dumps(ours, ensure_ascii=False)}
    )
    with replacing(path) as part:
        pq.write_table(arrow, part, compression="zstd")


def parquet_facts(path: Path) -> dict[str, Any]:
    """Return our facts of a parquet file; empty when another program wrote it.

    Raises
    ------
    FormatError
        When the file is no parquet file, or a newer version of this package wrote it.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_schema(path).metadata or {}
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error
    facts: dict[str, Any] = json.loads(metadata.get(_KEY, b"{}"))
    if facts.get("schema_version", 0) > SCHEMA_VERSION:
        raise FormatError(
            path,
            expected=f"a table of version {SCHEMA_VERSION} or older",
            found=f"version {facts['schema_version']}",
            remedy="Update napari-mousegpt.",
        )
    return facts


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a parquet table; columns that were plain Python text come back as such.

    Raises
    ------
    FormatError
        When the file is no whole parquet file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        arrow = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error
    table: pd.DataFrame = arrow.to_pandas()
    for name in _object_columns(arrow.schema):
        table[name] = pd.Series(arrow.column(name).to_pylist(), dtype=object)
    return table


def _object_columns(schema: pa.Schema) -> list[str]:
    """Return the text columns that pandas held as objects before it knew a text type."""
    known = json.loads((schema.metadata or {}).get(b"pandas", b"{}")).get("columns", [])
    return [
        column["name"]
        for column in known
        if column["numpy_type"] == "object" and column["pandas_type"] in ("unicode", "empty")
    ]


def _damaged(path: Path, error: Exception) -> FormatError:
    return FormatError(
        path,
        expected="a whole parquet file",
        found=str(error).splitlines()[0][:120],
        remedy="Was the copy cut off? Copy or export it again.",
    )
