"""The classifier of novelty answers for animals that it was not shown."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import roc_auc_score

from napari_mousegpt.clusters.novelty_params import NoveltyParams
from napari_mousegpt.clusters.two_sample import Side, classifier_shares

WINDOWS = 150
PARAMS = NoveltyParams(method="classifier", seed=3)


def _side(places: dict[int, float], seed: int) -> Side:
    """Windows of animals about a place of each on the first of four axes."""
    draw = np.random.default_rng(seed)
    animal_of = np.repeat(list(places), WINDOWS)
    values = draw.normal(0, 1, (len(animal_of), 4))
    values[:, 0] += np.repeat(list(places.values()), WINDOWS)
    return Side(values.astype(np.float32), animal_of)


def test_what_one_animal_alone_does_is_not_learnt_from_itself() -> None:
    """New animals 10 and 11 share a place; 12 has a corner of its own beyond the reference."""
    known = _side({0: 0.0, 1: 0.0, 2: 0.0}, 1)
    fresh = _side({10: 6.0, 11: 6.0, 12: -6.0}, 2)
    share = classifier_shares(known, fresh, fresh, PARAMS).share
    mean = {one: float(share[fresh.animal_of == one].mean()) for one in (10, 11, 12)}
    # The others vouch for 10 and 11; nobody does for 12, whose corner is on the side of the known.
    assert min(mean[10], mean[11]) > 0.75
    assert mean[12] < 0.4


def test_where_nothing_differs_new_windows_are_told_by_chance() -> None:
    known, fresh = (_side(dict.fromkeys(range(a, a + 4), 0.0), a) for a in (0, 10))
    unseen = _side(dict.fromkeys(range(20, 24), 0.0), 5)
    # Windows of animals of the pool score as those of animals that nobody was shown.
    both = Side(
        np.concatenate([fresh.values, unseen.values]),
        np.concatenate([fresh.animal_of, unseen.animal_of]),
    )
    share = classifier_shares(known, fresh, both, PARAMS).share
    assert abs(roc_auc_score(both.animal_of < 20, share) - 0.5) < 0.07


def test_the_reference_windows_of_an_animal_do_not_speak_against_it() -> None:
    """An animal recorded before and after: what it does now, it alone did before, too."""
    known = _side({0: 0.0, 1: 0.0, 12: 6.0}, 1)
    fresh = _side({10: 6.0, 11: 6.0, 12: 6.0}, 2)
    share = classifier_shares(known, fresh, fresh, PARAMS).share
    # Without its own windows of before, its place is new for all others.
    assert share[fresh.animal_of == 12].mean() > 0.75
    assert share[fresh.animal_of == 10].mean() < 0.75
