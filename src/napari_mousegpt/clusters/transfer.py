"""Does a map of another lab hold for these recordings? Shift, support, strength and usage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.clusters.cluster_map import NOISE
from napari_mousegpt.clusters.published import Published
from napari_mousegpt.clusters.publishing import labels_sum, usage_of
from napari_mousegpt.core.provenance import digest

__all__ = ["Transfer", "measure_recording", "transfer_of"]

#: Fewest own recordings whose differences say what is usual.
_LEAST = 3
#: Share of windows outside of all that the map has seen, above which that is told.
_OUTSIDE = 0.05
#: Median strength below this part of the publisher's is told.
_WEAK = 0.75


@dataclass(frozen=True, eq=False)
class Transfer:
    """How a map holds in recordings that it was not made of.

    Parameters
    ----------
    recordings : DataFrame
        One row a recording: ``shift`` (overall, in standard deviations), ``times_own`` (divided by
        the largest among the publisher's own recordings), ``verdict`` (``"own"``, ``"usual"``,
        ``"shifted"`` or ``"unknown"``), ``windows``, ``inside``, ``assigned``, ``strength``.
    features : DataFrame
        One row a feature: ``shift`` (mean over the new recordings), ``own_median``, ``own_max``,
        ``beyond`` (share of new recordings above ``own_max``), the farthest first.
    clusters : DataFrame
        One row a behaviour: ``windows``, ``strength`` (median of those), ``share`` and
        ``own_share`` (means over recordings), ``own_low``, ``own_high`` (range among own
        recordings; NaN for a behaviour that was accepted here, of which the publisher says
        nothing), ``verdict``.
    usage : DataFrame
        Share of time of each behaviour, a column for each new recording, beside the publisher's
        mean: the two labs side by side.
    warnings : tuple of str
        What speaks against using the map, as sentences; empty when nothing does.
    """

    recordings: pd.DataFrame
    features: pd.DataFrame
    clusters: pd.DataFrame
    usage: pd.DataFrame
    warnings: tuple[str, ...]


def measure_recording(
    found: Published, recording: str, table: pd.DataFrame, values: NDArray[Any]
) -> pd.DataFrame:
    """Measure one recording.

    Parameters
    ----------
    found : Published
        The map.
    recording : str
        Its id.
    table : DataFrame
        What the rule of the map says of it, with ``nearest``; merges are done here.
    values : ndarray of float, shape (n, width)
        Its vectors, rows as in ``table``.

    Returns
    -------
    DataFrame
        Rows of ``what`` (``shift``, ``usage``, ``strength``, ``labels``), ``key``, ``value`` and
        ``text``, so that recordings can be measured one by one and put together later.
    """
    kept = found.map.projection.kept
    shift = found.reference.shift(values[:, kept])
    rows = [
        ("shift", name, float(one), "")
        for name, one in zip(found.reference.features, shift, strict=True)
    ]
    behaviour = table["cluster"].map({NOISE: NOISE, **found.goes})
    used = usage_of(table.assign(cluster=behaviour), found.parts)
    rows += [("usage", key, float(one), "") for key, one in used.items()]
    for cluster in found.parts:
        mine = table.loc[behaviour == cluster, "strength"]
        rows.append(("strength", str(cluster), float(mine.median()) if len(mine) else np.nan, ""))
    kind = found.manifest["recordings"]["labels"].get(digest(recording))
    same = "" if kind is None else "same" if kind == labels_sum(table) else "other"
    rows.append(("labels", "", np.nan, same))
    told = pd.DataFrame(rows, columns=["what", "key", "value", "text"])
    return told.assign(recording=recording)


def transfer_of(found: Published, measured: Sequence[pd.DataFrame]) -> Transfer:
    """Put the measures of recordings together.

    Parameters
    ----------
    found : Published
        The map.
    measured : sequence of DataFrame
        From :func:`measure_recording`.
    """
    table = pd.concat(list(measured), ignore_index=True)
    names = [str(one["recording"].iloc[0]) for one in measured]
    shift = _wide(table, "shift", names, found.reference.features)
    usage = _wide(table, "usage", names, None)
    strength = _wide(table, "strength", names, [str(one) for one in found.parts])
    labels = table[table["what"] == "labels"].set_index("recording")["text"]
    own = found.reference.own_overall
    recordings = _recordings(shift, usage, labels, own, names)
    features = _features(shift, found)
    clusters = _clusters(usage, strength, found, names)
    side = _side_by_side(usage, found, names)
    return Transfer(
        recordings, features, clusters, side, _warnings(recordings, features, found, own)
    )


def _wide(
    table: pd.DataFrame, what: str, names: list[str], keys: Sequence[str] | None
) -> pd.DataFrame:
    part = table[table["what"] == what]
    wide = part.pivot(index="recording", columns="key", values="value").reindex(names)
    return wide if keys is None else wide.reindex(columns=list(keys))


def _recordings(
    shift: pd.DataFrame,
    usage: pd.DataFrame,
    labels: pd.Series[str],
    own: NDArray[np.float64],
    names: list[str],
) -> pd.DataFrame:
    overall = shift.mean(axis=1)
    known = len(own) >= _LEAST
    times = overall / own.max() if known else pd.Series(np.nan, index=names)
    # NaN: nothing was seen of it, or too few recordings say what is usual.
    verdict = np.where(times.isna(), "unknown", np.where(times <= 1, "usual", "shifted"))
    verdict = np.where(labels.reindex(names) == "same", "own", verdict)
    found = pd.DataFrame(
        {
            "recording": names,
            "shift": overall.to_numpy(),
            "times_own": times.to_numpy(),
            "verdict": verdict.astype(object),
        }
    )
    for column in ("windows", "inside", "assigned", "strength"):
        found[column] = usage[column].to_numpy()
    found["windows"] = found["windows"].astype(np.int64)
    return found


def _features(shift: pd.DataFrame, found: Published) -> pd.DataFrame:
    # Not every own recording has every feature.
    own = pd.DataFrame(found.reference.own, columns=shift.columns)
    most = own.max(axis=0).to_numpy()
    table = pd.DataFrame(
        {
            "feature": shift.columns.astype(object),
            "shift": shift.mean(axis=0).to_numpy(),
            "own_median": own.median(axis=0).to_numpy(),
            "own_max": most,
            "beyond": (shift.to_numpy() > most).mean(axis=0),
        }
    )
    order = np.argsort(-(table["shift"] / table["own_max"].fillna(1.0)).to_numpy(), kind="stable")
    return table.iloc[order].reset_index(drop=True)


def _clusters(
    usage: pd.DataFrame, strength: pd.DataFrame, found: Published, names: list[str]
) -> pd.DataFrame:
    rows = []
    for cluster in found.parts:
        share = usage[f"share_{cluster}"]
        own = _own_share(found, cluster)
        mean = float(share.mean())
        low, high = float(own.min()), float(own.max())
        verdict = "never" if mean == 0 else "usual" if low <= mean <= high else "beyond own range"
        if own.isna().all():
            verdict = "accepted here"
        rows.append(
            {
                "cluster": cluster,
                "name": found.names.get(cluster, ""),
                "windows": round(float((share * usage["windows"]).sum())),
                "strength": float(strength[str(cluster)].median()),
                "share": mean,
                "own_share": float(own.mean()),
                "own_low": low,
                "own_high": high,
                "verdict": verdict,
            }
        )
    return pd.DataFrame(rows)


def _own_share(found: Published, cluster: int) -> pd.Series[float]:
    """Return the share of a behaviour in each own recording; NaN for what was accepted here."""
    there = [f"share_{part}" for part in found.parts[cluster]]
    there = [one for one in there if one in found.usage.columns]
    return found.usage[there].sum(axis=1, min_count=1)


def _side_by_side(usage: pd.DataFrame, found: Published, names: list[str]) -> pd.DataFrame:
    clusters = list(found.parts)
    rows: dict[str, Any] = {
        "cluster": [*clusters, -1],
        "name": [*(found.names.get(one, "") for one in clusters), "in no behaviour"],
        "publisher": [
            *(float(_own_share(found, one).mean()) for one in clusters),
            float(1 - found.usage["assigned"].mean()),
        ],
    }
    for name in names:
        mine = usage.loc[[name]].iloc[0].to_dict()
        rows[name] = [
            *(float(mine[f"share_{one}"]) for one in clusters),
            float(1 - mine["assigned"]),
        ]
    return pd.DataFrame(rows)


def _warnings(
    recordings: pd.DataFrame, features: pd.DataFrame, found: Published, own: NDArray[np.float64]
) -> tuple[str, ...]:
    told = []
    new = recordings[recordings["verdict"] != "own"]
    shifted = new[new["verdict"] == "shifted"]
    if len(own) < _LEAST:
        told.append(
            f"The publisher's map is of {len(found.usage)} recordings: too few to say which shift "
            "is usual."
        )
    if len(shifted):
        worst = features[features["shift"] > features["own_max"]]["feature"].head(3)
        most = shifted.sort_values("times_own").iloc[-1]
        told.append(
            f"Domain shift: {len(shifted)} of {len(new)} recordings differ from the publisher's "
            f"more than any of those from each other (largest: {most['recording']}, "
            f"{most['shift']:.2f} sd, {most['times_own']:.1f} times)"
            + (f"; most in {', '.join(worst)}." if len(worst) else ".")
        )
    outside = new[1 - new["inside"] > _OUTSIDE + (1 - float(found.usage["inside"].min()))]
    if len(outside):
        told.append(
            f"{len(outside)} of {len(new)} recordings have over {_OUTSIDE:.0%} further windows "
            "outside of all that the map has seen."
        )
    if len(new):
        mine, theirs = float(new["strength"].median()), float(found.usage["strength"].median())
        if mine < _WEAK * theirs:
            told.append(
                f"Labels are less sure here: median strength {mine:.2f}, the publisher's "
                f"{theirs:.2f}."
            )
    return tuple(told)
