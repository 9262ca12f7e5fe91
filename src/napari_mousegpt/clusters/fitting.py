"""Fit a cluster map: how many behaviours are there, and which bout is which."""

from __future__ import annotations

from collections.abc import Mapping

from napari_mousegpt.clusters.cluster_map import ClusterMap
from napari_mousegpt.clusters.params import ClusterParams
from napari_mousegpt.clusters.streaming import fit_stream
from napari_mousegpt.clusters.streams import MemoryStream
from napari_mousegpt.core.vectors import Vectors

__all__ = ["fit"]


def fit(
    vectors: Vectors,
    params: ClusterParams | None = None,
    *,
    animals: Mapping[str, str] | None = None,
) -> ClusterMap:
    """Find clusters and freeze the rule that assigns them.

    Rows are sorted by recording, individual and start, standardised, reduced to principal
    components and joined to bouts between change points. Bouts form micro-clusters; random
    partitions of these vote, and HDBSCAN finds the clusters that the votes agree on, see
    :mod:`napari_mousegpt.clusters.consensus`. Ids go by size, the largest first, then by the key
    of the typical interval. Windows that do not touch are bouts by themselves, so vectors without
    an order in time (embeddings of scattered clips) need nothing else. Of a recording too short for
    bouts of the length asked for, shorter ones are taken.

    Parameters
    ----------
    vectors : Vectors
        From one model; rows in any order. Rows with less than ``min_seen`` of their numbers are
        left out; single missing numbers are taken as the mean of their column.
    params : ClusterParams, optional
        Sizes and thresholds.
    animals : mapping of str to str, optional
        Animal by recording, so that an animal recorded often weighs no more than others.

    Returns
    -------
    ClusterMap
        Labels of record are ``ClusterMap.apply(vectors)``. The same rows in any order, on any
        number of threads, give the same map.

    Raises
    ------
    InputError
        When there are too few rows, no column varies, or an interval occurs twice.

    Warns
    -----
    UserWarning
        When no cluster is found, so that every interval is noise; when one holds nearly everything;
        when density collapsed.

    Notes
    -----
    A continuum without gaps is sliced where votes change least: clusters are a useful vocabulary,
    not proof of separate kinds. ``strength`` says how firmly each interval belongs.
    """
    return fit_stream(MemoryStream(vectors), params, animals=animals)
