from __future__ import annotations

import numpy as np
import pytest

from napari_mousegpt.clusters.word_space import MODEL, word_vectors
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError
from napari_mousegpt.features import FrameFeatures
from napari_mousegpt.words.rules import KinematicRules
from napari_mousegpt.words.sureness import sureness

N = 60


@pytest.fixture(scope="module")
def features() -> FrameFeatures:
    speed = np.where(np.arange(N) < 30, 0.0, 2.0)
    return FrameFeatures(
        individual="m",
        body_length=1.0,
        names=("body_speed", "head_motion"),
        units=("BL/s", "BL/s"),
        values=np.stack([speed, speed], axis=1).astype(np.float32),
        timebase=Timebase.constant(20, N),
        source="pose 2-D",
    )


def test_sureness_of_the_words_over_each_interval(features: FrameFeatures) -> None:
    ranges = Intervals.build("r", [0, 5, 40], [10, 5, 60], "m")
    found = word_vectors({"m": features}, ranges)
    names, sure = sureness(features, KinematicRules())
    assert found.model == MODEL
    assert found.revision == KinematicRules().id
    assert found.names == names
    np.testing.assert_allclose(found.values[0], sure[:, :10].mean(axis=1), atol=1e-4)
    np.testing.assert_allclose(found.values[1], sure[:, 5], atol=1e-4)
    assert found.values[2, names.index("walking")] > 0.8 > 0.2 > found.values[0, 0]


def test_the_only_individual_stands_for_the_picture(features: FrameFeatures) -> None:
    whole = word_vectors({"m": features}, Intervals.build("r", [0], [10]))
    mine = word_vectors({"m": features}, Intervals.build("r", [0], [10], "m"))
    np.testing.assert_array_equal(whole.values, mine.values)


def test_unknown_individuals_and_frames_outside_are_said(features: FrameFeatures) -> None:
    with pytest.raises(InputError, match="individual 'x'"):
        word_vectors({"m": features}, Intervals.build("r", [0], [10], "x"))
    with pytest.raises(InputError, match="frames 0 to 60"):
        word_vectors({"m": features}, Intervals.build("r", [55], [61], "m"))
