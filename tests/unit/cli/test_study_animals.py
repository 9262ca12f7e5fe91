"""Animals of recordings by a study table: all, some, none of them named."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_mousegpt.cli.study_animals import animals_from
from napari_mousegpt.errors import InputError


def test_animals_are_told_where_any_recording_is_named(tmp_path: Path) -> None:
    study = tmp_path / "study.csv"
    study.write_text("recording,animal,video\na1,m1,none.mp4\na2,m2,none.mp4\n", encoding="utf-8")
    assert animals_from(None, ["a1"]) is None
    assert animals_from(study, ["a1", "other"]) == {"a1": "m1", "a2": "m2"}
    with pytest.raises(InputError, match=r"study\.csv: .*such as 'other', found none of them"):
        animals_from(study, ["other"])
