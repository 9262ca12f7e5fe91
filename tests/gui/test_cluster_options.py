"""The folded options of the panel "Project and cluster"."""

from __future__ import annotations

from typing import Any

import pytest

from napari_mousegpt._napari.widgets.cluster_options import ClusterOptions
from napari_mousegpt._napari.widgets.project_cluster import ProjectCluster
from napari_mousegpt.clusters import ClusterParams


@pytest.fixture
def box(qtbot: Any) -> ClusterOptions:
    found = ClusterOptions()
    qtbot.addWidget(found)
    return found


def test_folded_it_is_one_line_and_as_usual(box: ClusterOptions) -> None:
    assert box.value == ClusterParams()
    assert box.body.isHidden()
    assert box.fold.text() == "Clustering options"
    box.fold.setChecked(True)
    assert not box.body.isHidden()


def test_what_is_chosen_is_said_when_it_is_folded(box: ClusterOptions, qtbot: Any) -> None:
    with qtbot.waitSignal(box.changed):
        box.words.setValue(30)
    box.engine.setCurrentIndex(box.engine.findData("density"))
    box.smallest.setValue(2.5)
    assert box.value.weights == (("kinematic", 0.7), ("words", 0.3))
    assert (box.value.engine, box.value.min_cluster_share) == ("density", 0.025)
    assert box.fold.text() == "Clustering: crowds, words 30%, smallest 2.50%"


def test_the_encoder_keeps_a_share(box: ClusterOptions) -> None:
    box.fit(watching=True, study=True)
    box.words.setValue(60)
    box.kinematic.setValue(90)
    assert box.value.weights == (("video", 0.1), ("words", 0.6), ("kinematic", 0.3))
    # Without a video encoder kinematics are the rest.
    box.fit(watching=False, study=False)
    assert box.value.weights == (("kinematic", 0.4), ("words", 0.6))


def test_the_panel_takes_what_the_box_says(viewer: Any, qtbot: Any) -> None:
    panel = ProjectCluster(viewer)
    qtbot.addWidget(panel)
    panel.clustering.words.setValue(30)
    panel.clustering.refits.setValue(0)
    clusters = panel.params.clusters
    assert (clusters.weights, clusters.refits) == ((("kinematic", 0.7), ("words", 0.3)), 0)
