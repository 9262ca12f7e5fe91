from __future__ import annotations

import numpy as np

from napari_mousegpt.clusters import ClusterMap
from napari_mousegpt.clusters.membership import memberships
from napari_mousegpt.core.vectors import Vectors

from .conftest import Made


def test_memberships_sum_to_the_strength_and_point_at_the_nearest(
    made: Made, found: ClusterMap
) -> None:
    order = np.random.default_rng(0).permutation(len(made.vectors))
    mixed = made.vectors[order]
    shares, table = memberships(found, mixed), found.apply(mixed)
    assert shares.shape == (len(mixed), len(found))
    np.testing.assert_allclose(shares.sum(axis=1), table["strength"], atol=1e-12)
    some = table["strength"] > 0
    np.testing.assert_array_equal(shares.argmax(axis=1)[some], table["nearest"][some])


def test_between_two_behaviours_both_have_a_share(made: Made, found: ClusterMap) -> None:
    shares = memberships(found, made.vectors)
    assert np.median(shares.max(axis=1)) > 0.6
    assert ((shares > 0.05).sum(axis=1) > 1).any()


def test_unseen_and_far_rows_belong_nowhere(made: Made, found: ClusterMap) -> None:
    values = made.vectors.values.copy()
    values[:40] = np.nan
    values[100:160] = 1e6
    holes = Vectors(made.vectors.intervals, values, made.vectors.names, "made", "1")
    shares = memberships(found, holes)
    assert (shares[:40] == 0).all()
    assert (shares[105:155] == 0).all()
