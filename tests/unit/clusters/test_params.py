from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from napari_mousegpt.clusters import ClusterParams
from napari_mousegpt.clusters.params import is_newer, rule_params
from napari_mousegpt.errors import InputError


def test_survives_json() -> None:
    params = ClusterParams(seed=3, partition_sizes=(5, 9))
    assert ClusterParams(**json.loads(json.dumps(asdict(params)))) == params


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("variance", 0.0, "variance=0.0: expected above 0 and at most 1"),
        ("min_seen", 1.5, "min_seen=1.5: expected above 0 and at most 1"),
        ("abstain_below", -0.1, "abstain_below=-0.1: expected at least 0 and at most 1"),
        ("bout_s", float("nan"), "bout_s=nan: expected at least 0"),
        ("min_cluster_size", 1, "min_cluster_size=1: expected at least 2"),
        ("max_rows", 5, "max_rows=5: expected at least 100"),
    ],
)
def test_refuses_values_without_sense(name: str, value: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ClusterParams(**{name: value})


def test_refuses_more_components_at_least_than_at_most() -> None:
    with pytest.raises(InputError, match="min_components=8: expected at most max_components=5"):
        ClusterParams(max_components=5)


def test_refuses_partitions_of_one_group() -> None:
    with pytest.raises(InputError, match="the first at least 2"):
        ClusterParams(partition_sizes=(1, 4))


def test_what_decides_no_label_is_no_part_of_a_map() -> None:
    usual = rule_params(ClusterParams())
    assert rule_params(ClusterParams(refits=0, balance="recordings")) == usual
    assert not {"refits", "balance", "engine", "weights"} & set(usual)
    assert not is_newer(ClusterParams())
    weighed = ClusterParams(weights=(("kinematic", 0.7), ("words", 0.3)))
    assert is_newer(weighed)
    assert ClusterParams(**rule_params(weighed)) == weighed


def test_refuses_an_unknown_balance() -> None:
    with pytest.raises(InputError, match="one of animals, recordings"):
        ClusterParams(balance="cages")
