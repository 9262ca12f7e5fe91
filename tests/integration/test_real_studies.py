"""Study tables of real experiments; counts were taken from the files with a text editor."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from napari_mousegpt.core.study import Study
from napari_mousegpt.io.relocation import relocate
from napari_mousegpt.io.study import check_study, load_study, write_study

CSI = {"recording": "ID", "animal": "Animal", "group": "Condition", "pose": "DLCFile"}


@pytest.fixture
def csi(shared_data: Path) -> Study:
    folder = shared_data / "group_csi_openfield"
    return load_study(folder / "Example_metadata.csv", columns=CSI)


def test_the_open_field_study(csi: Study, shared_data: Path) -> None:
    folder = shared_data / "group_csi_openfield"
    assert (len(csi), len(csi.animals)) == (59, 59)
    report = check_study(folder / "Example_metadata.csv", columns=CSI, root=folder / "streams")
    assert report.groups == ("CSI", "Control")
    # Two of the streams were left out of the folder.
    assert [text.split(" is ")[0] for text in report.missing] == [
        "The pose of recording 'OFT_38' (line 38)",
        "The pose of recording 'OFT_44' (line 44)",
    ]
    assert report.contradictions == report.doubts == ()


def test_its_streams_are_found_again(csi: Study, shared_data: Path, tmp_path: Path) -> None:
    found = relocate(csi, shared_data / "group_csi_openfield")
    assert (found.found, found.open) == (57, 2)
    moved = found.apply(partial=True)
    assert moved.row("OFT_1")["pose"].startswith("streams/1_01_A_190507114629DeepCut")
    for name in ("t.csv", "t.xlsx", "t.toml"):
        write_study(tmp_path / name, moved)
        assert len(check_study(tmp_path / name).missing) == 2
        assert load_study(tmp_path / name).to_pandas()["animal"].equals(csi.to_pandas()["animal"])


def test_two_spellings_of_one_treatment(shared_data: Path) -> None:
    path = shared_data / "group_csi_openfield" / "AllData_25Clusters_metadata.csv"
    report = check_study(path, columns={"recording": "ID", "animal": "Animal"})
    assert report.contradictions == ()
    assert report.doubts[0].startswith("treatment 'Saline' and 'saline' differ only in letter case")


def test_one_animal_too_often_in_the_formalin_study(shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "group_formalin_lupe" / "metadata.csv"
    report = check_study(path, columns={"recording": "file"})
    assert (len(report.recordings), len(report.animals)) == (30, 29)
    assert report.doubts == (
        "animal '2110.2' has 2 recordings that no column of group, treatment or day tells apart "
        "(lines 18, 19): is each of this animal?",
    )
    # Ids such as 2107.0 live through a spreadsheet.
    study = load_study(path, columns={"recording": "file"})
    write_study(tmp_path / "t.xlsx", study)
    assert load_study(tmp_path / "t.xlsx").to_pandas().equals(study.to_pandas())
    assert "2107.0" in study.animals


def test_a_sheet_of_numbers_keeps_ids_that_its_format_shows(
    shared_data: Path, tmp_path: Path
) -> None:
    """As Excel has it when the table was opened and saved there: numbers, shown with 0.0."""
    import openpyxl

    table = pd.read_csv(shared_data / "group_formalin_lupe" / "metadata.csv")
    book = openpyxl.Workbook()
    book.active.append(list(table.columns))
    for row in table.itertuples(index=False):
        book.active.append(list(row))
    for cell in book.active["B"]:
        cell.number_format = "0.0"
    book.save(tmp_path / "s.xlsx")
    study = load_study(tmp_path / "s.xlsx", columns={"recording": "file"})
    first = study.row("bouts/00_1Per_Formalin_2107.0M_L1.csv")
    assert (first["animal"], first["fps"], first["n_frames"]) == ("2107.0", "60", "112499")
