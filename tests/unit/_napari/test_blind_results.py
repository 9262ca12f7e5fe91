"""While a study is scored blind, no panel tells names or groups."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from napari_mousegpt._napari import blind_begin
from napari_mousegpt._napari.map_model import MapModel
from napari_mousegpt._napari.novelty_show import NoveltyShow
from napari_mousegpt._napari.searching import Searching
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.errors import InputError
from support.later import Later
from support.mapped import mapped_study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mapped_study(tmp_path_factory.mktemp("blind") / "study")


def _begin(viewer: Any, folder: Path) -> Any:
    """Begin to score another study, as only its table is needed."""
    table = folder / "study.csv"
    table.write_text("recording,animal,group,video\nko_1,a,ko,ko_1.mp4\nwt_1,b,wt,wt_1.mp4\n")
    for name in ("ko_1", "wt_1"):
        (folder / f"{name}.mp4").write_bytes(name.encode())
    return blind_begin.begin(viewer, table, folder / "key", "Kim", seed=1)


def test_nothing_is_shown_and_nothing_can_be_opened(
    viewer: Any, study: Path, tmp_path: Path
) -> None:
    later = Later()
    model, searching, novelty = (
        MapModel(viewer, later),
        Searching(viewer, later),
        NoveltyShow(viewer, later),
    )
    model.open(study)
    later.run()
    searching.open(study)
    later.run()
    novelty.open(study)
    assert "fact:group" in model.colourings()
    assert novelty.groupings
    assert searching.index is not None
    session = _begin(viewer, tmp_path)
    assert model.points is None
    assert model.behaviours is None
    assert model.colouring is None
    assert not len(model.places)
    assert set(model.colourings()) == {"behaviour", "label"}
    assert searching.index is None
    assert not searching.runs
    assert not novelty.roles
    assert not novelty.groupings
    for open_it in (model.open, searching.open, novelty.open):
        with pytest.raises(InputError, match="a viewer in which nothing is scored blind"):
            open_it(study)
    session.unlock("Kim", "done")
    model.open(study)
    later.run()
    assert model.points is not None
    session.put_away()


def test_what_is_read_when_scoring_begins_is_not_shown(
    viewer: Any, study: Path, tmp_path: Path
) -> None:
    later = Later()
    model, searching = MapModel(viewer, later), Searching(viewer, later)
    model.open(study)
    searching.open(study)
    session = _begin(viewer, tmp_path)
    later.run()
    assert model.points is None
    assert searching.index is None
    session.put_away()


def test_a_closed_panel_hears_nothing(viewer: Any) -> None:
    state = state_of(viewer)
    models = [MapModel(viewer), Searching(viewer), NoveltyShow(viewer)]
    assert len(state.blinded) == 3
    for model in models:
        model.close()
    assert len(state.blinded) == 0
    state.blind = SimpleNamespace(locked=False)  # type: ignore[assignment]
    MapModel(viewer, Later()).open(Path("anywhere"))
    state.blind = None
