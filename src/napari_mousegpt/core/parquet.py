"""Parquet files with facts of ours in their metadata, written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_mousegpt.core.files import replacing
from napari_mousegpt.core.provenance import plain
from napari_mousegpt.core.tables import SCHEMA_VERSION
from napari_mousegpt.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    import pyarrow as pa

__all__ = ["parquet_facts", "read_parquet", "write_parquet", "write_parquet_rows"]

#: Key of our own facts in the metadata of a file.
_KEY = b"napari-mousegpt"


def write_parquet(table: pd.DataFrame, path: Path, **facts: Any) -> None:
    """Write a table as parquet (zstd), whole or not at all.

    Parameters
    ----------
    table : DataFrame
        Rows; the index is left out.
    path : Path
        Final place; its folder exists.
    **facts
        Plain values to keep in the metadata, beside the version of the schema.

    Raises
    ------
    StorageError
        When the disk is full or the folder cannot be written to.
    """
    write_parquet_rows([table], path, **facts)


def write_parquet_rows(tables: Iterable[pd.DataFrame], path: Path, **facts: Any) -> None:
    """Write tables of the same columns, one below the other; one is in memory at a time.

    Parameters
    ----------
    tables : iterable of DataFrame
        At least one.
    path, **facts
        As for :func:`write_parquet`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    ours = json.dumps({"schema_version": SCHEMA_VERSION, **plain(facts)}, ensure_ascii=False)
    with replacing(path) as part:
        writer = None
        try:
            for table in tables:
                arrow = pa.Table.from_pandas(table, preserve_index=False)
                if writer is None:
                    kept = {**(arrow.schema.metadata or {}), _KEY: ours}
                    schema = arrow.schema.with_metadata(kept)
                    writer = pq.ParquetWriter(part, schema, compression="zstd")
                writer.write_table(arrow.cast(writer.schema))
        finally:
            if writer is not None:
                writer.close()


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
        facts: dict[str, Any] = dict(json.loads(metadata.get(_KEY, b"{}")))
    except (pa.ArrowException, OSError, ValueError, TypeError) as error:
        raise _damaged(path, error) from error
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
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        arrow = pq.read_table(path)
        table: pd.DataFrame = arrow.to_pandas()
        for name in _object_columns(arrow.schema):
            table[name] = pd.Series(arrow.column(name).to_pylist(), dtype=object)
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError) as error:
        raise _damaged(path, error) from error
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
        found=(str(error) or type(error).__name__).splitlines()[0][:120],
        remedy="Was the copy cut off? Copy or export it again.",
    )
