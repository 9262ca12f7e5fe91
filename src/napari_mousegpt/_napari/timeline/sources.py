"""What is known about a recording, as tracks of the timeline. No window is needed.

Tracks stand in the order a reader needs them: what was done to the animals (epochs), then for each
individual the labels by hand, those of the model, its clusters, how sure they are, zones, curves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt._napari.timeline.said import Columns, confidence_curve, words_for
from napari_mousegpt._napari.timeline.tracks import BoutTrack, CurveTrack, Track

if TYPE_CHECKING:
    from napari_mousegpt._napari.extras import Extras
    from napari_mousegpt.core.intervals import Intervals
    from napari_mousegpt.core.recording import Recording
    from napari_mousegpt.features import FrameFeatures

__all__ = [
    "KINDS",
    "bout_tracks",
    "build_tracks",
    "curve_tracks",
    "epoch_tracks",
    "kept_tracks",
    "measure_title",
    "trace_tracks",
    "zone_tracks",
]

#: Kind of track for each source of a bout. Labels that were imported are labels of people, too.
KINDS = {"human": "human", "import": "human", "model": "model", "cluster": "cluster"}
_TITLES = {"human": "by hand", "model": "model", "cluster": "clusters"}


def build_tracks(
    recording: Recording, columns: Columns, extras: Extras, visits: Intervals | None = None
) -> list[Track]:
    """Return every track of a recording.

    Parameters
    ----------
    recording : Recording
        What the timeline shows.
    columns : mapping of str to ndarray
        Its bouts: ``bout_id``, ``individual``, ``start``, ``stop``, ``label``, ``source``,
        ``confidence``, ``status``, each shape (n,), sorted by start.
    extras : Extras
        What stands beside the bouts. What is not measured yet is left out.
    visits : Intervals, optional
        Visits to zones that a person measured; those of the extras otherwise.

    Returns
    -------
    list of BoutTrack or CurveTrack
        With unique keys. Each individual has a track of labels by hand, if only an empty one, so
        that there is a place to mark.
    """
    n_frames = recording.n_frames
    visits = extras.measured.zones(recording) if visits is None else visits
    features = extras.measured.features(recording) or {}
    rows = _rows_of_each(columns["individual"], recording.individuals)
    tracks: list[Track] = list(epoch_tracks(extras.epochs, n_frames))
    for who, mine in rows.items():
        bouts = {name: values[mine] for name, values in columns.items()}
        called = "picture" if len(rows) > 1 and not who else ""
        tracks += bout_tracks(who, bouts, extras.words, called)
        sure = confidence_curve(bouts, n_frames)
        if sure is not None:
            title = _title(called, "confidence")
            tracks.append(CurveTrack(f"confidence/{who}", title, "confidence", who, sure))
        if visits is not None:
            tracks += zone_tracks(who, visits, n_frames)
        if who in features:
            tracks += trace_tracks(who, features[who], extras.traces)
        tracks += curve_tracks(who, extras, n_frames)
    strangers = dict.fromkeys(curve.individual for curve in extras.curves)
    for who in [name for name in strangers if name not in rows]:
        tracks += curve_tracks(who, extras, n_frames)
    if "" in features and "" not in rows:
        # A silhouette is of the one animal, whatever it is called.
        tracks += trace_tracks("", features[""], extras.traces)
    return tracks


def _rows_of_each(individual: NDArray[Any], known: Sequence[str]) -> dict[str, NDArray[np.intp]]:
    """Return the rows of each individual, the tracked ones first.

    Labels of the whole picture are those of the animal where there is one only.
    """
    codes, said = pd.factorize(individual)
    names = [str(name) for name in said]
    rows = {name: np.flatnonzero(codes == code) for code, name in enumerate(names)}
    people = [*known, *sorted(name for name in names if name and name not in known)]
    if len(people) == 1 and "" in rows:
        rows[people[0]] = np.sort(np.append(rows.get(people[0], rows[""][:0]), rows.pop("")))
    if "" in rows or not people:
        people.append("")
    nobody = np.empty(0, dtype=np.intp)
    return {name: rows.get(name, nobody) for name in people}


def bout_tracks(
    individual: str, columns: Columns, words: pd.DataFrame | None = None, called: str = ""
) -> list[BoutTrack]:
    """Return the bouts of one individual, a track for each who says so.

    Parameters
    ----------
    individual : str
        Whose bouts these are.
    columns : mapping of str to ndarray
        Bouts of this individual only, sorted by start.
    words : DataFrame, optional
        Descriptions, for what the tooltips say.
    called : str
        What stands before the title.
    """
    codes, sources = pd.factorize(columns["source"])
    kinds = np.array([KINDS[str(source)] for source in sources], dtype=object)
    tracks = []
    for kind, title in _TITLES.items():
        rows = np.flatnonzero(np.isin(codes, np.flatnonzero(kinds == kind)))
        if not len(rows) and kind != "human":
            continue
        start, stop = columns["start"][rows], columns["stop"][rows]
        tracks.append(
            BoutTrack(
                f"{kind}/{individual}",
                _title(called, title),
                kind,
                individual,
                start,
                stop,
                columns["label"][rows],
                columns["confidence"][rows],
                columns["status"][rows],
                columns["bout_id"][rows],
                words_for(individual, start, stop, words),
                editable=True,
                source=columns["source"][rows],
            )
        )
    return tracks


def epoch_tracks(epochs: Intervals, n_frames: int) -> list[BoutTrack]:
    """Return epochs, in a track for each individual they belong to; mostly to none."""
    tracks = []
    for who in sorted(set(epochs.individual)):
        mine = epochs.select(individual=who).clip(0, n_frames)
        tracks.append(_fixed("epoch", who, "epochs", mine))
    return tracks


def zone_tracks(individual: str, visits: Intervals, n_frames: int) -> list[BoutTrack]:
    """Return the visits of an individual to zones."""
    mine = visits.select(individual=individual).clip(0, n_frames)
    return [_fixed("zone", individual, "zones", mine)] if len(mine) else []


def curve_tracks(individual: str, extras: Extras, n_frames: int) -> list[CurveTrack]:
    """Return the curves that were added for an individual."""
    return [
        CurveTrack(
            f"curve/{curve.name}/{individual}",
            curve.name,
            "novelty" if "novelty" in curve.name.lower() else "kinematic",
            individual,
            curve.values,
            curve.unit,
        )
        for curve in extras.curves
        # Another recording of the same name may have been opened since.
        if curve.individual == individual and len(curve.values) == n_frames
    ]


def trace_tracks(
    individual: str, features: FrameFeatures, chosen: Sequence[str]
) -> list[CurveTrack]:
    """Return the chosen measures of an individual, as far as it has them."""
    return [
        CurveTrack(
            f"trace/{name}/{individual}",
            measure_title(name),
            "kinematic",
            individual,
            features.column(name),
            features.units[features.names.index(name)],
        )
        for name in chosen
        if name in features
    ]


def measure_title(name: str) -> str:
    """Return the name of a measure as words."""
    return name.replace("_", " ")


def kept_tracks(new: Sequence[Track], old: Sequence[Track]) -> list[Track]:
    """Return the new tracks, an old one in the place of each that says the same.

    What was computed to draw a track stays with it: an edit costs the track it is in.
    """
    before = {track.key: track for track in old}
    return [
        known if (known := before.get(track.key)) is not None and _same(track, known) else track
        for track in new
    ]


def _same(a: Track, b: Track) -> bool:
    if type(a) is not type(b) or len(a) != len(b):
        return False
    return all(_equal(getattr(a, field.name), getattr(b, field.name)) for field in fields(a))


def _equal(a: Any, b: Any) -> bool:
    if not isinstance(a, np.ndarray):
        return bool(a == b)
    return a is b or np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def _fixed(kind: str, individual: str, title: str, rows: Intervals) -> BoutTrack:
    """Return intervals that are not edited here."""
    count, rows = len(rows), rows.sort()
    known = "bout_id" in rows.columns
    named = [f"{kind}-{key}-{i}" for i, key in enumerate(rows.range_ids())]
    ids = rows.column("bout_id") if known else np.array(named, dtype=object)
    return BoutTrack(
        f"{kind}/{individual}",
        title,
        kind,
        individual,
        rows.start,
        rows.stop,
        rows.column("label"),
        np.full(count, np.nan),
        np.full(count, "accepted", dtype=object),
        ids,
        np.full(count, "", dtype=object),
    )


def _title(called: str, title: str) -> str:
    return f"{called}: {title}" if called else title
