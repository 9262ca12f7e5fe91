"""Grid movies: every clip shows its frames, all bouts begin at once, memory stays flat."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from napari_mousegpt.clips import CropParams
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, OutputExistsError
from napari_mousegpt.reports import grid_movie
from napari_mousegpt.reports.crop_store import CropStore
from napari_mousegpt.reports.exemplar_movie import ExemplarParams, exemplars, iter_exemplars
from napari_mousegpt.reports.grid_movie import GridPage
from napari_mousegpt.reports.grid_plan import GridParams, GridPlan, plan_grid
from support.arrow import arrow_recording, read_arrow, read_count

ORANGE = {"walking": "#e69f00"}
GRID = GridParams(columns=2, crops=CropParams(side=96, smooth_s=0.05))
N_BEFORE = 15


def bouts(start: list[int], stop: list[int], recording: str = "arrow") -> Ethogram:
    table = Intervals.build(recording, start, stop, "m1", label="walking")
    return Ethogram(table.assign(rank=np.arange(len(start))))


@pytest.fixture(scope="module")
def page() -> Iterator[GridPage]:
    """Bouts of 20, 40, 60 frames, one as the recording begins and one as it ends."""
    recordings = {"arrow": arrow_recording(300)}
    plan = plan_grid(recordings, bouts([50, 101, 180, 4, 290], [70, 141, 240, 24, 300]), GRID)
    with closing(GridPage(plan, 0, ORANGE)) as made:
        parts = list(made.load(recordings))
        assert parts[-1].done == parts[-1].total == len(parts)
        yield made


def cells(page: GridPage, number: int) -> list[np.ndarray]:
    """Cut the clips out of a picture of the page."""
    picture = page.picture(number)
    found = []
    for index in range(len(page.cells)):
        top, left = page._corner(index)
        found.append(picture[top : top + 96, left : left + 96])
    return found


def counts(page: GridPage, number: int) -> list[float]:
    return [read_count(cell[16:80, 16:80]) for cell in cells(page, number)]


def test_all_bouts_begin_in_the_same_picture(page: GridPage) -> None:
    assert page.plan.begin == N_BEFORE
    begins = [0, 1, 30, 4, 40]  # frames are counted to fifty
    assert counts(page, N_BEFORE) == pytest.approx(begins, abs=0.3)
    assert counts(page, N_BEFORE + 1) == pytest.approx([n + 1 for n in begins], abs=0.3)
    assert counts(page, N_BEFORE - 1) == pytest.approx(
        [n - 1 if n else 49 for n in begins], abs=0.3
    )


def test_every_clip_looks_up_in_every_picture(page: GridPage) -> None:
    for number in range(N_BEFORE, 34, 6):
        for cell, clip in zip(page.cells, cells(page, number), strict=True):
            if number >= len(cell.frames):
                continue  # it is over
            x, y, way = read_arrow(clip)
            assert (x, y) == pytest.approx((47.5, 44.3), abs=3)
            assert way == pytest.approx(90, abs=5)


def test_a_clip_that_is_over_holds_and_darkens(page: GridPage) -> None:
    # The bout of 20 frames and half a second behind it: 15 + 20 + 15 pictures.
    last, over, late = (cells(page, number)[0].astype(float) for number in (49, 50, 80))
    assert page.n_pictures == 15 + 60 + 15
    assert late.mean() == pytest.approx(0.35 * last.mean(), rel=0.1)
    assert last.mean() > over.mean() > late.mean()


def test_what_was_before_the_recording_is_empty_and_its_end_holds(page: GridPage) -> None:
    first = cells(page, 0)
    assert first[3].max() < 45  # frame -11
    assert first[0].max() > 200
    assert len(page.cells[4].frames) == 15 + 10  # the recording ends with the bout


def test_the_beginning_of_a_bout_is_marked_by_a_frame_and_its_length_by_a_dot(
    page: GridPage,
) -> None:
    orange = np.array([230, 159, 0])

    def marked(number: int) -> tuple[bool, bool]:
        picture = page.picture(number).astype(int)
        top, left = page._corner(0)
        frame = np.abs(picture[top - 2 : top, left + 30 : left + 60] - orange).max() < 30
        dot = np.abs(picture[top + 7, left + 7] - orange).max() < 30
        return bool(frame), bool(dot)

    shown = [marked(number) for number in range(40)]
    assert [number for number, (frame, _) in enumerate(shown) if frame] == list(range(15, 21))
    assert [number for number, (_, dot) in enumerate(shown) if dot] == list(range(15, 35))


def test_a_click_finds_its_bout(page: GridPage) -> None:
    top, left = page._corner(3)
    found = page.cell_at(left + 5, top + 5)
    assert found is page.cells[3]
    assert found is not None
    assert (found.start, found.stop) == (4, 24)
    assert page.cell_at(2, 2) is None
    assert page.cell_at(left + 300, top + 5) is None


def plan_of(recording: object, start: int, stop: int, **values: float) -> GridPlan:
    found = bouts([start], [stop])
    return plan_grid({"arrow": recording}, found, replace(GRID, **values))  # type: ignore[arg-type,dict-item]


def test_speed_takes_frames_as_they_were_on_screen() -> None:
    recording = arrow_recording(300)
    slow = plan_of(recording, 100, 102, speed=0.5, before_s=0.1, after_s=0).pages[0][0]
    assert slow.frames.tolist() == [97, 97, 98, 98, 99, 99, 100, 100, 101, 101]
    fast = plan_of(recording, 100, 108, speed=2, before_s=0.2, after_s=0).pages[0][0]
    assert fast.frames.tolist() == [94, 96, 98, 100, 102, 104, 106]


def test_a_long_bout_is_cut_and_its_dot_stays() -> None:
    cell = plan_of(arrow_recording(300), 100, 290, longest_s=1, after_s=0.5).pages[0][0]
    assert cell.frames.tolist() == list(range(85, 145))
    assert cell.bout_stop == 60


def test_a_variable_rate_follows_the_clock() -> None:
    # Ten pictures a second, then twenty.
    ticks = np.concatenate([np.arange(0, 1000, 100), np.arange(1000, 2000, 50)])
    clock = Timebase.from_pts(ticks, Fraction(1, 1000))
    recording = arrow_recording(30, clock=clock)
    plan = plan_of(recording, 10, 20, before_s=0.2, after_s=0)
    cell = plan.pages[0][0]
    assert cell.frames[plan.begin] == 10
    seconds = clock.time(10) + (np.arange(len(cell.frames)) - plan.begin) / float(plan.rate)
    shown = np.array([np.flatnonzero(clock.time(np.arange(30)) <= s + 1e-6)[-1] for s in seconds])
    assert cell.frames.tolist() == shown.tolist()


def test_recordings_of_several_rates_run_beside_each_other() -> None:
    recordings = {"arrow": arrow_recording(300), "slow": arrow_recording(300, fps=15, id="slow")}
    both = Ethogram(Intervals.concat([bouts([60], [90]).bouts, bouts([60], [75], "slow").bouts]))
    plan = plan_grid(recordings, both, replace(GRID, before_s=0.2, after_s=0.0))
    assert plan.rate == 30
    quick, slow = plan.pages[0]
    assert quick.frames.tolist() == list(range(54, 90))
    assert slow.frames.tolist() == [f for f in range(57, 75) for _ in range(2)]


def test_the_movie_holds_the_pages_in_order(tmp_path: Path) -> None:
    recording = arrow_recording(300)
    params = ExemplarParams(n=5, how="longest", grid=replace(GRID, per_page=2, after_s=0.2))
    found = bouts([20, 60, 110, 160, 230], [50, 89, 138, 187, 256])
    made = exemplars(recording, found, "walking", tmp_path / "a.mp4", params)
    assert made.bouts.bouts.start.tolist() == [20, 60, 110, 160, 230]
    with av.open(str(made.path)) as file:
        pictures = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
    lengths = [15 + 30 + 6, 15 + 28 + 6, 15 + 26 + 6]
    assert len(pictures) == sum(lengths)
    plan = plan_grid({"arrow": recording}, made.bouts, params.grid)
    assert [plan.length(page) for page in range(3)] == lengths
    first, off = 0, []
    for page, begins in enumerate([(20, 60), (110, 160), (230,)]):
        for step in (0, 7, 20):
            picture = pictures[first + N_BEFORE + step]
            for index, begin in enumerate(begins):
                left = (picture.shape[1] - 2 * 102 + 6) // 2 + 102 * index
                clip = picture[26 + 16 : 26 + 80, left + 16 : left + 80]
                off.append(read_count(clip) - (begin + step) % 50)
        first += lengths[page]
    # The codec blurs the counts a little; a picture too early or late would shift them all.
    assert np.abs(off).max() < 2
    assert abs(np.mean(off)) < 0.4


def test_progress_counts_all_that_is_read_and_written(tmp_path: Path) -> None:
    params = ExemplarParams(grid=replace(GRID, per_page=1))
    found = bouts([50, 90], [70, 110])
    parts = list(iter_exemplars(arrow_recording(300), found, "walking", tmp_path / "a.mp4", params))
    assert [part.done for part in parts] == list(range(1, 2 * (50 + 50) + 1))
    assert {part.total for part in parts} == {200}
    steps = [part.step for part in parts]
    assert steps == (["read"] * 50 + ["write"] * 50) * 2


def test_pages_are_dropped_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores: list[CropStore] = []
    counts: list[int] = []

    class Watched(CropStore):
        def __init__(self) -> None:
            super().__init__()
            stores.append(self)
            counts.append(sum(not store._file.closed for store in stores))

    monkeypatch.setattr(grid_movie, "CropStore", Watched)
    params = ExemplarParams(grid=replace(GRID, per_page=1))
    found = bouts([50, 90, 130], [60, 100, 140])
    exemplars(arrow_recording(300), found, "walking", tmp_path / "a.mp4", params)
    assert counts == [1, 1, 1]
    assert all(store._file.closed for store in stores)


def test_stopping_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"as it was")
    found = bouts([50], [70])
    with pytest.raises(OutputExistsError):
        exemplars(arrow_recording(300), found, "walking", path)
    for step in ("read", "write"):
        parts = iter_exemplars(arrow_recording(300), found, "walking", path, overwrite=True)
        assert any(part.step == step for part in parts)
        parts.close()
        assert path.read_bytes() == b"as it was"
        assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("count", "shape"),
    [(1, (1, 1)), (2, (1, 2)), (5, (2, 3)), (8, (2, 4)), (9, (3, 3)), (12, (3, 4))],
)
def test_the_grid_leaves_few_places_empty(count: int, shape: tuple[int, int]) -> None:
    start = list(range(0, 10 * count, 10))
    plan = plan_grid({"arrow": arrow_recording(300)}, bouts(start, [s + 5 for s in start]),
                     GridParams())  # fmt: skip
    assert (plan.rows, plan.columns) == shape


def test_without_a_path_the_bouts_are_chosen() -> None:
    chosen = exemplars(arrow_recording(300), bouts([50, 90], [70, 99]), "walking")
    assert chosen.path is None
    assert len(chosen.bouts) == 2


def test_bouts_that_do_not_fit_are_refused() -> None:
    recordings = {"arrow": arrow_recording(300)}
    with pytest.raises(InputError, match="all recordings of the bouts"):
        plan_grid(recordings, bouts([1], [2], "other"), GRID)
    with pytest.raises(InputError, match="within its 300 frames"):
        plan_grid(recordings, bouts([300], [310]), GRID)
    with pytest.raises(InputError, match="at least one bout"):
        plan_grid(recordings, bouts([], []), GRID)
    with pytest.raises(InputError, match="unique ids"):
        exemplars([arrow_recording(), arrow_recording()], bouts([1], [5]), "walking")
    for values in ({"per_page": 0}, {"speed": 0}, {"longest_s": 0}, {"before_s": -1}):
        with pytest.raises(InputError, match="grid"):
            GridParams(**values)  # type: ignore[arg-type]


MEASURE = """
import resource, sys
import numpy as np
from napari_mousegpt.clips import CropParams
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.reports.exemplar_movie import ExemplarParams, exemplars
from napari_mousegpt.reports.grid_plan import GridParams
from support.arrow import arrow_recording

recording = arrow_recording(6000, size=(64, 80))
start = np.arange(0, 6000, 6)
found = Ethogram(Intervals.build("arrow", start, start + 5, "m1", label="walking"))
grid = GridParams(before_s=0.05, after_s=0.0, crops=CropParams(side=64))
for n in (36, 1000):
    params = ExemplarParams(n, grid=grid)
    made = exemplars(recording, found, "walking", sys.argv[1], params, overwrite=True)
    assert len(made.bouts) == n
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="counts memory in KiB, as Linux does")
def test_a_thousand_clips_take_the_memory_of_a_page(tmp_path: Path) -> None:
    folder = Path(__file__).parents[2]
    answer = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path / "a.mp4")],
        cwd=folder,
        env={"PYTHONPATH": f"{folder}:{folder.parent / 'src'}", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    one_page, many_pages = map(int, answer.stdout.split())
    # A thousand clips of 7 pictures are 82 MiB as they are; the rest is what libraries keep.
    assert many_pages - one_page < 24 * 1024
