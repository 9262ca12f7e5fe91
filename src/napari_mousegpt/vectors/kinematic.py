"""Intervals to points by pose kinematics: no model, no download."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.provenance import digest
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError, MismatchError
from napari_mousegpt.features.frame_features import FrameFeatures
from napari_mousegpt.features.windows import WindowParams, window_features

__all__ = ["MEASURES_2D", "MEASURES_3D", "MODEL", "ProjectParams", "project_kinematic"]

#: Name of this projector in vectors, run cards and cluster maps.
MODEL = "kinematic"

_BOTH = (
    "body_speed",
    "head_speed",
    "head_motion",
    "forepaw_motion",
    "hindpaw_motion",
    "turn_rate",
    "elongation",
    "hand_to_nose",
    "hindpaw_to_nose",
)
#: Measures that enter when heights are known. Near copies of others (speeds of single paws, the
#: angles seen from above) are left out: each column counts the same, and copies would outvote.
MEASURES_3D = (
    *_BOTH,
    "ground_length",
    "head_pitch",
    "nose_climb",
    "nose_height",
    "neck_height",
    "chest_height",
    "tail_base_height",
    "forepaw_height",
    "hindpaw_height",
)
#: Measures that enter when they are not: from above, the bend of the body is most of the posture.
MEASURES_2D = (*_BOTH, "head_angle", "back_bend")


@dataclass(frozen=True)
class ProjectParams:
    """What the kinematic projector looks at.

    Parameters
    ----------
    measures : tuple of str
        Measures to use; those that a recording lacks are left out. Empty chooses
        :data:`MEASURES_3D` where heights are known and :data:`MEASURES_2D` where not, and
        everything that was measured of a silhouette.
    contexts_s : tuple of float
        Time scales in seconds around each interval; see
        :class:`~napari_mousegpt.features.windows.WindowParams`.
    sided : bool
        Keep left and right apart.
    min_seen : float
        Share of frames that must have been seen for a value.
    """

    measures: tuple[str, ...] = ()
    contexts_s: tuple[float, ...] = (1.0, 3.0)
    sided: bool = False
    min_seen: float = 0.25

    @property
    def window(self) -> WindowParams:
        """The parameters of the window features; checks the values."""
        return WindowParams(tuple(self.contexts_s), self.sided, self.min_seen)


def project_kinematic(
    features: Mapping[str, FrameFeatures],
    intervals: Intervals,
    params: ProjectParams | None = None,
) -> Vectors:
    """Turn each interval into its kinematics at several time scales.

    Parameters
    ----------
    features : mapping of str to FrameFeatures
        Measures of each individual of **one** recording.
    intervals : Intervals
        Half-open stretches of that recording, of one individual each; the empty individual stands
        for the only one there is.
    params : ProjectParams, optional
        Measures and time scales.

    Returns
    -------
    Vectors
        One row for each interval, in its order; float32, NaN where too little was seen. Model is
        ``"kinematic"``, the revision hangs on the parameters. The intervals gain the columns
        ``start_s`` and ``stop_s``: later steps take time from them.

    Raises
    ------
    InputError
        When the intervals belong to several recordings, name an individual without features, or
        reach outside the recording, or when no measure is left.
    MismatchError
        When the individuals have different measures.
    """
    settings = params or ProjectParams()
    recordings = sorted(set(intervals.recording))
    if len(recordings) > 1:
        raise InputError(
            "intervals to project",
            expected="one recording, the one the features were measured in",
            found=f"{len(recordings)}: {', '.join(recordings[:3])}",
            remedy="Project each recording by itself and join with Vectors.concat.",
        )
    table = intervals.to_pandas()
    chosen = _measures(features, settings)
    nothing = np.empty(0, dtype=np.int64)
    first = _only(next(iter(features.values())), chosen)
    names, _ = window_features(first, nothing, nothing, settings.window)
    values = np.empty((len(table), len(names)), dtype=np.float32)
    seconds = np.empty((len(table), 2))
    for individual, rows in _rows_of(intervals.individual).items():
        measured = _of(features, individual)
        start, stop = intervals.start[rows], intervals.stop[rows]
        _, values[rows] = window_features(_only(measured, chosen), start, stop, settings.window)
        seconds[rows, 0] = measured.timebase.time(start)
        seconds[rows, 1] = measured.timebase.time(stop)
    timed = Intervals(table.assign(start_s=seconds[:, 0], stop_s=seconds[:, 1]))
    return Vectors(timed, values, names, MODEL, f"1-{digest(settings)}")


def _measures(features: Mapping[str, FrameFeatures], settings: ProjectParams) -> tuple[str, ...]:
    """Return the measures to use, in the order they were measured."""
    if not features:
        raise InputError(
            "features",
            expected="at least one individual",
            found="none",
            remedy="Measure the recording first.",
        )
    sets = {individual: measured.names for individual, measured in features.items()}
    present = next(iter(sets.values()))
    for individual, names in sets.items():
        if names != present:
            raise MismatchError(
                f"features of {individual!r}",
                expected=f"the same {len(present)} measures as the other individuals",
                found=f"{len(names)} measures",
            )
    by_source = {"pose 3-D": MEASURES_3D, "pose 2-D": MEASURES_2D}
    source = next(iter(features.values())).source
    wanted = settings.measures or by_source.get(source, present)
    chosen = tuple(name for name in present if name in wanted)
    if not chosen:
        raise InputError(
            "kinematic projection",
            expected=f"at least one of {', '.join(wanted)}",
            found=", ".join(present) or "no measure",
            remedy="Choose other measures, or track more of the body.",
        )
    return chosen


def _rows_of(individuals: NDArray[np.object_]) -> dict[str, NDArray[np.intp]]:
    return {str(name): np.flatnonzero(individuals == name) for name in dict.fromkeys(individuals)}


def _of(features: Mapping[str, FrameFeatures], individual: str) -> FrameFeatures:
    if individual in features:
        return features[individual]
    if individual == "" and len(features) == 1:
        return next(iter(features.values()))
    raise InputError(
        f"individual {individual!r}" if individual else "intervals of the whole picture",
        expected=f"one of {', '.join(repr(name) for name in features)}",
        remedy="Name the individual of each interval as the pose does.",
    )


def _only(features: FrameFeatures, chosen: tuple[str, ...]) -> FrameFeatures:
    columns = [features.names.index(name) for name in chosen]
    return replace(
        features,
        names=chosen,
        units=tuple(features.units[column] for column in columns),
        values=features.values[:, columns],
    )
