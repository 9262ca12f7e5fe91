from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import napari_mousegpt as mg
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.features import FeatureParams, measure_recording
from napari_mousegpt.io.samples import SampleFiles, make_sample
from napari_mousegpt.runs import RunParams, load_run
from napari_mousegpt.runs.measuring import PIECE, Measuring


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> SampleFiles:
    return make_sample(tmp_path_factory.mktemp("sample"), seconds=20, size=(96, 128))


@pytest.fixture
def silent(files: SampleFiles) -> Iterator[mg.Recording]:
    """A recording without a pose."""
    recording = mg.open_recording(files.video)
    yield recording
    recording.video.close()  # type: ignore[union-attr]


@pytest.fixture
def posed(files: SampleFiles) -> Iterator[mg.Recording]:
    recording = mg.open_recording(files.video, files.pose)
    yield recording
    recording.video.close()  # type: ignore[union-attr]


def test_pieces_of_a_video_together_equal_the_whole(silent: mg.Recording) -> None:
    whole = measure_recording(silent)[""]
    with Measuring(silent, FeatureParams()) as measuring:
        jobs = measuring.jobs()
        assert len(jobs) == -(-silent.n_frames // PIECE) == 3
        # A piece that is resumed was made in another session, in any order.
        tables = {job.name: job.compute() for job in reversed(jobs)}
        pieces = measuring.joined(tables[job.name] for job in jobs)[""]
    np.testing.assert_array_equal(pieces.values, whole.values)
    assert pieces.body_length == whole.body_length


def test_individuals_one_by_one_equal_the_whole(posed: mg.Recording) -> None:
    whole = measure_recording(posed)
    with Measuring(posed, FeatureParams(), Intervals.build(posed.id, 0, 30)) as measuring:
        pieces = measuring.joined(job.compute() for job in measuring.jobs())
    assert list(pieces) == list(whole)
    for name, features in whole.items():
        np.testing.assert_array_equal(pieces[name].values, features.values)


def test_pictures_are_looked_at_only_where_somebody_asks(silent: mg.Recording) -> None:
    few = Measuring(silent, FeatureParams(), Intervals.build(silent.id, 590, 600))
    # Five seconds before are looked at too.
    assert few.pieces() == [(250, 500), (500, 600)]
    with few as measuring:
        found = measuring.joined(job.compute() for job in measuring.jobs())[""]
    whole = measure_recording(silent)[""]
    turn, speed = (f.column("turn_rate") for f in (found, whole))
    np.testing.assert_allclose(turn[500:], speed[500:], rtol=1e-5)
    assert np.isnan(found.column("body_speed")[:200]).all()


def test_a_stretch_gets_the_words_it_has_in_the_whole(posed: mg.Recording, tmp_path: Path) -> None:
    params = RunParams(make="words")
    whole = mg.run(posed, tmp_path / "whole", params)
    within = Intervals.build(posed.id, [200, 100], [330, 250])
    part = mg.run(posed, tmp_path / "part", params, within=within)
    assert (part.ethogram.bouts.start.min(), part.ethogram.bouts.stop.max()) == (100, 330)
    assert part.groups is None
    assert "clusters" not in "\n".join(part.summary())
    said = {frame: set(whole.ethogram.bouts.at(frame).column("label")) for frame in range(110, 320)}
    same = [set(part.ethogram.bouts.at(f).column("label")) == said[f] for f in said]
    assert np.mean(same) > 0.9
    # The rest was not looked at, and no warning says that the animal was not seen there.
    assert int(part.ethogram.observed.length.sum()) == 230
    assert part.card.outcome["warnings"] == []


def test_a_stretch_of_a_video_is_not_called_unseen(silent: mg.Recording, tmp_path: Path) -> None:
    within = Intervals.build(silent.id, 0, 60)
    part = mg.run(silent, tmp_path / "out", RunParams(make="words"), within=within)
    assert part.card.outcome["warnings"] == []
    assert len(part.descriptions)


def test_clusters_alone_have_names_and_no_words(posed: mg.Recording, tmp_path: Path) -> None:
    mg.run(posed, tmp_path / "out", RunParams(make="clusters"))
    found = load_run(tmp_path / "out", posed)
    assert found.groups is not None
    assert not found.groups.clusters["name"].str.startswith("unnamed").any()
    assert not len(found.descriptions)
    assert set(found.ethogram.bouts.column("source")) == {"cluster"}
    assert not any(line.startswith("words") for line in found.summary())
    assert "boris.csv" not in found.files


def test_stretches_without_a_frame_are_refused(posed: mg.Recording, tmp_path: Path) -> None:
    nothing = Intervals.build(posed.id, [30], [30])
    with pytest.raises(mg.errors.InputError, match="at least one frame, found none"):
        list(mg.iter_run(posed, tmp_path / "out", within=nothing))
    outside = Intervals.build(posed.id, [0], [9999])
    with pytest.raises(mg.errors.InputError, match="frames 0 to 600"):
        list(mg.iter_run(posed, tmp_path / "out", within=outside))
    with pytest.raises(mg.errors.InputError, match="words and clusters, words, clusters"):
        RunParams(make="songs")  # type: ignore[arg-type]
