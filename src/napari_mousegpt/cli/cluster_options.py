"""Options that say how clusters are found."""

from __future__ import annotations

import argparse

from napari_mousegpt.clusters import BALANCES, ENGINES, ClusterParams
from napari_mousegpt.clusters.density import fast_library
from napari_mousegpt.errors import InputError

__all__ = ["add_clustering", "clustering_params"]


def add_clustering(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how clusters are found."""
    usual = ClusterParams()
    group = parser.add_argument_group("how clusters are found")
    group.add_argument(
        "--engine",
        choices=ENGINES,
        default=usual.engine,
        help="consensus (default): safe for everything, needed for kinematics, which have no gaps; "
        "density: HDBSCAN, for embeddings of video or words that come in crowds; fast: the same by "
        "fast-hdbscan (extra 'fast')",
    )
    group.add_argument(
        "--weights",
        default="",
        metavar="SPACE=SHARE,...",
        help="fuse several spaces, each with its share: kinematic=0.7,words=0.3",
    )
    group.add_argument(
        "--min-cluster-share",
        type=float,
        default=usual.min_cluster_share,
        metavar="SHARE",
        help="smallest cluster, as a share of the micro-clusters; larger gives fewer clusters "
        f"(default {usual.min_cluster_share:g})",
    )
    group.add_argument(
        "--balance",
        choices=BALANCES,
        default=usual.balance,
        help="what gives the same number of windows to a fit that cannot look at all "
        f"(default {usual.balance})",
    )
    group.add_argument(
        "--refits",
        type=int,
        default=usual.refits,
        metavar="N",
        help="fit again N times with other seeds and N times on half of the data, to say how "
        f"stable the clusters are; 0: leave it out (default {usual.refits})",
    )
    group.add_argument(
        "--seed", type=int, default=usual.seed, help=f"start of random choices ({usual.seed})"
    )


def clustering_params(options: argparse.Namespace) -> ClusterParams:
    """Return what the options of :func:`add_clustering` say."""
    if options.engine == "fast":
        fast_library()  # said before a folder is begun
    return ClusterParams(
        seed=options.seed,
        engine=options.engine,
        weights=_weights(options.weights),
        min_cluster_share=options.min_cluster_share,
        balance=options.balance,
        refits=options.refits,
    )


def _weights(text: str) -> tuple[tuple[str, float], ...]:
    found = []
    for piece in filter(None, (one.strip() for one in text.split(","))):
        space, equals, number = piece.partition("=")
        try:
            weight = float(number)
        except ValueError:
            equals = ""
        if not equals or not space.strip():
            raise InputError(
                f"--weights {text}",
                expected="SPACE=SHARE, several joined by commas",
                found=piece,
                remedy="Write for example kinematic=0.7,words=0.3.",
            )
        found.append((space.strip(), weight))
    return tuple(found)
