from __future__ import annotations

import pytest

from napari_mousegpt.clusters import FUSED, ClusterParams
from napari_mousegpt.errors import InputError
from napari_mousegpt.io.recordings import open_recording
from napari_mousegpt.io.samples import make_sample
from napari_mousegpt.runs import RunParams, run
from napari_mousegpt.runs.clustered import level_of

WORDS = (("kinematic", 0.7), ("words", 0.3))


@pytest.mark.parametrize(
    ("weights", "encoder", "said"),
    [
        ((("kinematic", 1.0),), "kinematic", "kinematic alone"),
        ((("kinematic", 0.5), ("sound", 0.5)), "kinematic", "found sound"),
        ((("kinematic", 0.5), ("video", 0.5)), "kinematic", "video without a video encoder"),
        (WORDS, "videomae-b", "the encoder makes video vectors"),
    ],
)
def test_weights_that_name_nothing_are_refused(
    weights: tuple[tuple[str, float], ...], encoder: str, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        RunParams(encoder=encoder, clusters=ClusterParams(weights=weights))


def test_words_are_fused_in_and_levels_are_read_back(tmp_path) -> None:  # type: ignore[no-untyped-def]
    made = make_sample(tmp_path / "sample", seconds=20, size=(96, 128))
    recording = open_recording(made.video, made.pose)
    params = RunParams(
        make="clusters", bin_s=0.2, clusters=ClusterParams(weights=WORDS, refits=1, partitions=40)
    )
    result = run(recording, tmp_path / "run", params)
    assert result.groups is not None
    assert result.vectors.model == FUSED
    assert result.groups.map.params.weights == WORDS
    again = result.groups.map.apply(result.vectors)
    assert again["cluster"].tolist() == result.groups.assignments["cluster"].tolist()
    assert any(line.startswith("stability: ARI ") for line in result.summary())
    assert set(result.facts()["stability"]) == {"seed", "subsample"}
    assert {"memberships.parquet", "stability.csv"} <= set(result.files)
    assert len(level_of(result, 1).table) == 1
    fine = level_of(result, len(result.groups.map) + 1)
    assert (fine.groups.assignments["cluster"] == result.groups.assignments["cluster"]).all()
