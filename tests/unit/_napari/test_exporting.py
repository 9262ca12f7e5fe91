"""What the panel "Export" writes, without a window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from napari_mousegpt._napari.exemplar_show import exemplar_labels, paced
from napari_mousegpt._napari.export_order import EACH, Order
from napari_mousegpt._napari.exporting import chosen_bouts, export_parts, in_words, written
from napari_mousegpt._napari.movie_names import beside, safe
from napari_mousegpt._napari.scopes import scope_of
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import InputError, OutputExistsError, StorageError
from napari_mousegpt.reports.movies import MoviePart


@pytest.fixture
def desk(viewer: Any, recording: Recording, ethogram: Ethogram, clusters: Ethogram) -> Any:
    show(viewer, recording, ethogram, clusters)
    return state_of(viewer).desk("rec")


def labels(viewer: Any, desk: Any, part: str = "recording", **values: Any) -> list[str]:
    found = chosen_bouts(desk, scope_of(state_of(viewer), part), **values)
    return list(found.bouts.column("label"))


def order(desk: Any, kind: str, path: Path, **values: Any) -> Order:
    return Order(kind, path, desk.recording, desk.ethogram, desk.book, **values)


def test_bouts_are_chosen_by_status_source_and_animal(viewer: Any, desk: Any) -> None:
    assert labels(viewer, desk) == ["walking", "slow turn", "still", "quick walk"]
    assert "flying" in labels(viewer, desk, status="all")
    assert labels(viewer, desk, status="accepted") == ["still"]
    assert labels(viewer, desk, source="labels") == ["walking", "still"]
    assert labels(viewer, desk, source="clusters") == ["slow turn", "quick walk"]
    assert labels(viewer, desk, individual="m2") == []


def test_chosen_bouts_are_whole_and_an_interval_cuts(viewer: Any, desk: Any) -> None:
    bouts = desk.ethogram.bouts
    still = bouts.column("bout_id")[bouts.column("label") == "still"][0]
    desk.select(still)
    chosen = chosen_bouts(desk, scope_of(state_of(viewer), "interval"))
    assert (chosen.bouts.start.tolist(), chosen.bouts.stop.tolist()) == ([300], [1000])
    desk.set_interval(350, 450)
    chosen = chosen_bouts(desk, scope_of(state_of(viewer), "interval"), source="labels")
    assert chosen.bouts.start.tolist() == [350, 350]
    assert chosen.bouts.stop.tolist() == [400, 450]
    assert chosen.observed.length.tolist() == [100]
    state_of(viewer).set_visible("rec", 900, 950)
    chosen = chosen_bouts(desk, scope_of(state_of(viewer), "visible"), source="labels")
    assert chosen.bouts.to_pandas()[["start", "stop"]].to_numpy().tolist() == [[900, 950]]


def test_tables_are_written(desk: Any, tmp_path: Path) -> None:
    parts = export_parts(order(desk, "bouts", tmp_path / "a.csv"))
    assert [part.done for part in parts] == [0, 1]
    assert len(pd.read_csv(tmp_path / "a.csv")) == 5


def test_orders_that_cannot_be_done_are_refused(desk: Any, tmp_path: Path) -> None:
    (tmp_path / "there.csv").touch()
    nothing = Ethogram(Intervals.build([], [], [], [], label=[]), Intervals.empty())
    for wrong, error in (
        (order(desk, "video", tmp_path / "a.gif"), InputError),
        (order(desk, "audit", tmp_path / "no" / "a.csv"), StorageError),
        (order(desk, "bouts", tmp_path / "there.csv"), OutputExistsError),
        (Order("bouts", tmp_path / "a.csv", desk.recording, nothing, desk.book), InputError),
        (order(desk, "audit", tmp_path / "a.csv"), InputError),
    ):
        with pytest.raises(error):
            list(export_parts(wrong))
    assert [file.name for file in tmp_path.iterdir()] == ["there.csv"]
    assert order(desk, "exemplars", tmp_path / "a.gif").label == EACH


def test_labels_are_counted_without_rejected_bouts(ethogram: Ethogram) -> None:
    assert exemplar_labels([ethogram, ethogram]) == {"still": 2, "walking": 2}


def test_reports_come_at_a_pace_and_the_last_one_always() -> None:
    def parts() -> Any:
        for number in range(1, 1001):
            yield MoviePart("write", number, 1000, 0.0)
        return "done"

    seen, result = [], []

    def kept() -> Any:
        result.append((yield from paced(parts(), every=60.0)))

    seen = [part.done for part in kept()]
    assert seen == [1, 1000]
    assert result == ["done"]


def test_names_of_files(recording: Recording) -> None:
    assert safe("walking, fast / turning") == "walking_fast_turning"
    assert safe("???") == "unnamed"
    assert beside(None, "bouts") == Path.home() / "bouts"
    assert beside(recording, "bouts") == Path.home() / "rec_bouts"


def test_a_binary_table_of_several_animals_asks_for_one(desk: Any, tmp_path: Path) -> None:
    two = Ethogram(Intervals.build("rec", [0, 9], [5, 15], ["m1", "m2"], label="walking"))
    wrong = Order("boris-binary", tmp_path / "a.csv", desk.recording, two, desk.book)
    with pytest.raises(InputError) as told:
        list(export_parts(wrong))
    assert 'Choose one under "Animal".' in str(in_words(told.value))
    other = InputError("x", expected="y", remedy="z")
    assert in_words(other) is other


def test_where_files_lie() -> None:
    assert written([Path("a") / "b.csv"]) == f"Written: {Path('a') / 'b.csv'}"
    assert written([Path("a/b.gif"), Path("a/c.gif")]) == "Written in a: b.gif, c.gif"
