from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_mousegpt.clusters import NOISE, ClusterMap, ClusterParams, fit
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.tables import ASSIGNMENTS
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError, MismatchError

from .conftest import QUICK, Made, make


def changed(vectors: Vectors, **parts: object) -> Vectors:
    fields = {
        name: getattr(vectors, name)
        for name in ("intervals", "values", "names", "model", "revision")
    }
    return Vectors(**{**fields, **parts})  # type: ignore[arg-type]


def test_table_is_as_the_schema_says(made: Made, found: ClusterMap) -> None:
    table = found.apply(made.vectors)
    required = [column.name for column in ASSIGNMENTS.columns if column.required]
    assert set(required) <= set(table.columns)
    assert table["range_id"].tolist() == made.vectors.intervals.range_ids().tolist()
    assert table["start_s"].tolist() == made.vectors.intervals.column("start_s").tolist()


def test_recordings_one_by_one_or_all_at_once(made: Made, found: ClusterMap) -> None:
    whole = found.apply(made.vectors)
    names = made.vectors.intervals.recording
    pieces = [found.apply(made.vectors[names == name]) for name in ("b", "a")]
    joined = pd.concat(pieces).sort_values(["recording", "start"]).reset_index(drop=True)
    pd.testing.assert_frame_equal(joined, whole)


def test_new_recordings_get_the_same_ids(made: Made, found: ClusterMap) -> None:
    told = found.apply(made.vectors)
    behaviour = {
        c: int(np.bincount(made.truth[told["nearest"] == c]).argmax()) for c in found.clusters
    }
    new = make(recordings=("z",), windows=300, seed=7)
    table = found.apply(new.vectors)
    right = table["nearest"].map(behaviour).to_numpy() == new.truth
    assert right.mean() > 0.95


def test_a_bout_has_one_label(made: Made, found: ClusterMap) -> None:
    table = found.apply(made.vectors)
    changes = (table["nearest"].to_numpy()[1:] != table["nearest"].to_numpy()[:-1]).sum()
    assert changes <= 2 * (np.diff(made.truth) != 0).sum()


def test_below_the_threshold_it_abstains(made: Made) -> None:
    strict = fit(made.vectors, ClusterParams(**{**vars(QUICK), "abstain_below": 0.95}))
    table = strict.apply(made.vectors)
    quiet = table["cluster"] == NOISE
    assert 0 < quiet.mean() < 0.6
    assert (table.loc[quiet, "strength"] < 0.95).all()
    assert (table.loc[~quiet, "strength"] >= 0.95).all()
    assert (table["nearest"] >= 0).all()
    assert (table.loc[~quiet, "nearest"] == table.loc[~quiet, "cluster"]).all()


def test_strength_one_is_what_the_firmest_tenth_reaches(made: Made, found: ClusterMap) -> None:
    firm = (found.apply(made.vectors)["strength"] == 1).mean()
    assert 0.05 < firm < 0.6


def test_what_lies_far_outside_is_noise(made: Made, found: ClusterMap) -> None:
    wild = made.vectors.values.copy()
    wild[:50] = np.where(np.arange(12) % 2, 1e6, -1e6)
    table = found.apply(changed(made.vectors, values=wild))
    assert (table.loc[:49, "cluster"] == NOISE).all()
    assert (table.loc[:49, "strength"] == 0).all()
    anything = fit(made.vectors, ClusterParams(**{**vars(QUICK), "reach": 0.0}))
    assert (anything.apply(changed(made.vectors, values=wild)).loc[:49, "strength"] > 0).any()


def test_refuses_another_model(made: Made, found: ClusterMap) -> None:
    with pytest.raises(MismatchError, match="vectors: expected model made 1, found other 1"):
        found.apply(changed(made.vectors, model="other"))
    with pytest.raises(MismatchError, match=r"found made 2\. Project the recordings again"):
        found.apply(changed(made.vectors, revision="2"))


def test_refuses_other_dimensions(made: Made, found: ClusterMap) -> None:
    names = made.vectors.names
    renamed = changed(made.vectors, names=(*names[:-1], "tail"))
    with pytest.raises(MismatchError, match="found 12, without n11, with tail"):
        found.apply(renamed)
    with pytest.raises(MismatchError, match="found 12, in another order"):
        found.apply(changed(made.vectors, names=names[::-1]))
    fewer = changed(made.vectors, values=made.vectors.values[:, :7], names=names[:7])
    with pytest.raises(
        MismatchError, match="expected the 12 of this cluster map, found 7, without n7"
    ):
        found.apply(fewer)


def test_refuses_intervals_without_the_seconds_of_the_fit(made: Made, found: ClusterMap) -> None:
    bare = Intervals(made.vectors.intervals.to_pandas().drop(columns=["start_s", "stop_s"]))
    with pytest.raises(MismatchError, match="numbers in start_s and stop_s"):
        found.apply(changed(made.vectors, intervals=bare))


def test_without_seconds_bouts_are_counted_in_windows() -> None:
    made = make(timed=False)
    found = fit(made.vectors, QUICK)
    assert not found.timed
    assert found.penalty > 0
    assert "start_s" not in found.apply(made.vectors).columns


def test_refuses_an_interval_given_twice(made: Made, found: ClusterMap) -> None:
    with pytest.raises(InputError, match="expected every interval once"):
        found.apply(Vectors.concat([made.vectors, made.vectors[:1]]))


def test_no_rows_give_no_labels(made: Made, found: ClusterMap) -> None:
    assert len(found.apply(made.vectors[:0])) == 0
