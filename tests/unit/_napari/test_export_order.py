"""What the panel "Export" is asked to write, without a window."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_mousegpt._napari.export_order import KINDS, Order, targets
from napari_mousegpt.core.edit_book import BoutBook
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import InputError, OutputExistsError
from napari_mousegpt.runs.exporting import FORMATS


def test_every_format_of_the_verb_is_offered() -> None:
    assert tuple(KINDS)[: len(FORMATS)] == FORMATS


def test_a_recording_without_bouts_is_to_be_marked_first(
    recording: Recording, tmp_path: Path
) -> None:
    nothing = Ethogram(Intervals.build([], [], [], [], label=[]))
    book = BoutBook("rec", recording.n_frames)
    with pytest.raises(InputError, match=r"found none\. Mark some on the timeline"):
        targets(Order("bouts", tmp_path / "a.csv", recording, nothing, book))


def test_each_label_has_a_file_of_its_own(recording: Recording, tmp_path: Path) -> None:
    found = Ethogram(
        Intervals.build("rec", [0, 9, 20], [5, 15, 25], label=["a/b", "a b", "walking, fast"])
    )
    book = BoutBook("rec", recording.n_frames)
    one = Order("exemplars", tmp_path / "m.gif", recording, found, book)
    names = {label: path.name for label, path in targets(one).items()}
    assert names == {
        "a b": "m_a_b.gif",
        "a/b": "m_a_b_2.gif",
        "walking, fast": "m_walking_fast.gif",
    }
    (tmp_path / "m_a_b_2.gif").touch()
    with pytest.raises(OutputExistsError, match=r"m_a_b_2\.gif"):
        targets(one)
