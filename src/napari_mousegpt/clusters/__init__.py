"""Clusters: fit a map, freeze it, label any recording with it, name what was found."""

from napari_mousegpt.clusters.cluster_map import NOISE, ClusterMap
from napari_mousegpt.clusters.clustering import (
    MAP_FOLDER,
    cluster,
    cluster_jobs,
    groups_of,
    iter_cluster,
    write_groups,
)
from napari_mousegpt.clusters.ethograms import ethogram
from napari_mousegpt.clusters.fitting import fit
from napari_mousegpt.clusters.groups import Groups
from napari_mousegpt.clusters.names import name_clusters
from napari_mousegpt.clusters.params import ClusterParams

__all__ = [
    "MAP_FOLDER",
    "NOISE",
    "ClusterMap",
    "ClusterParams",
    "Groups",
    "cluster",
    "cluster_jobs",
    "ethogram",
    "fit",
    "groups_of",
    "iter_cluster",
    "name_clusters",
    "write_groups",
]
