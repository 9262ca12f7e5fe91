"""Plain tables, with a header that explains them or a stated layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_mousegpt.errors import FormatError, InputError, MismatchError
from napari_mousegpt.io.pose_plain import PlainLayout, read_plain


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_a_header_explains_the_columns_in_any_order(tmp_path: Path) -> None:
    header = "frame,tail_y,tail_x,nose.x,nose.y,nose.p,temperature"
    text = f"{header}\n0,1,2,3,4,0.5,hot\n1,5,6,7,8,0.6,hot\n"
    tracks = read_plain(write(tmp_path / "m.csv", text))
    assert tracks.keypoints == ("tail", "nose")
    assert tracks.position[1, :, 0, 0].tolist() == [6, 5]
    assert tracks.position[1, :, 1, 0].tolist() == [7, 8]
    assert tracks.confidence is not None
    np.testing.assert_array_equal(tracks.confidence[:, :, 0], [[np.nan, 0.5], [np.nan, 0.6]])
    assert tracks.notes == ("Columns not used: temperature.",)


def test_three_dimensions_and_gaps(tmp_path: Path) -> None:
    text = "n_x,n_y,n_z,n_score,fnum\n1,2,3,0.5,0\n4,5,6,0.6,2\n"
    tracks = read_plain(write(tmp_path / "m.csv", text))
    assert tracks.position[2, :, 0, 0].tolist() == [4, 5, 6]
    assert np.isnan(tracks.position[1]).all()


def test_a_short_line_is_named_even_where_words_stand(tmp_path: Path) -> None:
    text = "n_x,n_y,note\n1,2,a\n3,4\n"
    with pytest.raises(FormatError, match="line 3: expected 3 cells"):
        read_plain(write(tmp_path / "m.csv", text))


def test_a_header_without_points_asks_for_a_layout(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"nose_x, nose_y, found a, b.*PlainLayout"):
        read_plain(write(tmp_path / "m.csv", "a,b\n1,2\n"))


def test_a_layout_without_a_header(tmp_path: Path) -> None:
    layout = PlainLayout("nose tail", "x y z", unit="cm")
    tracks = read_plain(write(tmp_path / "m.csv", "1,2,3,4,5,6\n7,8,9,,,\n"), layout)
    assert tracks.position[0, :, 1, 0].tolist() == [4, 5, 6]
    assert np.isnan(tracks.position[1, :, 1, 0]).all()
    assert tracks.unit == "cm"


def test_a_layout_with_everything(tmp_path: Path) -> None:
    layout = PlainLayout(
        ("n",), ("x", "y", "likelihood"), ("a", "b"), header_lines=2, frame_column=True
    )
    text = "made by x\nf,1,2,3,4,5,6\n0,1,2,0.3,4,5,0.6\n2,7,8,0.9,1,2,0.3\n"
    tracks = read_plain(write(tmp_path / "m.csv", text), layout)
    assert tracks.individuals == ("a", "b")
    assert tracks.position[0, :, 0, 1].tolist() == [4, 5]
    assert len(tracks) == 3


def test_another_number_of_columns_is_a_mismatch(tmp_path: Path) -> None:
    path = write(tmp_path / "m.csv", "1,2,3,4,5\n")
    with pytest.raises(MismatchError, match=r"expected 4 columns.*2 keypoints x x y\), found 5"):
        read_plain(path, PlainLayout("nose tail"))
    with pytest.raises(FormatError, match="rows of numbers, found none"):
        read_plain(write(tmp_path / "h.csv", "head\n"), PlainLayout("nose", header_lines=1))


def test_layouts_need_unique_names() -> None:
    with pytest.raises(InputError, match="unique names"):
        PlainLayout("nose nose")
    with pytest.raises(InputError, match="at least one keypoint"):
        PlainLayout(())
