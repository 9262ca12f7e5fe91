"""The verb ``exemplars``: the bouts that stand for a label, and a movie of them."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from napari_mousegpt.core.colours import palette
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import InputError
from napari_mousegpt.reports.exemplar_choice import HOW, choose_exemplars
from napari_mousegpt.reports.grid_movie import GridPage
from napari_mousegpt.reports.grid_plan import GridParams, GridPlan, plan_grid
from napari_mousegpt.reports.movies import MovieClock, MoviePart, check_target, movie_writer

__all__ = ["ExemplarParams", "Exemplars", "exemplars", "iter_exemplars", "plan_exemplars"]


@dataclass(frozen=True)
class ExemplarParams:
    """Which bouts are shown, and how.

    Parameters
    ----------
    n : int
        At most so many.
    how : {"typical", "random", "longest", "confident"}
        Which go first, see :func:`~napari_mousegpt.reports.exemplar_choice.choose_exemplars`.
    seed : int
        For ``"random"``.
    grid : GridParams
        How the movie looks.
    """

    n: int = 12
    how: Literal["typical", "random", "longest", "confident"] = "typical"
    seed: int = 0
    grid: GridParams = field(default_factory=GridParams)

    def __post_init__(self) -> None:
        if self.n < 1:
            raise InputError(f"n={self.n}", expected="1 or more")
        if self.how not in HOW:
            raise InputError(f"how={self.how!r}", expected=f"one of {', '.join(HOW)}")


@dataclass(frozen=True, eq=False)
class Exemplars:
    """Bouts that stand for a label.

    Parameters
    ----------
    bouts : Ethogram
        With a column ``rank``: the place of each in the movie, row by row.
    path : Path or None
        The movie, if one was asked for.
    """

    bouts: Ethogram
    path: Path | None


def exemplars(
    recordings: Recording | Iterable[Recording],
    ethogram: Ethogram,
    label: str,
    path: str | os.PathLike[str] | None = None,
    params: ExemplarParams | None = None,
    *,
    colours: Mapping[str, str] | None = None,
    overwrite: bool = False,
) -> Exemplars:
    """Choose the bouts that stand for a label and write a movie of them, side by side.

    Each clip is centred on the animal and turned so that it looks up. All bouts begin at the same
    moment, marked by a frame in the colour of the label; a clip that is over holds and darkens.

    Parameters
    ----------
    recordings : Recording, or several
        Where the bouts are. Bouts of others are left out.
    ethogram : Ethogram
        Labels or clusters.
    label : str
        Which of them.
    path : path-like, optional
        Movie, ``.mp4`` or ``.gif``. Without one the bouts are chosen and nothing is written.
    params : ExemplarParams, optional
        How many, which, and how they are shown.
    colours : mapping of str to str, optional
        ``"#rrggbb"`` of each label; those of all labels of the ethogram by default.
    overwrite : bool
        Replace a movie that is there.

    Returns
    -------
    Exemplars

    Raises
    ------
    InputError
        When there is no such bout, or a recording has no video.
    OutputExistsError
        When the movie is there, and ``overwrite`` is off.
    StorageError
        When the movie cannot be written; what was there before is as it was.
    """
    parts = iter_exemplars(
        recordings, ethogram, label, path, params, colours=colours, overwrite=overwrite
    )
    while True:
        try:
            next(parts)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def iter_exemplars(
    recordings: Recording | Iterable[Recording],
    ethogram: Ethogram,
    label: str,
    path: str | os.PathLike[str] | None = None,
    params: ExemplarParams | None = None,
    *,
    colours: Mapping[str, str] | None = None,
    overwrite: bool = False,
) -> Generator[MoviePart, None, Exemplars]:
    """Do what :func:`exemplars` does, step by step.

    A movie is there whole or not at all: closing the generator leaves ``path`` as it was. Clips
    are read page by page, so a thousand of them take no more memory than one page.

    Yields
    ------
    MoviePart
        After each picture that was read or written.
    """
    settings = params or ExemplarParams()
    by_id = _by_id(recordings)
    target = None
    if path is not None:
        target = check_target(path, overwrite=overwrite, recordings=by_id.values())
    chosen, plan = plan_exemplars(by_id, ethogram, label, settings)
    if target is None:
        return Exemplars(chosen, None)
    shades = dict(colours or palette(ethogram.labels))
    yield from _write(target, by_id, plan, shades)
    return Exemplars(chosen, target)


def plan_exemplars(
    recordings: Mapping[str, Recording], ethogram: Ethogram, label: str, params: ExemplarParams
) -> tuple[Ethogram, GridPlan]:
    """Return the chosen bouts and how they are laid out.

    Raises
    ------
    InputError
        When none of the recordings has such a bout.
    """
    mine = ethogram.select(recording=list(recordings))
    chosen = choose_exemplars(mine, label, params.n, params.how, params.seed)
    return chosen, plan_grid(recordings, chosen, params.grid)


def _write(
    target: Path, recordings: Mapping[str, Recording], plan: GridPlan, colours: Mapping[str, str]
) -> Generator[MoviePart]:
    shown = sorted({cell.label for page in plan.pages for cell in page})
    kept = [colours[label] for label in shown if label in colours]
    pages = range(len(plan.pages))
    total = plan.n_pictures + sum(map(plan.reads, pages))
    done, begun = 0, time.monotonic()

    def part(step: str) -> MoviePart:
        nonlocal done, begun
        before, begun, done = begun, time.monotonic(), done + 1
        return MoviePart(step, done, total, begun - before)

    with movie_writer(target, MovieClock(plan.rate), colours=kept) as add:
        for number in pages:
            with closing(GridPage(plan, number, colours)) as page:
                for _ in page.load(recordings):
                    yield part("read")
                for picture in range(page.n_pictures):
                    add(page.picture(picture))
                    yield part("write")


def _by_id(recordings: Recording | Iterable[Recording]) -> dict[str, Recording]:
    found: Sequence[Recording] = (
        [recordings] if isinstance(recordings, Recording) else list(recordings)
    )
    by_id = {recording.id: recording for recording in found}
    if len(by_id) < len(found):
        raise InputError(
            "recordings",
            expected="unique ids",
            found="one id twice",
            remedy="Open them with id=....",
        )
    return by_id
