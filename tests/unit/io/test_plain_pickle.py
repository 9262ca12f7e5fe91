"""Pickles are read as data: what is harmless comes back, the rest is refused unexecuted."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.plain_pickle import plain_value

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(value=values, protocol=st.integers(0, 5))
def test_plain_values_come_back(value: Any, protocol: int) -> None:
    assert plain_value(pickle.dumps(value, protocol), "x") == value


@pytest.mark.parametrize("protocol", range(6))
def test_an_array_of_text_comes_back_as_a_list(protocol: int) -> None:
    names = np.array(["nose", "tail base"], dtype=object)
    assert plain_value(pickle.dumps(names, protocol), "x") == ["nose", "tail base"]


class Harm:
    """Unpickling this makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("protocol", range(6))
def test_nothing_is_ever_executed(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "harm"
    data = pickle.dumps([("nose", "x"), Harm(path)], protocol)
    with pytest.raises(FormatError, match=r"request to import .*Such files can carry programs"):
        plain_value(data, "m.h5")
    assert not path.exists()
    pickle.loads(data)  # the trap does work
    assert path.exists()


@pytest.mark.parametrize(
    "data",
    [b"", b"(lp0\n", b"garbage", b"\x80\x04]\x94a.", b"g5\n.", b"t.", b"cos\nsystem\n."],
)
def test_damaged_pickles_are_refused(data: bytes) -> None:
    with pytest.raises(FormatError, match=r"m.h5"):
        plain_value(data, "m.h5")
