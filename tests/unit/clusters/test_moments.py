from __future__ import annotations

import numpy as np

from napari_mousegpt.clusters.moments import RunningMoments


def test_blocks_give_the_moments_of_all() -> None:
    draw = np.random.default_rng(0)
    values = (draw.normal(0, 1, (500, 5)) * [1, 1e-3, 100, 1, 1] + [0, 1e3, -5, 0, 0]).astype("f4")
    values[draw.random(values.shape) < 0.2] = np.nan
    values[17] = np.nan
    values[:, 4] = np.inf
    moments = RunningMoments(5)
    for first in range(0, 500, 64):
        moments.add(values[first : first + 64])
    found = moments.done()
    wide = values[:, :4].astype(np.float64)
    np.testing.assert_allclose(found.center[:4], np.nanmean(wide, axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.scale[:4], np.nanstd(wide, axis=0), rtol=1e-9)
    np.testing.assert_array_equal(found.present, [*np.isfinite(wide).sum(axis=0), 0])
    assert found.scale[4] == 0
    assert found.rows == np.isfinite(wide).any(axis=1).sum()
