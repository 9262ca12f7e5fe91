"""Numbers of a large text table, parsed in blocks by a few threads.

A pose table of ten hours is a gigabyte of text. It is cut behind whole lines, each block is parsed
by Arrow (https://arrow.apache.org/docs/python/csv.html), which rounds every decimal to the nearest
double, and copied to its place; text and table are never in memory as a whole.
"""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["parse_numbers"]

#: Bytes of text parsed at once.
BLOCK_BYTES = 4 << 20
#: More threads gain little: one of them copies what the others parse.
MOST_THREADS = 3


def parse_numbers(
    path: Path,
    *,
    skip: int,
    width: int,
    columns: Sequence[int],
    delimiter: str,
    decimal: str,
    missing: Collection[str],
) -> NDArray[np.float64]:
    """Parse the rows of a table.

    Parameters
    ----------
    path : Path
        Text in an encoding whose digits and signs are those of ASCII.
    skip : int
        Lines before the first row.
    width : int
        Cells every row must have.
    columns : sequence of int
        Those to return, in this order.
    delimiter, decimal : str
        Between cells, and within numbers.
    missing : collection of str
        Words that stand for a missing number.

    Returns
    -------
    ndarray of float64, shape (n_rows, n_columns)
        Missing numbers are NaN; an empty line is a row of them. Memory runs down the columns.

    Raises
    ------
    pyarrow.ArrowInvalid
        When a row has another number of cells, or a cell is no number.
    """
    parse = _parser(width, columns, delimiter, decimal, missing)
    values = np.empty((len(columns), 0))
    rows = 0
    threads = max(1, min(MOST_THREADS, os.cpu_count() or 1))
    with ThreadPoolExecutor(threads) as pool:
        blocks = _blocks(path, threads + 1)
        waiting = deque(
            pool.submit(parse, block, skip if number == 0 else 0)
            for number, block in zip(range(threads + 1), blocks, strict=False)
        )
        while waiting:
            size, table = waiting.popleft().result()
            block = next(blocks, None)
            if block is not None:
                waiting.append(pool.submit(parse, block, 0))
            if rows + table.num_rows > values.shape[1]:
                values = _larger(values, rows, table.num_rows, path.stat().st_size / size)
            for row, column in zip(values, table.columns, strict=True):
                for piece in column.chunks:
                    part = slice(rows, rows + len(piece))
                    row[part] = piece.to_numpy(zero_copy_only=False)
            rows += table.num_rows
    return values[:, :rows].T


def _parser(
    width: int, columns: Sequence[int], delimiter: str, decimal: str, missing: Collection[str]
) -> Callable[[memoryview, int], tuple[int, pa.Table]]:
    import pyarrow as pa
    from pyarrow import csv

    names = [str(number) for number in range(width)]
    wanted = [names[number] for number in columns]
    layout = csv.ParseOptions(delimiter=delimiter, ignore_empty_lines=False)
    meaning = csv.ConvertOptions(
        check_utf8=False,
        column_types=dict.fromkeys(wanted, pa.float64()),
        include_columns=wanted,
        null_values=sorted(missing),
        decimal_point=decimal,
    )

    def parse(block: memoryview, skip: int) -> tuple[int, pa.Table]:
        reading = csv.ReadOptions(
            use_threads=False, block_size=len(block) + 1, skip_rows=skip, column_names=names
        )
        return len(block), csv.read_csv(
            pa.BufferReader(pa.py_buffer(block)), reading, layout, meaning
        )

    return parse


def _blocks(path: Path, buffers: int) -> Iterator[memoryview]:
    """Yield the bytes of a file in pieces that end with a line.

    Memory is used in turns: a piece is good until ``buffers`` more have been taken.
    """
    turns = [bytearray(0) for _ in range(buffers)]
    mark = b""
    with path.open("rb") as file:
        for turn in itertools.cycle(range(buffers)):
            if len(turns[turn]) < BLOCK_BYTES:
                turns[turn] = bytearray(BLOCK_BYTES)
            size = file.readinto(turns[turn])
            # Old spreadsheets end lines with a carriage return alone.
            mark = mark or (b"\n" if b"\n" in turns[turn] else b"\r")
            end = turns[turn].rfind(mark, 0, size) + 1
            if end and size == len(turns[turn]):
                file.seek(end - size, os.SEEK_CUR)
            else:
                # The end of the file, or a line longer than a block.
                rest = file.read()
                if rest:
                    turns[turn] = turns[turn] + rest
                end = size + len(rest)
            if not end:
                return
            yield memoryview(turns[turn])[:end]


def _larger(
    values: NDArray[np.float64], rows: int, more: int, blocks: float
) -> NDArray[np.float64]:
    """Return the table with room for what the whole file should hold, judged by one block."""
    room = max(rows + more, int(1.01 * more * blocks))
    larger = np.empty((len(values), room))
    larger[:, :rows] = values[:, :rows]
    return larger
