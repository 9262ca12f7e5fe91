from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_mousegpt.errors import InputError
from napari_mousegpt.words.scoring import LabelScores, ScoringParams

PLAIN = ScoringParams(prior_weight=0.0)
LABELS = ("walking", "rearing", "grooming", "still")


def scores(rows: int = 5) -> st.SearchStrategy[np.ndarray]:
    number = st.floats(-200, 0, allow_nan=False)
    return hnp.arrays(np.float64, (rows, len(LABELS)), elements=number)


@given(scores())
def test_probabilities_of_a_clip_sum_to_one(loglik: np.ndarray) -> None:
    found = LabelScores(LABELS, loglik).posterior(PLAIN)
    assert found.probability.sum(axis=1) == pytest.approx(np.ones(len(found)), abs=1e-12)
    assert (found.probability >= 0).all()
    assert ((found.entropy >= 0) & (found.entropy <= 1)).all()
    assert ((found.margin >= 0) & (found.margin <= found.confidence)).all()


@given(scores(), st.floats(-50, 50), st.floats(0.1, 10))
def test_a_constant_on_all_labels_changes_nothing(
    loglik: np.ndarray, constant: float, temperature: float
) -> None:
    how = ScoringParams(prior_weight=0.0, temperature=temperature)
    one = LabelScores(LABELS, loglik).posterior(how).probability
    other = LabelScores(LABELS, loglik + constant).posterior(how).probability
    assert other == pytest.approx(one, abs=1e-9)


@given(scores())
def test_temperature_one_is_the_softmax_of_the_scores(loglik: np.ndarray) -> None:
    raised = np.exp(loglik - loglik.max(axis=1, keepdims=True))
    expected = raised / raised.sum(axis=1, keepdims=True)
    how = ScoringParams(prior_weight=0.0, temperature=1.0)
    assert LabelScores(LABELS, loglik).posterior(how).probability == pytest.approx(expected)


@given(scores(), scores(1), st.permutations(range(len(LABELS))), st.floats(0.1, 10))
def test_labels_in_another_order_have_the_same_probabilities(
    loglik: np.ndarray, prior: np.ndarray, order: list[int], temperature: float
) -> None:
    how = ScoringParams(temperature=temperature, length_power=0.5)
    lengths = np.array([1, 2, 3, 4])
    one = LabelScores(LABELS, loglik, prior[0], lengths).posterior(how)
    turned = [LABELS[i] for i in order]
    other = LabelScores(turned, loglik[:, order], prior[0][order], lengths[order]).posterior(how)
    assert other.probability == pytest.approx(one.probability[:, order], abs=1e-12)
    assert other.confidence == pytest.approx(one.confidence)
    assert other.margin == pytest.approx(one.margin, abs=1e-12)


def test_of_two_labels_alike_the_order_does_not_choose() -> None:
    for labels in (("walking", "rearing"), ("rearing", "walking")):
        found = LabelScores(labels, [[-3.0, -3.0]]).posterior(PLAIN)
        assert found.best == ("rearing",)
        assert found.entropy[0] == pytest.approx(1.0)
        assert found.margin[0] == 0.0
        assert found.abstain(least_margin=0.01)[0].value == ""


@given(scores(), st.floats(0.05, 0.95), st.floats(1.05, 20))
def test_a_higher_temperature_is_less_sure_of_the_same_label(
    loglik: np.ndarray, cold: float, hot: float
) -> None:
    found = LabelScores(LABELS, loglik)
    sharp, flat = (
        found.posterior(ScoringParams(prior_weight=0.0, temperature=t)) for t in (cold, hot)
    )
    assert (flat.confidence <= sharp.confidence + 1e-12).all()
    clear = sharp.margin > 1e-6
    assert (np.array(sharp.best)[clear] == np.array(flat.best)[clear]).all()


def test_a_temperature_divides_the_scores() -> None:
    found = LabelScores(LABELS, [[0.0, -2.0, -4.0, -6.0]])
    halved = LabelScores(LABELS, [[0.0, -1.0, -2.0, -3.0]]).posterior(PLAIN)
    warm = found.posterior(ScoringParams(prior_weight=0.0, temperature=2.0))
    assert warm.probability == pytest.approx(halved.probability)


def test_the_blank_clip_takes_off_what_words_cost() -> None:
    # The model likes "walking" by itself, and a label of many tokens loses by each of them.
    prior = np.array([-0.5, -4.0, -9.0])
    seen = np.array([[0.0, 3.0, 0.0], [0.0, 0.0, 3.0]])
    found = LabelScores(("walking", "rearing", "grooming the back"), prior + seen, prior)
    assert found.posterior(PLAIN).best == ("walking", "walking")
    assert found.posterior().best == ("rearing", "grooming the back")
    half = found.corrected(ScoringParams(prior_weight=0.5))
    assert half == pytest.approx(prior / 2 + seen)


def test_the_mean_for_each_token_is_the_other_correction() -> None:
    found = LabelScores(("still", "moving in place"), [[-2.0, -3.0]], lengths=[1, 3])
    assert found.posterior(PLAIN).best == ("still",)
    how = ScoringParams(prior_weight=0.0, length_power=1.0)
    assert found.corrected(how).tolist() == [[-2.0, -1.0]]
    assert found.posterior(how).best == ("moving in place",)


def test_a_correction_that_cannot_be_made_is_refused() -> None:
    found = LabelScores(LABELS, np.zeros((1, 4)))
    with pytest.raises(InputError, match=r"scores on a blank clip.*set prior_weight=0"):
        found.posterior()
    with pytest.raises(InputError, match="the number of tokens of each label"):
        found.posterior(ScoringParams(prior_weight=0.0, length_power=1.0))


def test_choices_abstain_and_keep_the_numbers() -> None:
    probability = np.log([[0.5, 0.4, 0.05, 0.05], [0.9, 0.05, 0.03, 0.02]])
    how = ScoringParams(prior_weight=0.0, least_confidence=0.45, least_margin=0.2)
    unclear, clear = LabelScores(LABELS, probability).choices(how)
    assert (unclear.value, clear.value) == ("", "walking")
    assert unclear.confidence == pytest.approx(0.5)
    assert unclear.margin == pytest.approx(0.1)
    assert sum(unclear.shares.values()) == pytest.approx(1.0)
    assert unclear.entropy > clear.entropy
    sharper = ScoringParams(prior_weight=0.0, least_confidence=0.95)
    assert LabelScores(LABELS, probability).choices(sharper)[1].value == ""


def test_a_label_that_is_ruled_out_has_no_probability() -> None:
    found = LabelScores(LABELS, [[-np.inf, -1.0, -np.inf, -1.0]]).posterior(PLAIN)
    assert found.probability.tolist() == [[0.0, 0.5, 0.0, 0.5]]
    assert found.entropy[0] == pytest.approx(0.5)
    assert len(LabelScores(LABELS, np.zeros((0, 4))).posterior(PLAIN)) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"loglik": [[0.0, np.nan, 0.0, 0.0]]}, "label 'rearing' on clip 0"),
        ({"loglik": [[np.inf, 0.0, 0.0, 0.0]]}, "label 'walking' on clip 0.*bfloat16"),
        ({"loglik": [[-np.inf] * 4]}, "clip 0.*all are minus infinity"),
        ({"loglik": [[0.0, 0.0]]}, r"shape \(clips, 4\), found \(1, 2\)"),
        ({"prior": [0.0, 0.0]}, "blank clip"),
        ({"prior": [0.0, 0.0, 0.0, -np.inf]}, "4 finite numbers"),
        ({"lengths": [1, 2, 3, 0]}, "4 numbers from 1 on"),
        ({"labels": ("walking", "walking")}, "none twice"),
        ({"labels": ("walking",), "loglik": [[0.0]]}, "two or more"),
    ],
)
def test_scores_that_are_none_are_refused(arguments: dict[str, object], message: str) -> None:
    given = {"labels": LABELS, "loglik": np.zeros((1, 4)), **arguments}
    with pytest.raises(InputError, match=message):
        LabelScores(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong", [{"temperature": 0.0}, {"prior_weight": 1.1}, {"least_margin": -0.1}]
)
def test_parameters_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        ScoringParams(**wrong)
