from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_mousegpt.errors import InputError
from napari_mousegpt.models.families import FAMILIES, family_of


def test_families_are_known_by_their_model_type() -> None:
    assert family_of({"model_type": "internvl"}) is FAMILIES["internvl"]
    config = SimpleNamespace(to_dict=lambda: {"model_type": "qwen3_vl"})
    assert family_of(config) is FAMILIES["qwen3_vl"]


def test_an_unknown_family_is_treated_with_care() -> None:
    family = family_of({"model_type": "newvl"})
    assert not family.known
    assert family.least_frames == 2
    assert family.size_arguments([(8, 224, 224)]) == {}


def test_a_configuration_without_type_is_refused() -> None:
    with pytest.raises(InputError, match="model_type"):
        family_of({"hidden_size": 8})


shapes = st.lists(
    st.tuples(st.integers(2, 33), st.integers(5, 700), st.integers(5, 700)), min_size=1, max_size=4
)


@given(shapes, st.sampled_from([28, 32]))
def test_no_clip_of_a_batch_is_shrunk_or_blown_up(
    all_shapes: list[tuple[int, int, int]], factor: int
) -> None:
    size = FAMILIES["qwen3_vl"].size_arguments(all_shapes, factor)["size"]
    for t, h, w in all_shapes:
        # The rule of the processors: whole patches, and pairs of frames.
        grown = max(factor / h, factor / w) if min(h, w) < factor else 1
        sides = [round(int(side * grown) / factor) * factor for side in (h, w)]
        kept = sides[0] * sides[1]
        for frames in (2 * round(t / 2), t + t % 2, 1):
            assert size["shortest_edge"] <= frames * kept <= size["longest_edge"]


def test_the_changing_default_of_qwen_is_always_given() -> None:
    for name in ("qwen2_vl", "qwen2_5_vl", "qwen3_vl"):
        assert FAMILIES[name].size_arguments([(4, 56, 56)])["cap_pixels_per_frame"] is False
