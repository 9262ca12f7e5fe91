"""The verb ``describe``: words for any stretch of a recording."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from napari_mousegpt.core.intervals import Intervals, windows
from napari_mousegpt.core.provenance import RunCard, plain
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.core.tables import DESCRIPTIONS
from napari_mousegpt.errors import InputError
from napari_mousegpt.features import FeatureParams, FrameFeatures, LazyFeatures, check_ranges
from napari_mousegpt.store import (
    Job,
    Part,
    iter_parts,
    recording_decoders,
    recording_inputs,
    recording_sources,
    run_folder,
    write_table,
)
from napari_mousegpt.words.kinematic import KinematicDescriber
from napari_mousegpt.words.rules import KinematicRules

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "DescribeParams",
    "describe",
    "describe_jobs",
    "iter_describe",
    "stack_descriptions",
]


@dataclass(frozen=True)
class DescribeParams:
    """How stretches become words.

    Parameters
    ----------
    model : str
        ``"kinematic"`` reads the pose (or the silhouette) by rules and needs no weights.
    rules : KinematicRules
        Thresholds of the kinematic describer.
    features : FeatureParams
        How pose or picture is measured.
    ranges_per_part : int
        Stretches kept in one part of the run.
    """

    model: str = "kinematic"
    rules: KinematicRules = field(default_factory=KinematicRules)
    features: FeatureParams = field(default_factory=FeatureParams)
    ranges_per_part: int = 2000

    def __post_init__(self) -> None:
        if self.model != "kinematic":
            raise InputError(
                f"describer {self.model!r}", expected="'kinematic'", remedy="Leave model out."
            )
        if self.ranges_per_part < 1:
            raise InputError(f"ranges_per_part={self.ranges_per_part}", expected="1 or more")


def iter_describe(
    recording: Recording,
    ranges: Intervals | None = None,
    params: DescribeParams | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
) -> Iterator[Part]:
    """Describe stretches of a recording, one finished part after the other.

    Parameters
    ----------
    recording : Recording
        With a pose; without one its pictures are measured by their silhouette.
    ranges : Intervals, optional
        What to describe; by default windows of one second.
    params : DescribeParams, optional
        Describer and its settings.
    out : path-like, optional
        Run folder; by default one of its own in the user's cache, so that the same question asked
        again is answered from there.
    overwrite : bool
        Replace another run that stands in ``out``.

    Yields
    ------
    Part
        Rows of :data:`napari_mousegpt.core.tables.DESCRIPTIONS`; already on disk.

    Raises
    ------
    InputError
        When the ranges belong to another recording.
    """
    settings = params or DescribeParams()
    chosen = windows(recording) if ranges is None else ranges.sort()
    check_ranges(recording, chosen)
    card = RunCard(
        "describe",
        plain(settings),
        recording_inputs(recording, chosen),
        recording_sources(recording),
        {"describer": settings.model, **recording_decoders(recording)},
    )
    with run_folder(card, out, overwrite=overwrite) as folder:
        features = LazyFeatures(recording, settings.features)
        tables = []
        for part in iter_parts(folder, describe_jobs(recording, chosen, settings, features)):
            tables.append(part.table)
            yield part
        write_table(stack_descriptions(tables), folder.result / "descriptions")
        folder.finish(ranges=len(chosen))


def describe(
    recording: Recording,
    ranges: Intervals | None = None,
    params: DescribeParams | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
) -> pd.DataFrame:
    """Describe stretches of a recording and return the whole table.

    Parameters are those of :func:`iter_describe`.

    Returns
    -------
    DataFrame
        Rows of :data:`napari_mousegpt.core.tables.DESCRIPTIONS`, sorted by individual and start.
    """
    parts = iter_describe(recording, ranges, params, out=out, overwrite=overwrite)
    return stack_descriptions([part.table for part in parts])


def stack_descriptions(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of several parts as one table; no parts give a table without rows."""
    import pandas as pd

    if not tables:
        return DESCRIPTIONS.empty()
    return pd.concat(tables, ignore_index=True)


def describe_jobs(
    recording: Recording,
    ranges: Intervals,
    params: DescribeParams,
    features: Mapping[str, FrameFeatures],
) -> list[Job]:
    """Return the pieces of work that describing these ranges takes."""
    describer = KinematicDescriber(params.rules)

    def compute(rows: Intervals) -> pd.DataFrame:
        table = describer.describe(features, rows)
        for name in ("start", "stop"):
            table[f"{name}_s"] = recording.timebase.time(table[name].to_numpy())
        return DESCRIPTIONS.check(table)

    size = params.ranges_per_part
    pieces = [ranges[first : first + size] for first in range(0, len(ranges), size)]
    return [
        Job("words", f"{number:05d}", partial(compute, piece))
        for number, piece in enumerate(pieces)
    ]
