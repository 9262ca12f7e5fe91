"""Which images are a sequence, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_mousegpt.errors import InputError
from napari_mousegpt.io.image_names import find_images, is_pattern, natural_key


def touched(folder: Path, *names: str) -> list[str]:
    folder.mkdir(exist_ok=True, parents=True)
    for name in names:
        (folder / name).write_bytes(b"")
    return [str(folder / name) for name in names]


def names(paths: tuple[str, ...]) -> list[str]:
    return [Path(path).name for path in paths]


@given(st.lists(st.integers(0, 10**12), unique=True, min_size=1))
def test_names_are_ordered_by_their_number(numbers: list[int]) -> None:
    paths = sorted((f"/a/cam2_{n}.png" for n in numbers), key=natural_key)
    assert [int(Path(p).stem[5:]) for p in paths] == sorted(numbers)


def test_a_folder_a_pattern_and_a_list_give_the_same_order(tmp_path: Path) -> None:
    paths = touched(tmp_path / "ä b", *(f"frame{i}.png" for i in (10, 9, 2, 1)))
    wanted = ["frame1.png", "frame2.png", "frame9.png", "frame10.png"]
    folder = find_images(tmp_path / "ä b")
    assert names(folder.paths) == wanted
    assert "natural order of their names, frame1.png to frame10.png" in folder.notes[0]
    assert names(find_images(str(tmp_path / "ä b" / "*.png")).paths) == wanted
    listed = find_images(paths)
    assert names(listed.paths) == wanted
    assert "The list came in another order." in listed.notes[0]
    assert "another order" not in find_images(paths[::-1]).notes[0]
    assert listed.pattern is None
    assert folder.pattern is not None
    assert folder.pattern.endswith("*.png")


def test_absent_numbers_are_named_and_nothing_is_renumbered(tmp_path: Path) -> None:
    touched(tmp_path, *(f"f{i:04d}.tif" for i in (1, 2, 3, 5, 6, 10)))
    found = find_images(tmp_path)
    assert len(found.paths) == 6
    assert "Numbers are absent from the names: 4, 7 to 9." in found.notes[1]
    assert found.problems == found.notes[1:]
    touched(tmp_path / "even", *(f"f{i}.tif" for i in range(0, 20, 5)))
    assert len(find_images(tmp_path / "even").notes) == 1  # every fifth is no gap


def test_doubtful_numbers_are_noted(tmp_path: Path) -> None:
    touched(tmp_path / "a", "f1.png", "f01.png", "f2.png")
    assert "The number 1 occurs more than once." in find_images(tmp_path / "a").notes
    touched(tmp_path / "b", "c1_f1.png", "c1_f2.png", "c2_f1.png", "c2_f2.png")
    assert "2 numbers in the names change" in find_images(tmp_path / "b").notes[1]
    touched(tmp_path / "c", "dawn.png", "dusk.png")
    assert names(find_images(tmp_path / "c").paths) == ["dawn.png", "dusk.png"]


def test_two_sequences_in_one_folder_are_not_mixed(tmp_path: Path) -> None:
    touched(tmp_path / "a", "left_1.png", "left_2.png", "right_1.png", "right_2.png")
    with pytest.raises(InputError, match=r"one sequence, found 2 left_#\.png, 2 right_#\.png.*\*"):
        find_images(tmp_path / "a")
    assert len(find_images(str(tmp_path / "a" / "left*")).paths) == 2
    touched(tmp_path / "b", "1.png", "2.png", "1.jpg")
    with pytest.raises(InputError, match="found 2 png, 1 jpg"):
        find_images(tmp_path / "b")


def test_other_files_are_left_out_and_counted(tmp_path: Path) -> None:
    touched(tmp_path, "1.png", "2.png", ".3.png", "notes.txt", "Thumbs.db")
    found = find_images(tmp_path)
    assert names(found.paths) == ["1.png", "2.png"]
    assert "2 files of other kinds are left out." in found.notes


def test_nothing_missing_twice_and_other_kinds(tmp_path: Path) -> None:
    one, two, text = touched(tmp_path, "1.png", "2.png", "a.txt")
    with pytest.raises(InputError, match=r"images \(png, .*found no files"):
        find_images(str(tmp_path / "x*.png"))
    with pytest.raises(InputError, match="found 1 files of other kinds"):
        find_images(str(tmp_path / "*.txt"))
    with pytest.raises(InputError, match=r"9\.png: expected an image, found no such file"):
        find_images([one, str(tmp_path / "9.png")])
    with pytest.raises(InputError, match=r"1\.png: expected each image once, found 2 times"):
        find_images([one, two, one])
    with pytest.raises(InputError, match=r"a\.txt: expected an image.*another kind"):
        find_images([one, text])
    with pytest.raises(InputError, match="at least one"):
        find_images([])


def test_a_file_whose_name_looks_like_a_pattern(tmp_path: Path) -> None:
    (path,) = touched(tmp_path / "run [1]", "f[1].tif")
    assert not is_pattern(path)
    assert is_pattern(str(tmp_path / "*.tif"))
    assert names(find_images(tmp_path / "run [1]").paths) == ["f[1].tif"]
