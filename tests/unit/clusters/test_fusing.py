from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from napari_mousegpt.clusters import ClusterParams, fit
from napari_mousegpt.clusters.fusing import FUSED, FusedStream, fuse
from napari_mousegpt.clusters.projection import column_weights
from napari_mousegpt.clusters.streaming import fit_stream
from napari_mousegpt.clusters.streams import MemoryStream
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError

from .conftest import QUICK, make


def of(start: list[int], stop: list[int], values: list[float], who: str = "m") -> Vectors:
    ranges = Intervals.build("r", start, stop, who)
    return Vectors(ranges, np.asarray(values, np.float32)[:, None], ("x",), "one", "1")


def test_other_spaces_are_joined_by_shared_frames() -> None:
    base = of([0, 10, 20, 30], [10, 20, 30, 40], [1, 2, 3, 4])
    other = of([0, 15, 22], [15, 22, 30], [0.0, 10.0, np.nan])
    found = fuse({"a": base, "b": other})
    assert found.names == ("a:x", "b:x")
    assert found.model == FUSED
    np.testing.assert_array_equal(found.values[:, 0], [1, 2, 3, 4])
    # 10 to 20: 5 frames of 0 and 5 of 10; 20 to 30: only 10 was seen; 30 to 40: nothing.
    np.testing.assert_allclose(found.values[:, 1], [0, 5, 10, np.nan])


def test_the_whole_picture_overlaps_every_individual_and_others_do_not() -> None:
    base = of([0, 0], [10, 10], [1, 2])
    base = replace(base, intervals=base.intervals.assign(individual=np.asarray(["m", "f"], object)))
    whole = fuse({"a": base, "b": of([0], [10], [7], who="")})
    np.testing.assert_array_equal(whole.values[:, 1], [7, 7])
    mine = fuse({"a": base, "b": of([0], [10], [7], who="m")})
    np.testing.assert_array_equal(mine.values[:, 1], [7, np.nan])


def test_no_overlap_and_odd_names_are_said() -> None:
    base = of([0], [10], [1])
    with pytest.raises(InputError, match="space 'b': expected frames that overlap those of 'a'"):
        fuse({"a": base, "b": of([50], [60], [1])})
    for wrong in ({"a": base}, {"a": base, "b:c": base}, {"a": base, "": base}):
        with pytest.raises(InputError, match="spaces to fuse"):
            fuse(wrong)


def test_spaces_weigh_as_stated_however_many_columns_they_have() -> None:
    names = ("a:1", "a:2", "a:3", "b:1")
    weight = column_weights(names, np.ones(4, dtype=bool), (("a", 1.0), ("b", 3.0)))
    assert weight is not None
    power = weight**2
    assert power[:3].sum() == pytest.approx(1.0)
    assert power[3] == pytest.approx(3.0)
    assert column_weights(names, np.ones(4, dtype=bool), ()) is None


def test_the_heavier_space_makes_the_clusters() -> None:
    draw = np.random.default_rng(0)
    one, other = np.arange(900) % 3, (np.arange(900) // 3) % 3
    start = np.arange(900) * 50
    ranges = Intervals.build("r", start, start + 10)

    def space(truth: np.ndarray, model: str) -> Vectors:
        place = np.random.default_rng(5).normal(0, 2, (3, 6))
        values = place[truth] + draw.normal(0, 0.3, (900, 6))
        return Vectors(ranges, values.astype(np.float32), (), model, "1")

    both = fuse({"a": space(one, "a"), "b": space(other, "b")})
    for weights, truth in (((0.97, 0.03), one), ((0.03, 0.97), other)):
        stated = {"weights": tuple(zip("ab", weights, strict=True)), "min_components": 1}
        found = fit(both, ClusterParams(**{**vars(QUICK), **stated, "engine": "density"}))
        # The components are those of the weighted columns: the light space needs none.
        assert found.projection.axes.shape[1] <= 3
        near = found.apply(both)["nearest"].to_numpy()
        pure = sum(np.bincount(truth[near == c]).max() for c in set(near.tolist()))
        assert len(found) == 3
        assert pure == 900


def test_weights_that_fit_no_space_are_said() -> None:
    made = make(windows=60).vectors
    for weights in ((("a", 1.0),), (("a", 1.0), ("b", 1.0), ("c", 1.0))):
        with pytest.raises(InputError, match=r"weights of fused spaces: expected a, b, found a"):
            fit(fuse({"a": made, "b": made}), ClusterParams(**{**vars(QUICK), "weights": weights}))
    with pytest.raises(InputError, match="nothing is fused"):
        fit(replace(made, names=()), ClusterParams(**{**vars(QUICK), "weights": (("a", 1.0),)}))
    with pytest.raises(InputError, match=r"weight 0\.0 of 'a'"):
        ClusterParams(weights=(("a", 0.0),))


def test_fused_streams_are_fused_vectors() -> None:
    made = make(windows=200)
    other = replace(made.vectors[::2], model="other")
    spaces = {"a": made.vectors, "b": other}
    stream = FusedStream({name: MemoryStream(vectors) for name, vectors in spaces.items()})
    fused = fuse(spaces)
    assert (stream.names, stream.revision) == (fused.names, fused.revision)
    assert fit_stream(stream, QUICK).map_id == fit(fused, QUICK).map_id


def test_a_vector_weighs_by_the_frames_that_it_shares() -> None:
    base = of([0, 10], [10, 20], [1, 2])
    other = of([0, 2, 13], [2, 13, 20], [0.0, 10.0, 20.0])
    found = fuse({"a": base, "b": other}).values[:, 1]
    # 2 frames of 0 and 8 of 10; 3 frames of 10 and 7 of 20.
    np.testing.assert_allclose(found, [8, 17])


class Counted(MemoryStream):
    """A stream that keeps the recordings it was asked for."""

    def __init__(self, vectors: Vectors) -> None:
        super().__init__(vectors)
        self.asked: list[str] = []

    def chunks(self, recording: str) -> Iterator[tuple[Intervals, Any]]:
        self.asked.append(recording)
        return super().chunks(recording)


def test_a_stream_that_shares_no_recording_is_named_before_anything_is_read() -> None:
    base, other = (Counted(make(recordings=names, windows=20).vectors) for names in ("ab", "xy"))
    with pytest.raises(InputError, match=r"space 'words': .*those of 'a', found .*: 'x', 'y'"):
        FusedStream({"a": base, "words": other})
    assert not base.asked + other.asked


@pytest.mark.parametrize("how", ["frames", "individual", "unseen"])
def test_a_stream_that_overlaps_nowhere_is_named_when_all_were_read_once(how: str) -> None:
    vectors = make(recordings=tuple("abc"), windows=40).vectors
    ranges, values = vectors.intervals, vectors.values
    if how == "frames":
        ranges = Intervals.build(ranges.recording, ranges.start + 900, ranges.stop + 900, "m")
    elif how == "individual":
        ranges = ranges.assign(individual=np.full(len(ranges), "other", dtype=object))
    else:
        values = np.full_like(values, np.nan)
    base, other = Counted(vectors), Counted(replace(vectors, intervals=ranges, values=values))
    near = Counted(vectors[vectors.intervals.recording == "c"])
    stream = FusedStream({"a": base, "near": near, "words": other})
    with pytest.raises(InputError, match=r"space 'words': .*no overlap with anything seen"):
        fit_stream(stream, QUICK)
    assert base.asked == other.asked == ["a", "b", "c"]
    # However often it is asked for again.
    with pytest.raises(InputError, match="space 'words'"):
        list(stream.chunks("b"))


def test_a_stream_that_overlaps_somewhere_is_fused() -> None:
    vectors = make(recordings=tuple("abc"), windows=40).vectors
    there = replace(vectors[vectors.intervals.recording == "b"][:1], model="other")
    stream = FusedStream({"a": MemoryStream(vectors), "b": MemoryStream(there)})
    seen = [np.isfinite(values[:, 12:]).sum() for n in "abc" for _, values in stream.chunks(n)]
    assert seen == [0, 12, 0]
