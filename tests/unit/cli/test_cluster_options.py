from __future__ import annotations

import argparse

import pytest

from napari_mousegpt.cli.cluster_options import add_clustering, clustering_params
from napari_mousegpt.cli.main import build_parser
from napari_mousegpt.clusters import ClusterParams
from napari_mousegpt.errors import InputError


def params(*words: str) -> ClusterParams:
    parser = argparse.ArgumentParser()
    add_clustering(parser)
    return clustering_params(parser.parse_args(words))


def test_without_options_it_is_as_usual() -> None:
    assert params() == ClusterParams()


def test_options_are_the_parameters() -> None:
    found = params(
        *("--engine", "density", "--weights", "kinematic=.7, words=.3"),
        *("--min-cluster-share", "0.025", "--balance", "recordings"),
        *("--refits", "0", "--seed", "4"),
    )
    assert found == ClusterParams(
        seed=4,
        engine="density",
        weights=(("kinematic", 0.7), ("words", 0.3)),
        min_cluster_share=0.025,
        balance="recordings",
        refits=0,
    )


@pytest.mark.parametrize("command", ["run", "demo", "cluster"])
def test_every_command_that_clusters_has_them(command: str) -> None:
    given = {"run": ["v.mp4"], "demo": [], "cluster": ["v"]}[command]
    options = build_parser().parse_args([command, *given, "-o", "out", "--refits", "1"])
    assert clustering_params(options).refits == 1


def test_a_space_has_one_weight() -> None:
    with pytest.raises(InputError, match="one for each space"):
        params("--weights", "words=.3,words=.4")
