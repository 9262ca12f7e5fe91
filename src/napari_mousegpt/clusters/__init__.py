"""Clusters: fit a map, freeze it, label any recording with it, name what was found."""

from napari_mousegpt.clusters.accepted import Accepted
from napari_mousegpt.clusters.accepting import accept
from napari_mousegpt.clusters.cluster_map import NOISE, ClusterMap
from napari_mousegpt.clusters.clustering import (
    MAP_FOLDER,
    cluster,
    groups_of,
    iter_cluster,
    outcome_of,
    write_groups,
)
from napari_mousegpt.clusters.clustering_steps import MEMBERSHIPS, cluster_steps, recording_members
from napari_mousegpt.clusters.ethograms import ethogram
from napari_mousegpt.clusters.fitting import fit
from napari_mousegpt.clusters.fusing import FUSED, FusedStream, fuse
from napari_mousegpt.clusters.groups import Groups
from napari_mousegpt.clusters.leveled import Level, at_level
from napari_mousegpt.clusters.levels import Levels, Split
from napari_mousegpt.clusters.membership import memberships
from napari_mousegpt.clusters.names import name_clusters
from napari_mousegpt.clusters.novelty import Novelty, novel_against
from napari_mousegpt.clusters.novelty_params import NoveltyParams, OddParams
from napari_mousegpt.clusters.novelty_run import iter_novel, novel
from napari_mousegpt.clusters.oddness import Oddness, odd_within
from napari_mousegpt.clusters.params import BALANCES, ENGINES, ClusterParams
from napari_mousegpt.clusters.search import SearchIndex
from napari_mousegpt.clusters.search_filters import SearchFilters
from napari_mousegpt.clusters.stability import Stability, measure_stability
from napari_mousegpt.clusters.streaming import (
    Assigned,
    assign_stream,
    fit_stream,
    iter_assign_stream,
    sample_stream,
)
from napari_mousegpt.clusters.streams import ArrayStream, MemoryStream, ParquetStream, VectorStream
from napari_mousegpt.clusters.text_space import sentence_vectors
from napari_mousegpt.clusters.word_space import word_vectors

__all__ = [
    "BALANCES",
    "ENGINES",
    "FUSED",
    "MAP_FOLDER",
    "MEMBERSHIPS",
    "NOISE",
    "Accepted",
    "ArrayStream",
    "Assigned",
    "ClusterMap",
    "ClusterParams",
    "FusedStream",
    "Groups",
    "Level",
    "Levels",
    "MemoryStream",
    "Novelty",
    "NoveltyParams",
    "OddParams",
    "Oddness",
    "ParquetStream",
    "SearchFilters",
    "SearchIndex",
    "Split",
    "Stability",
    "VectorStream",
    "accept",
    "assign_stream",
    "at_level",
    "cluster",
    "cluster_steps",
    "ethogram",
    "fit",
    "fit_stream",
    "fuse",
    "groups_of",
    "iter_assign_stream",
    "iter_cluster",
    "iter_novel",
    "measure_stability",
    "memberships",
    "name_clusters",
    "novel",
    "novel_against",
    "odd_within",
    "outcome_of",
    "recording_members",
    "sample_stream",
    "sentence_vectors",
    "word_vectors",
    "write_groups",
]
