"""Damaged study tables give errors of ours, or are read; never anything else."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from napari_mousegpt.errors import MouseGPTError
from napari_mousegpt.io.study import check_study, load_study
from support.mutations import mutations

TEXT = "recording,animal,group,weight\nm1,7,drug,20.5\nm2,8,vehicle,21\n"
TOML = """[study]
defaults = { group = "drug" }
[[recording]]
recording = "m1"
animal = 7
born = 2023-07-07
[[recording]]
recording = "m2"
animal = "8"
weight = 20.50
"""


@pytest.fixture(scope="module")
def workbook() -> bytes:
    book = openpyxl.Workbook()
    for row in (["Study"], ["recording", "animal", "group", "n"], ["m1", 7, "drug", "=1+1"]):
        book.active.append(row)
    book.active.append(["m2", 8.5, None, True])
    book.active.merge_cells("C3:C4")
    book.active["D3"] = "x"
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def damaged_parts(data: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Yield workbooks of which one part is damaged; the zip around it is whole."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name in parts:
        for part in mutations(parts[name], count, seed):
            target = io.BytesIO()
            with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
                for other, content in parts.items():
                    archive.writestr(other, part if other == name else content)
            yield target.getvalue()


def outcomes(path: Path, copies: Iterator[bytes]) -> tuple[int, int]:
    """Return how many copies were read and how many refused."""
    read = refused = 0
    for data in copies:
        path.write_bytes(data)
        try:
            check_study(path)
            assert len(load_study(path))
            read += 1
        except MouseGPTError:
            refused += 1
    return read, refused


def test_damaged_workbooks(workbook: bytes, tmp_path: Path) -> None:
    read, refused = outcomes(tmp_path / "s.xlsx", mutations(workbook, 120, seed=3))
    assert read + refused == 120
    assert refused > 40


def test_damaged_parts_of_workbooks(workbook: bytes, tmp_path: Path) -> None:
    read, refused = outcomes(tmp_path / "s.xlsx", damaged_parts(workbook, 24, seed=4))
    assert read > 40
    assert refused > 40


@pytest.mark.parametrize(("ending", "text"), [("csv", TEXT), ("toml", TOML)])
def test_damaged_texts(ending: str, text: str, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read, refused = outcomes(tmp_path / f"s.{ending}", mutations(text.encode(), 200, seed=5))
    assert read > 5
    assert refused > 40
