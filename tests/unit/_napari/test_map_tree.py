"""A tree of behaviours as lines."""

from __future__ import annotations

import numpy as np

from napari_mousegpt._napari.map_tree import tree_lines


def test_what_is_alike_joins_first_and_stands_side_by_side() -> None:
    # 0 and 2 join at .2, 1 and 3 at .4, all at .8.
    linkage = np.array([[0, 2, 0.2, 2], [1, 3, 0.4, 2], [4, 5, 0.8, 4]])
    found = tree_lines(linkage, 4)
    assert found.order == (0, 2, 1, 3)
    assert found.most == 0.8
    assert len(found.lines) == 9
    uprights = [(x1, y1, y2) for x1, y1, x2, y2 in found.lines if x1 == x2]
    np.testing.assert_allclose(uprights, [(0.25, 0, 1), (0.5, 2, 3), (1.0, 0.5, 2.5)])
    # Every other line runs from where something joined to where it joins next.
    level = [(x1, x2) for x1, y1, x2, y2 in found.lines if x1 != x2]
    assert level == [(0, 0.25), (0, 0.25), (0, 0.5), (0, 0.5), (0.25, 1), (0.5, 1)]


def test_one_behaviour_has_no_lines() -> None:
    found = tree_lines(np.empty((0, 4)), 1)
    assert (found.order, found.lines) == ((0,), ())
