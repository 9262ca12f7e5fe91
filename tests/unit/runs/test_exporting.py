"""Bouts for other programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, OutputExistsError
from napari_mousegpt.io.label_formats import load_labels
from napari_mousegpt.runs.exporting import export

ETHOGRAM = Ethogram(Intervals.build("m1", [0, 50], [30, 90], "a", label=["rear", "groom"]))
CLOCKS = {"m1": Timebase.constant(25, 100)}


@pytest.mark.parametrize(
    ("name", "format_", "read_as"),
    [
        ("e.csv", None, "bouts"),
        ("e.parquet", None, "bouts"),
        ("e.csv", "frames", "frames"),
        ("e.tsv", "boris", "BORIS"),
        ("e.boris", None, "BORIS project"),
        ("e.boris", "boris-project", "BORIS project"),
        ("e.csv", "boris-binary", "BORIS binary"),
    ],
)
def test_what_is_written_can_be_read_back(
    tmp_path: Path, name: str, format_: str | None, read_as: str
) -> None:
    path = export(ETHOGRAM, tmp_path / name, CLOCKS, format=format_)  # type: ignore[arg-type]
    found = load_labels(path, format=read_as, clocks=CLOCKS, recording="m1", individual="a")
    assert [(b.label, b.start, b.stop) for b in found.bouts.sort()] == [
        ("rear", 0, 30),
        ("groom", 50, 90),
    ]
    assert set(found.bouts.individual) == {"a"}
    with pytest.raises(OutputExistsError, match="--overwrite"):
        export(ETHOGRAM, path, CLOCKS, format=format_)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "format_", "message"),
    [
        ("e.docx", None, r"\.csv, \.tsv, \.parquet.*\.docx"),
        ("e.csv", "boris-project", r"ending in \.boris"),
        ("e.csv", "spss", "one of bouts, frames, boris, boris-project, boris-binary"),
    ],
)
def test_endings_and_formats_that_do_not_fit(
    tmp_path: Path, name: str, format_: str | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        export(ETHOGRAM, tmp_path / name, CLOCKS, format=format_)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_a_binary_table_is_of_one_individual(tmp_path: Path) -> None:
    two = Ethogram(Intervals.build("m1", [0, 50], [30, 90], ["a", "b"], label=["rear", "groom"]))
    with pytest.raises(InputError, match="the ethogram of one individual, found 'a', 'b'"):
        export(two, tmp_path / "e.csv", CLOCKS, format="boris-binary")
    assert not list(tmp_path.iterdir())
