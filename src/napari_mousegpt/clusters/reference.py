"""What the vectors of a lab look like, and how far other recordings are from that.

The measure of shift is the distance between two distributions of a feature (Wasserstein-1: how far
its values must be moved, on average), in standard deviations of the reference; the overall shift is
the mean over features. What is usual is not assumed but measured: each own recording is held
against all other ones of its lab. A new recording beyond all of these is of another kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clusters.cluster_map import ClusterMap
from napari_mousegpt.clusters.streaming import sample_stream
from napari_mousegpt.clusters.streams import VectorStream, load_recording

__all__ = ["Reference", "make_reference"]

Floats = NDArray[np.float64]

#: Quantiles that are kept of each feature.
LEVELS = np.linspace(0.0, 1.0, 101)
#: Rows that the quantiles are taken from.
_ROWS = 20_000
#: Own recordings that are held against the others, at most.
_OWN = 60


@dataclass(frozen=True, eq=False)
class Reference:
    """Distribution of the features a map is made of.

    Parameters
    ----------
    features : tuple of str
        Names of the features in use.
    quantiles : ndarray of float64, shape (101, d)
        Of each feature, at 0, 1, ... 100 %.
    mean, spread, missing : ndarray of float64, shape (d,)
        Mean, standard deviation, and share that is missing.
    own : ndarray of float64, shape (n_recordings, d)
        Shift of each own recording against all others; empty with fewer than three.
    """

    features: tuple[str, ...]
    quantiles: Floats
    mean: Floats
    spread: Floats
    missing: Floats
    own: Floats

    @property
    def own_overall(self) -> Floats:
        """Overall shift of each own recording, shape (n_recordings,)."""
        return np.asarray(np.nanmean(self.own, axis=1)) if len(self.own) else np.empty(0)

    def shift(self, values: NDArray[Any]) -> Floats:
        """Return the shift of each feature, shape (d,); NaN where a feature is never there.

        Parameters
        ----------
        values : ndarray of float, shape (n, d)
            Columns as in ``features``.
        """
        return _shift(_quantiles(values), self.quantiles, self.spread)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays."""
        return {
            "features": np.asarray(self.features, dtype=np.str_),
            "levels": LEVELS,
            "quantiles": self.quantiles,
            "mean": self.mean,
            "spread": self.spread,
            "missing": self.missing,
            "own_shift": self.own,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Reference:
        """Read :meth:`arrays` back."""
        return cls(
            tuple(str(name) for name in arrays["features"]),
            arrays["quantiles"],
            arrays["mean"],
            arrays["spread"],
            arrays["missing"],
            arrays["own_shift"],
        )


def used_features(found: ClusterMap) -> tuple[str, ...]:
    """Return the names of the features a map uses; numbers where they have none."""
    names = found.names or tuple(f"{i:04d}" for i in range(found.width))
    return tuple(name for name, kept in zip(names, found.projection.kept, strict=True) if kept)


def make_reference(found: ClusterMap, stream: VectorStream) -> Reference:
    """Measure the recordings of a map.

    Parameters
    ----------
    found : ClusterMap
        Whose features are meant.
    stream : VectorStream
        The recordings it was fitted on.
    """
    sample = sample_stream(stream, _ROWS)
    values = sample.values[:, found.projection.kept].astype(np.float64)
    recording = sample.intervals.recording
    quantiles = _quantiles(values)
    spread = np.nanstd(values, axis=0)
    names = sorted(set(recording[np.isfinite(values).any(axis=1)]))
    chosen = [names[i] for i in np.unique(np.linspace(0, len(names) - 1, _OWN).astype(int))]
    own = np.empty((0, values.shape[1]))
    if len(names) >= 3:
        own = np.stack(
            [
                # Whole, as new recordings are measured: a part of one is farther from the others.
                _shift(
                    _quantiles(load_recording(stream, name)[1][:, found.projection.kept]),
                    _quantiles(values[recording != name]),
                    spread,
                )
                for name in chosen
            ]
        )
    return Reference(
        used_features(found),
        quantiles,
        np.nanmean(values, axis=0),
        spread,
        np.mean(~np.isfinite(values), axis=0),
        own,
    )


def _quantiles(values: NDArray[Any]) -> Floats:
    found = np.full((len(LEVELS), values.shape[1]), np.nan)
    for number, column in enumerate(values.T):
        there = column[np.isfinite(column)].astype(np.float64)
        if len(there):
            found[:, number] = np.quantile(there, LEVELS)
    return found


def _shift(one: Floats, other: Floats, spread: Floats) -> Floats:
    """Return the mean distance of two columns of quantiles, in standard deviations."""
    apart = np.abs(one - other)
    # The area between two quantile functions, by trapezoids.
    area = ((apart[1:] + apart[:-1]) / 2 * np.diff(LEVELS)[:, None]).sum(axis=0)
    return np.asarray(area / np.maximum(spread, 1e-12))
