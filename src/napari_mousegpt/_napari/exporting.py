"""Writing what is known of a recording to files, for the panel "Export". No window is needed."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_mousegpt._napari.bout_audit import write_audit
from napari_mousegpt._napari.exemplar_show import movie_parts, paced
from napari_mousegpt._napari.export_order import Order, targets
from napari_mousegpt._napari.jobs import own_reader
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.errors import InputError, MouseGPTError
from napari_mousegpt.reports.annotated_video import iter_annotate_video
from napari_mousegpt.reports.movies import MoviePart

if TYPE_CHECKING:
    from napari_mousegpt._napari.desk import Desk
    from napari_mousegpt._napari.scopes import Scope

__all__ = ["chosen_bouts", "export_parts", "in_words", "written"]


def chosen_bouts(
    desk: Desk,
    scope: Scope,
    *,
    status: str = "kept",
    source: str = "",
    individual: str | None = None,
) -> Ethogram:
    """Return the bouts that are to be written.

    Parameters
    ----------
    desk : Desk
        Of the recording.
    scope : Scope
        Chosen bouts are taken whole; bouts of an interval, or of what the timeline shows, are cut
        to it.
    status : str
        One of :data:`~napari_mousegpt._napari.export_order.STATUSES`.
    source : {"", "labels", "clusters"}
        Both kinds, or one.
    individual : str, optional
        Only of this one.
    """
    ethogram = desk.ethogram
    bouts, observed = ethogram.bouts, ethogram.observed
    if scope.kind == "interval" and desk.interval is None:
        bouts = bouts[np.isin(bouts.column("bout_id").astype(str), list(desk.selection))]
        observed = _cut(observed, scope.within)
    elif scope.within is not None:
        bouts, observed = _cut(bouts, scope.within), _cut(observed, scope.within)
    keep = np.ones(len(bouts), dtype=bool)
    if status == "accepted":
        keep &= bouts.column("status") == "accepted"
    elif status == "kept":
        keep &= bouts.column("status") != "rejected"
    if source:
        keep &= (bouts.column("source") == "cluster") == (source == "clusters")
    bouts = bouts[keep]
    if individual is not None:
        bouts, observed = (
            bouts.select(individual=individual),
            observed.select(individual=individual),
        )
    return Ethogram(bouts, observed)


def _cut(rows: Intervals, within: Intervals | None) -> Intervals:
    """Return the parts of rows inside one stretch, or inside the span of several."""
    if within is None or not len(within):
        return rows
    return rows.clip(int(within.start.min()), int(within.stop.max()))


def export_parts(order: Order) -> Generator[Any, None, list[Path]]:
    """Write what was ordered and return the files; each is there whole or not at all."""
    found = targets(order)
    if order.kind == "exemplars":
        recordings = {order.recording.id: order.recording}
        return (
            yield from movie_parts(
                recordings, order.ethogram, found, order.exemplars, order.colours,
                overwrite=order.overwrite,
            )
        )  # fmt: skip
    if order.kind == "video":
        with ExitStack() as readers:
            own = own_reader(order.recording, readers)
            yield from paced(
                iter_annotate_video(
                    own, order.ethogram, order.path, order.annotate, colours=order.colours,
                    overwrite=order.overwrite,
                )
            )  # fmt: skip
        return [order.path]
    yield MoviePart("write", 0, 1, 0.0)
    if order.kind == "audit":
        write_audit(order.path, order.book)
    else:
        from napari_mousegpt.runs.exporting import export

        clocks = {order.recording.id: order.recording.timebase}
        export(
            order.ethogram, order.path, clocks, format=order.kind,  # type: ignore[arg-type]
            overwrite=order.overwrite,
        )  # fmt: skip
    yield MoviePart("write", 1, 1, 0.0)
    return [order.path]


def written(files: Sequence[Path]) -> str:
    """Return where files lie, as a sentence."""
    if len(files) == 1:
        return f"Written: {files[0]}"
    names = ", ".join(file.name for file in files)
    return f"Written in {files[0].parent}: {names}"


def in_words(error: Exception) -> Exception:
    """Return an error with what to do about it in the words of the panel."""
    if isinstance(error, MouseGPTError) and "ethogram.select(individual" in error.remedy:
        return InputError(
            error.subject, expected=error.expected, found=error.found,
            remedy='Choose one under "Animal".',
        )  # fmt: skip
    return error
