"""DeepLabCut tables: every layout, every way to be damaged."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.pose_deeplabcut import read_deeplabcut

HEADER = ["scorer,S,S,S,S,S,S", "bodyparts,nose,nose,nose,tail,tail,tail",
          "coords,x,y,likelihood,x,y,likelihood"]  # fmt: skip
ROWS = ["0,1,2,0.9,3,4,0.8", "1,5,6,0.7,7,8,0.6", "2,9,10,0.5,11,12,0.4"]


def write(path: Path, rows: list[str] = ROWS, header: list[str] = HEADER, end: str = "\n") -> Path:
    path.write_bytes((end.join([*header, *rows]) + end).encode())
    return path


def test_one_animal(tmp_path: Path) -> None:
    tracks = read_deeplabcut(write(tmp_path / "m.csv"))
    assert tracks.keypoints == ("nose", "tail")
    assert tracks.individuals == ("individual_0",)
    assert tracks.position[:, :, 1, 0].tolist() == [[3, 4], [7, 8], [11, 12]]
    assert tracks.confidence is not None
    assert tracks.confidence[:, 0, 0].tolist() == [0.9, 0.7, 0.5]


def test_several_animals_need_not_share_all_points(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text(
        "scorer,S,S,S,S,S,S\nindividuals,a,a,b,b,single,single\n"
        "bodyparts,nose,nose,nose,nose,corner,corner\ncoords,x,y,x,y,x,y\n0,1,2,3,4,5,6\n"
    )
    tracks = read_deeplabcut(path)
    assert tracks.individuals == ("a", "b", "single")
    assert tracks.keypoints == ("nose", "corner")
    assert tracks.position[0, :, 1, 2].tolist() == [5, 6]
    assert np.isnan(tracks.position[0, :, 0, 2]).all()
    assert tracks.confidence is None


def test_three_dimensions(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("scorer,S,S,S\nbodyparts,n,n,n\ncoords,x,y,z\n0,1,2,3\n1,4,5,6\n")
    assert read_deeplabcut(path).position[1, :, 0, 0].tolist() == [4, 5, 6]


def test_empty_cells_are_missing_and_shift_nothing(tmp_path: Path) -> None:
    tracks = read_deeplabcut(write(tmp_path / "m.csv", ["0,,,,3,4,0.8", "1,5,6,0.7,,,", ROWS[2]]))
    assert np.isnan(tracks.position[0, :, 0, 0]).all()
    assert tracks.position[0, :, 1, 0].tolist() == [3, 4]
    assert np.isnan(tracks.position[1, :, 1, 0]).all()
    assert tracks.position[2, :, 1, 0].tolist() == [11, 12]


def test_a_point_at_nothing_with_no_likelihood_was_not_found(tmp_path: Path) -> None:
    rows = ["0,0.0,0.0,0.0,3,4,0.8", "1,0,0,0.2,7,8,0.6"]
    tracks = read_deeplabcut(write(tmp_path / "m.csv", rows))
    assert np.isnan(tracks.position[0, :, 0, 0]).all()
    assert tracks.position[1, :, 0, 0].tolist() == [0, 0]
    assert tracks.confidence is not None
    assert tracks.confidence[0, 0, 0] == 0


@pytest.mark.parametrize(
    ("row", "line", "message"),
    [
        ("1,5,6,0.7,7,8", 5, "expected 7 cells as in the header, found 6"),
        ("1,5,6,0.7,7,8,0.6,9", 5, "expected 7 cells as in the header, found 8"),
        ("1,5,6,x,7,8,0.6", 5, "expected numbers, found 'x' in column 4"),
        ("1,5,6,inf,7,8,0.6", 5, "expected numbers, found 'inf' in column 4"),
        ("", 5, "found an empty line"),
        ("1", 5, "found 1"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, row: str, line: int, message: str) -> None:
    path = write(tmp_path / "m.csv", [ROWS[0], row, ROWS[2]])
    with pytest.raises(FormatError, match=rf"m\.csv, line {line}: .*{message}"):
        read_deeplabcut(path)


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_short_line_is_found_wherever_it_is(tmp_path: Path, position: int) -> None:
    rows = list(ROWS)
    rows[position] = rows[position].rsplit(",", 1)[0]
    with pytest.raises(FormatError, match=rf"line {4 + position}: .*found 6"):
        read_deeplabcut(write(tmp_path / "m.csv", rows))


def test_a_short_line_is_found_among_rows_that_end_empty(tmp_path: Path) -> None:
    rows = ["0,1,2,0.9,3,4,", "1,5,6,0.7,7,8", "2,9,10,0.5,11,12,"]
    with pytest.raises(FormatError, match="line 5"):
        read_deeplabcut(write(tmp_path / "m.csv", rows))


def test_empty_lines_at_the_end_are_no_rows(tmp_path: Path) -> None:
    assert len(read_deeplabcut(write(tmp_path / "m.csv", [*ROWS, "", ""]))) == 3


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_spreadsheets_may_have_saved_it(
    tmp_path: Path, end: str, mark: str, delimiter: str
) -> None:
    header = [mark + HEADER[0], *HEADER[1:]]
    lines = [line.replace(",", delimiter) for line in [*header, *ROWS]]
    if delimiter == ";":
        lines[3:] = [line.replace(".", ",") for line in lines[3:]]
    path = tmp_path / "m.csv"
    path.write_bytes((end.join(lines) + end).encode())
    tracks = read_deeplabcut(path)
    assert tracks.confidence is not None
    assert tracks.confidence[:, 1, 0].tolist() == [0.8, 0.6, 0.4]


def test_names_outside_ascii_and_outside_utf8(tmp_path: Path) -> None:
    for encoding in ("utf-8", "latin-1"):
        path = tmp_path / f"{encoding}.csv"
        path.write_bytes(
            "\n".join([*HEADER, *ROWS]).replace("nose", "schnäuzchen").encode(encoding)
        )
        assert read_deeplabcut(path).keypoints == ("schnäuzchen", "tail")


def test_gaps_in_the_frame_numbers_stay_gaps(tmp_path: Path) -> None:
    tracks = read_deeplabcut(write(tmp_path / "m.csv", [ROWS[0], "3,5,6,0.7,7,8,0.6"]))
    assert len(tracks) == 4
    assert tracks.position[3, :, 0, 0].tolist() == [5, 6]
    assert np.isnan(tracks.position[1:3]).all()
    assert tracks.notes == ("2 frames have no row; they are empty.",)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((0, 1, 1), "line 6: expected a frame after 1, found 1"),
        ((0, 2, 1), "line 6: expected a frame after 2, found 1"),
        ((1, 2, 3), "line 4: expected frame numbers from 0, found 1 for the first row"),
        ((0, 0.5, 1), "line 5: expected a frame number, found 0.5"),
        ((-1, 0, 1), "line 4: expected a frame number, found -1"),
        ((0, 1, 99_000), "line 6: expected frame numbers near the number of rows"),
    ],
)
def test_wrong_frame_numbers_are_refused(
    tmp_path: Path, numbers: tuple[float, ...], message: str
) -> None:
    rows = [f"{n},{row.split(',', 1)[1]}" for n, row in zip(numbers, ROWS, strict=True)]
    with pytest.raises(FormatError, match=message):
        read_deeplabcut(write(tmp_path / "m.csv", rows))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (HEADER[:2], "no coords"),
        ([HEADER[0], HEADER[1] + ",tail", HEADER[2]], "line 2: expected 7 cells as in line 1"),
        ([HEADER[0], HEADER[1].replace("tail", "nose"), HEADER[2]], "two for x of 'nose'"),
        ([HEADER[0], HEADER[1], HEADER[2].replace("y", "q", 1)], "expected x y of 'nose', found x"),
    ],
)
def test_a_damaged_header_is_refused(tmp_path: Path, header: list[str], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read_deeplabcut(write(tmp_path / "m.csv", header=header))


def test_further_columns_are_left_aside_and_told(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("scorer,S,S,S\nbodyparts,n,n,n\ncoords,x,y,x_var\n0,1,2,3\n")
    tracks = read_deeplabcut(path)
    assert tracks.position[0, :, 0, 0].tolist() == [1, 2]
    assert tracks.notes == ("Columns not used: x_var.",)


@pytest.mark.parametrize(
    "text",
    [
        "scorer,A,A\nbodyparts,n,n\ncoords,x,y\nlabeled-data/v/img0.png,1,2\n"
        "labeled-data/v/img7.png,,\n",
        "scorer,,,A,A\nbodyparts,,,n,n\ncoords,,,x,y\nlabeled-data,v,img0.png,1,2\n"
        "labeled-data,v,img7.png,,\n",
    ],
)
def test_manual_labels_are_other_frames(tmp_path: Path, text: str) -> None:
    path = tmp_path / "CollectedData.csv"
    path.write_text(text)
    with pytest.raises(FormatError, match=r"manual labels of single pictures \(labeled-data"):
        read_deeplabcut(path)
    tracks = read_deeplabcut(path, manual_labels=True)
    assert tracks.images == ("labeled-data/v/img0.png", "labeled-data/v/img7.png")
    assert tracks.position[0, :, 0, 0].tolist() == [1, 2]
    assert np.isnan(tracks.position[1]).all()


def test_files_of_other_kinds_are_refused(tmp_path: Path) -> None:
    for name, data, message in (
        ("empty.csv", b"", "an empty file"),
        ("noise.csv", b"\x00\x01" * 50, "binary data"),
        ("words.csv", b"a,b\n1,2\n", "no scorer, bodyparts, coords"),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(FormatError, match=message):
            read_deeplabcut(path)


@settings(max_examples=25, deadline=None)
@given(
    values=st.lists(
        st.lists(
            st.none() | st.floats(-1e4, 1e4, allow_nan=False, allow_subnormal=False),
            min_size=4,
            max_size=4,
        ),
        min_size=1,
        max_size=6,
    )
)
def test_every_number_comes_back_as_written(
    tmp_path_factory: pytest.TempPathFactory, values: list[list[float | None]]
) -> None:
    path = tmp_path_factory.mktemp("dlc") / "m.csv"
    body = "".join(
        f"{i}," + ",".join("" if v is None else repr(v) for v in row) + "\n"
        for i, row in enumerate(values)
    )
    path.write_text("scorer,S,S,S,S\nbodyparts,a,a,b,b\ncoords,x,y,x,y\n" + body)
    found = read_deeplabcut(path).position[..., 0].transpose(0, 2, 1).reshape(len(values), 4)
    np.testing.assert_array_equal(found, np.array(values, dtype=float))


def table(rows: int = 4) -> pd.DataFrame:
    columns = pd.MultiIndex.from_product(
        [["S"], ["nose", "tail"], ["x", "y", "likelihood"]], names=["scorer", "bodyparts", "coords"]
    )
    return pd.DataFrame(np.arange(6.0 * rows).reshape(rows, 6) + 1, columns=columns)


@pytest.mark.parametrize("format_", ["table", "fixed"])
@pytest.mark.parametrize("mixed", [False, True])
def test_both_h5_layouts_equal_the_csv(tmp_path: Path, format_: str, mixed: bool) -> None:
    pytest.importorskip("tables", reason="writes the file; reading does not need it")
    frame = table()
    frame.iloc[2, 3] = np.nan
    frame.iloc[1, 3:6] = 0.0  # not found
    frame.to_csv(tmp_path / "m.csv")
    if mixed:
        frame = frame.astype(dict.fromkeys(frame.columns[1:4], "float32"))
    frame.to_hdf(tmp_path / "m.h5", key="df_with_missing", mode="w", format=format_)
    from_csv = read_deeplabcut(tmp_path / "m.csv")
    from_h5 = read_deeplabcut(tmp_path / "m.h5")
    np.testing.assert_array_equal(from_csv.position, from_h5.position)
    np.testing.assert_array_equal(from_csv.confidence, from_h5.confidence)
    assert from_csv.keypoints == from_h5.keypoints
    assert np.isnan(from_h5.position[1, :, 1, 0]).all()


def test_points_not_found_are_hidden_in_every_piece_of_a_long_table(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    values = rng.uniform(1, 9, (10_000, 6))
    gone = np.sort(rng.choice(10_000, 50, replace=False))
    values[gone, 3:6] = 0
    values[17, 0:2] = 0  # at the corner, and found
    rows = [f"{i}," + ",".join(map(repr, row)) for i, row in enumerate(values.tolist())]
    tracks = read_deeplabcut(write(tmp_path / "m.csv", rows))
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(tracks.position[:, 0, 1, 0])), gone)
    assert np.isfinite(tracks.position[:, :, 0]).all()
    assert tracks.confidence is not None
    np.testing.assert_array_equal(tracks.confidence[:, :, 0], values[:, 2::3])


def test_h5_with_gaps_and_nameless_levels(tmp_path: Path) -> None:
    pytest.importorskip("tables", reason="writes the file; reading does not need it")
    frame = table(2)
    frame.columns.names = [None, None, None]
    frame.index = pd.Index([0, 3])
    frame.to_hdf(tmp_path / "m.h5", key="df", mode="w")
    tracks = read_deeplabcut(tmp_path / "m.h5")
    assert len(tracks) == 4
    assert tracks.position[3, :, 1, 0].tolist() == [10, 11]


def test_h5_with_rows_named_by_three_levels_is_manual(tmp_path: Path) -> None:
    pytest.importorskip("tables", reason="writes the file; reading does not need it")
    frame = table(2).drop(columns="likelihood", level="coords")
    frame.index = pd.MultiIndex.from_tuples([("labeled-data", "v", f"img{i}.png") for i in (0, 7)])
    frame.to_hdf(tmp_path / "m.h5", key="keypoints", mode="w")
    with pytest.raises(FormatError, match="manual labels"):
        read_deeplabcut(tmp_path / "m.h5")
    tracks = read_deeplabcut(tmp_path / "m.h5", manual_labels=True)
    assert tracks.images == ("labeled-data/v/img0.png", "labeled-data/v/img7.png")


def test_a_cut_h5_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file["df/block0_values"] = np.zeros((100, 6))
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(FormatError, match=r"whole HDF5 table.*export it again"):
        read_deeplabcut(path)
