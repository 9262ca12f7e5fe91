"""What the panel "Export" is asked to write, and into which files. No window is needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from napari_mousegpt._napari.exemplar_show import exemplar_labels
from napari_mousegpt._napari.movie_names import safe
from napari_mousegpt.errors import InputError, OutputExistsError, StorageError
from napari_mousegpt.reports.annotated_video import AnnotateParams
from napari_mousegpt.reports.exemplar_movie import ExemplarParams

if TYPE_CHECKING:
    from napari_mousegpt.core.edit_book import BoutBook
    from napari_mousegpt.core.ethogram import Ethogram
    from napari_mousegpt.core.recording import Recording

__all__ = ["EACH", "KINDS", "STATUSES", "Kind", "Order", "targets"]

#: In place of a label: a movie for each.
EACH = "\x00each"


@dataclass(frozen=True)
class Kind:
    """One kind of file.

    Parameters
    ----------
    title : str
        What the panel calls it.
    about : str
        What is in it, as a sentence.
    endings : tuple of str
        The first one is the default.
    suffix : str
        End of the proposed name.
    """

    title: str
    about: str
    endings: tuple[str, ...]
    suffix: str


_TABLES = (".csv", ".tsv", ".parquet")

#: What can be written, by name; the first five are formats of the verb ``export``.
KINDS = {
    "bouts": Kind("Table of bouts", "One row for each bout.", _TABLES, "bouts"),
    "frames": Kind("Label of every frame", "One row for each frame.", _TABLES, "frames"),
    "boris": Kind("BORIS: events", "Aggregated events, as BORIS exports them.", _TABLES, "events"),
    "boris-project": Kind("BORIS: project", "A project that BORIS opens.", (".boris",), "project"),
    "boris-binary": Kind(
        "BORIS: binary table",
        "One row for each frame, 0 or 1 for each behaviour of one animal.",
        _TABLES,
        "binary",
    ),
    "audit": Kind(
        "Audit trail of corrections",
        "Who changed what and when, of the whole recording.",
        (".csv",),
        "audit",
    ),
    "video": Kind(
        "Annotated video",
        "The video with labels, skeletons and a timeline drawn on it.",
        (".mp4",),
        "annotated",
    ),
    "exemplars": Kind(
        "Exemplar movie",
        "Bouts of a label side by side, centred on the animal.",
        (".mp4", ".gif"),
        "exemplars",
    ),
}

#: Which bouts are written.
STATUSES = {"kept": "all that are not rejected", "accepted": "only accepted ones", "all": "all"}


@dataclass(frozen=True, eq=False)
class Order:
    """What is to be written where.

    Parameters
    ----------
    kind : str
        One of :data:`KINDS`.
    path : Path
    recording : Recording
    ethogram : Ethogram
        Bouts to write.
    book : BoutBook
        All bouts and corrections.
    overwrite : bool
        Replace files that are there.
    label : str
        Of exemplars; :data:`EACH` for a movie of each label.
    exemplars : ExemplarParams
    annotate : AnnotateParams
    colours : mapping of str to str
        Of each label.
    """

    kind: str
    path: Path
    recording: Recording
    ethogram: Ethogram
    book: BoutBook
    overwrite: bool = False
    label: str = EACH
    exemplars: ExemplarParams = field(default_factory=ExemplarParams)
    annotate: AnnotateParams = field(default_factory=AnnotateParams)
    colours: Mapping[str, str] = field(default_factory=dict)


def targets(order: Order) -> dict[str, Path]:
    """Return the files of an order by label (by ``""`` where there is one file), as they will be.

    Raises
    ------
    InputError
        When the ending does not fit, or there is nothing to write.
    OutputExistsError
        When a file is there, and it must not be replaced.
    StorageError
        When the folder is not there.
    """
    kind, path = KINDS[order.kind], order.path
    if path.suffix.lower() not in kind.endings:
        raise InputError(
            path,
            expected=f"a name ending in {' or '.join(kind.endings)}",
            found=path.suffix or "no ending",
            remedy="The ending says what kind of file is written.",
        )
    if order.kind != "audit" and not len(order.ethogram):
        raise InputError(
            order.recording.id,
            expected="bouts to write",
            found="none that is chosen" if len(order.book) else "none",
            remedy='Choose others under "Part" or "Bouts".'
            if len(order.book)
            else 'Mark some on the timeline, or use "Describe" first.',
        )
    if not path.parent.is_dir():
        raise StorageError(
            path, expected="a folder to write in", found="none", remedy="Make the folder first."
        )
    found = {"": path}
    if order.kind == "exemplars":
        labels = exemplar_labels([order.ethogram]) if order.label == EACH else [order.label]
        found = dict.fromkeys(labels, path)
        if order.label == EACH:
            found = _each(path, labels)
    there = [target for target in found.values() if target.exists()]
    if there and not order.overwrite:
        raise OutputExistsError(
            there[0],
            expected="a new file",
            found="one that is there already",
            remedy='Choose another name, or tick "Replace".',
        )
    return found


def _each(path: Path, labels: Iterable[str]) -> dict[str, Path]:
    """Return a path for each label; labels that differ in odd signs only get a number."""
    found: dict[str, Path] = {}
    for label in labels:
        name, number = safe(label), 1
        while (
            target := path.with_name(
                f"{path.stem}_{name}{'' if number == 1 else f'_{number}'}{path.suffix}"
            )
        ) in found.values():
            number += 1
        found[label] = target
    return found
