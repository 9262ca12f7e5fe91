"""The map of a viewer without a window: read, coloured, renamed, merged, picked."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from napari_mousegpt._napari import map_layout
from napari_mousegpt._napari.map_acts import PICKED, export, highlight, mark
from napari_mousegpt._napari.map_model import NOISE, MapModel
from napari_mousegpt._napari.map_naming import MapNaming
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.core.parquet import read_parquet
from napari_mousegpt.errors import InputError, OutputExistsError
from support.later import Late, Later
from support.mapped import mapped_run, mapped_study


@pytest.fixture(scope="module")
def run_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mapped_run(tmp_path_factory.mktemp("map") / "run")


@pytest.fixture
def run(run_made: Path, tmp_path: Path) -> Path:
    """A copy, as names are kept beside the map."""
    return Path(shutil.copytree(run_made, tmp_path / "run"))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mapped_study(tmp_path_factory.mktemp("map") / "study")


@pytest.fixture
def later() -> Later:
    return Later()


@pytest.fixture
def model(viewer: Any, later: Later, run: Path) -> MapModel:
    made = MapModel(viewer, later)
    made.open(run)
    later.run()
    return made


def around(model: MapModel, row: int, reach: float = 0.4) -> np.ndarray:
    x, y = model.places[row].astype(float)
    return np.array([[x - reach, y - reach], [x + reach, y - reach], [x, y + reach]])


def test_the_map_shows_what_the_clustering_says(model: MapModel, run: Path) -> None:
    rows = read_parquet(run / "result" / "assignments.parquet")
    assert model.points is not None
    assert model.colouring is not None
    rows = rows.sort_values(["recording", "individual", "start"])
    assert model.points.start.tolist() == rows["start"].tolist()
    assert model.points.cluster.tolist() == rows["cluster"].tolist()
    names = [model.colouring.names[code] for code in model.colouring.codes]
    called = {one.cluster: one.name for one in MapNaming(model).behaviours}
    assert names == [called.get(cluster, NOISE) for cluster in rows["cluster"]]
    assert model.told(3).splitlines()[0] == names[3]
    assert "rec m1, frames 9 to 11" in model.told(3)


def test_points_are_there_before_their_names(viewer: Any, later: Later, run: Path) -> None:
    model, seen = MapModel(viewer, later), []
    model.placed.connect(lambda: seen.append(model.named))
    model.open(run)
    later.run()
    assert seen == [None]
    assert model.named is not None
    assert model.levels[2] == len(MapNaming(model).behaviours)


def test_a_new_name_is_everywhere_with_its_colour(model: MapModel, viewer: Any) -> None:
    naming = MapNaming(model)
    one = naming.behaviours[0]
    placed: list[int] = []
    model.placed.connect(lambda: placed.append(1))
    naming.rename(one.cluster, "freezing")
    assert model.colouring is not None
    assert "freezing" in model.colouring.names
    assert one.name not in model.colouring.names
    code = model.colouring.names.index("freezing")
    assert model.colouring.colours[code] == state_of(viewer).colour("", ["freezing"])["freezing"]
    mine = np.flatnonzero(model.points.cluster == one.cluster)  # type: ignore[union-attr]
    assert set(model.colouring.codes[mine]) == {code}
    assert model.told(int(mine[0])).startswith("freezing\n")
    # What was zoomed to stays in view.
    assert placed == []
    naming.undo()
    assert one.name in model.colouring.names
    naming.redo()
    assert "freezing" in model.colouring.names
    with pytest.raises(InputError):
        naming.rename(one.cluster, "  ")


def test_names_of_now_are_shown_on_the_recording(
    model: MapModel, viewer: Any, make_recording: Any
) -> None:
    naming = MapNaming(model)
    assert naming.show_on(viewer) == []
    show(viewer, make_recording(600))
    one = naming.behaviours[0]
    naming.rename(one.cluster, "freezing")
    assert naming.show_on(viewer) == ["rec"]
    (shown,) = state_of(viewer).ethograms("rec").values()
    assert "freezing" in shown.labels
    assert one.name not in shown.labels
    ids = shown.bouts.column("bout_id").tolist()
    # Again, in place of those.
    naming.undo()
    naming.show_on(viewer)
    (shown,) = state_of(viewer).ethograms("rec").values()
    assert one.name in shown.labels
    assert "freezing" not in shown.labels
    assert shown.bouts.column("bout_id").tolist() == ids
    desk = state_of(viewer).desk("rec")
    assert "freezing" not in desk.labels
    # The map has the colours of the layers.
    model.colour("behaviour")
    assert model.colouring is not None
    colours = state_of(viewer).colours("rec")
    told = dict(zip(model.colouring.names, model.colouring.colours, strict=True))
    assert {name: told[name] for name in shown.labels} == {n: colours[n] for n in shown.labels}


def test_a_merge_is_seen_and_taken_back(model: MapModel) -> None:
    naming = MapNaming(model)
    before = model.points.cluster.copy()  # type: ignore[union-attr]
    for one in naming.behaviours:
        assert one.name in naming.about(one)
        assert any(line.startswith("rec") and "[" in line for line in naming.about(one).split("\n"))
        assert naming.cells(one)[2] == "words"
    suggested = naming.suggestions()
    assert suggested
    assert "would" in naming.evidence(suggested[0])
    naming.merge(suggested[0])
    keeps, goes = suggested[0].clusters
    now = model.points.cluster  # type: ignore[union-attr]
    assert set(now[np.isin(before, [keeps, goes])]) == {keeps}
    assert model.colouring is not None
    assert len(model.colouring.names) == len(set(before) | {-1}) - 1
    naming.undo()
    assert model.points.cluster.tolist() == before.tolist()  # type: ignore[union-attr]
    naming.keep_apart(naming.suggestions()[0])
    pairs = [set(one.clusters) for one in naming.suggestions()]
    assert {keeps, goes} not in pairs


def test_coarser_and_finer(model: MapModel, later: Later) -> None:
    least, most, record = model.levels
    assert (least, model.level) == (1, None)
    model.show_level(3)
    assert model.behaviours is not None
    assert len(model.behaviours.names) == 3
    assert set(model.points.cluster) <= {-1, *model.behaviours.names}  # type: ignore[union-attr]
    model.show_level(most)
    later.run()
    assert model.behaviours.names is not None
    assert len(set(model.points.cluster) - {-1}) > record  # type: ignore[union-attr]
    model.show_level(record)
    assert model.level is None


def test_a_lasso_picks_what_is_inside_and_nothing_else(model: MapModel) -> None:
    line = around(model, 20)
    model.pick_within(line)
    assert model.picked is not None
    assert model.picked[20]
    outside = ((model.places < line.min(axis=0)) | (model.places > line.max(axis=0))).any(axis=1)
    assert outside.any()
    assert not model.picked[outside].any()
    first = int(model.picked.sum())
    model.pick_within(around(model, 60), more=True)
    assert model.picked[[20, 60]].all()
    assert int(model.picked.sum()) >= first
    frames = np.zeros(700, dtype=bool)
    for one in model.intervals():
        frames[one.start : one.stop] = True
    points = model.points
    assert points is not None
    held = np.array([frames[a:b].all() for a, b in zip(points.start, points.stop, strict=True)])
    np.testing.assert_array_equal(held, model.picked)
    model.drop()
    assert model.picked is None
    assert len(model.intervals()) == 0


def test_bouts_are_picked_as_bouts(model: MapModel) -> None:
    model.show_bouts(True)
    assert model.points is not None
    assert len(model.points) < 100
    assert model.points.windows.sum() == 200
    model.pick(np.array([0]))
    found = model.intervals()
    assert (found.start[0], found.column("windows")[0]) == (0, model.points.windows[0])
    model.colour("strength")
    assert model.colouring is not None
    assert model.colouring.limits is not None


def test_labels_of_people_colour_points(model: MapModel, viewer: Any, make_recording: Any) -> None:
    show(viewer, make_recording(600))
    desk = state_of(viewer).desk("rec")
    desk.set_interval(0, 30)
    desk.mark("digging")
    model.colour("label")
    found = model.colouring
    assert found is not None
    said = [found.names[code] for code in found.codes]
    assert said[:10] == ["digging"] * 10
    assert set(said[10:]) == {"not labelled"}
    shade = dict(zip(found.names, found.colours, strict=True))["digging"]
    assert shade == state_of(viewer).colours("rec")["digging"]
    desk.undo()
    model.recolour()
    assert model.colouring is not None
    assert set(model.colouring.names) == {"not labelled"}


def test_a_study_is_coloured_by_group_and_animal(viewer: Any, later: Later, study: Path) -> None:
    model = MapModel(viewer, later)
    model.open(study)
    later.run()
    assert model.points is not None
    offered = model.colourings()
    assert {"recording", "fact:group", "fact:animal"} <= set(offered)
    model.colour("fact:group")
    assert model.colouring is not None
    assert model.colouring.counts() == {"a": 400, "b": 200}
    assert set(model.runs) == {"a1", "a2", "b1"}


def test_what_is_picked_goes_to_the_timeline_and_back(
    model: MapModel, viewer: Any, make_recording: Any
) -> None:
    from napari_mousegpt._napari.extras import extras_of

    show(viewer, make_recording(600))
    state = state_of(viewer)
    extras = extras_of(state, "rec")
    model.pick(np.array([4, 5, 9]))
    assert highlight(state, model.intervals()) == (2, [])
    assert extras.epochs.start.tolist() == [12, 27]
    model.pick(np.array([0]))
    highlight(state, model.intervals())
    assert (extras.epochs.start.tolist(), set(extras.epochs.column("label"))) == ([0], {PICKED})
    highlight(state, model.intervals()[:0])
    assert len(extras.epochs) == 0


def test_what_is_picked_is_marked_in_one_edit(
    model: MapModel, viewer: Any, make_recording: Any
) -> None:
    show(viewer, make_recording(600))
    state = state_of(viewer)
    desk = state.desk("rec")
    model.pick(np.array([4, 5, 9]))
    assert mark(state, model.intervals(), "digging") == (2, [])
    rows = [(row.start, row.stop, row.label, row.source) for row in desk.book.rows]
    assert rows == [(12, 18, "digging", "human"), (27, 30, "digging", "human")]
    desk.undo()
    assert len(desk.book) == 0


def test_nothing_is_marked_where_nothing_is_open(model: MapModel, viewer: Any) -> None:
    model.pick(np.array([4]))
    assert mark(state_of(viewer), model.intervals(), "digging") == (0, ["rec"])
    assert highlight(state_of(viewer), model.intervals()) == (0, ["rec"])


@pytest.mark.parametrize("name", ["picked.csv", "picked.parquet"])
def test_what_is_picked_is_written(
    model: MapModel, tmp_path: Path, name: str, make_recording: Any
) -> None:
    import pandas as pd

    model.pick(np.array([4, 9]))
    assert model.points is not None
    assert model.picked is not None
    assert model.behaviours is not None
    path = tmp_path / name
    clocks = {"rec": make_recording(600).timebase}
    told = (model.points, model.picked, model.behaviours.names, clocks)
    assert export(path, *told) == 2
    table = pd.read_csv(path) if name.endswith("csv") else pd.read_parquet(path)
    assert table["start"].tolist() == [12, 27]
    np.testing.assert_allclose(table["stop_s"], [0.5, 1.0])
    assert table["name"][0] == model.told(4).splitlines()[0]
    with pytest.raises(OutputExistsError):
        export(path, *told)
    with pytest.raises(InputError, match="ends in"):
        export(tmp_path / "picked.txt", *told)


def test_umap_is_worked_out_beside_the_viewer(
    model: MapModel, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parts(features: np.ndarray) -> Any:
        yield None
        return features[:, 2:4].copy()

    monkeypatch.setattr(map_layout, "umap_parts", parts)
    model.lay_out("umap")
    assert model.layout == "pca"
    later.run()
    assert model.layout == "umap"
    assert len(model.places) == len(model.rows) == 200
    # Another layout is at once, and what was worked out is kept.
    model.lay_out("pca")
    model.lay_out("umap")
    assert (model.layout, later.waiting) == ("umap", [])


def test_without_umap_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_layout, "find_spec", lambda name: None)
    assert "pip install" in map_layout.umap_problem()


def test_only_the_last_folder_counts(viewer: Any, later: Later, run: Path, study: Path) -> None:
    model = MapModel(viewer, later)
    model.open(study)
    model.open(run)
    later.run()
    assert model.points is not None
    assert model.points.recordings == ("rec",)


def test_a_map_that_comes_too_late_is_not_shown(viewer: Any, run: Path, study: Path) -> None:
    late = Late()
    model = MapModel(viewer, late)
    model.open(study)
    model.open(run)
    late.run()
    assert model.folder == run
    model.show_level(model.levels[1])
    model.open(study)
    late.run()
    assert (model.folder, model.level) == (study, None)
    # Scoring begins while it is read.
    model.open(run)
    state_of(viewer).blinded.emit()
    late.run()
    assert model.points is None
    assert model.named is None


def test_folders_without_a_map_are_refused_in_words(
    viewer: Any, later: Later, run: Path, tmp_path: Path
) -> None:
    model = MapModel(viewer, later)
    model.open(tmp_path)
    later.run()
    assert model.job is not None
    assert "finished run or study" in str(model.job.error)
    (run / "result" / "assignments.parquet").unlink()
    model.open(run)
    later.run()
    assert "Cluster the recordings first" in str(model.job.error)
    assert model.points is None
    with pytest.raises(InputError, match="novelty run"):
        model_of(viewer, later, run).read_scores(tmp_path)


def model_of(viewer: Any, later: Later, run: Path) -> MapModel:
    """Return a model of a map that is read."""
    again = mapped_run(run.parent / "again")
    model = MapModel(viewer, later)
    model.open(again)
    later.run()
    return model


def test_novelty_scores_join_on_keys(model: MapModel, tmp_path: Path) -> None:
    from napari_mousegpt.core.parquet import write_parquet

    points = model.points
    assert points is not None
    keys = [points.key(row) for row in (7, 3)]
    import pandas as pd

    table = pd.DataFrame(keys, columns=["recording", "individual", "start", "stop"])
    (tmp_path / "novel" / "result").mkdir(parents=True)
    place = tmp_path / "novel" / "result" / "windows.parquet"
    write_parquet(table.assign(share=[0.9, 0.1]), place)
    assert model.read_scores(tmp_path / "novel") == 2
    model.colour("novelty")
    assert model.colouring is not None
    assert model.colouring.limits is not None
    grey = len(model.colouring.colours) - 1
    told = np.flatnonzero(model.colouring.codes != grey)
    assert told.tolist() == [3, 7]
    assert model.colouring.codes[3] < model.colouring.codes[7]
    other = table.assign(recording="elsewhere", share=0.5)
    write_parquet(other, place)
    with pytest.raises(InputError, match="on this map"):
        model.read_scores(tmp_path / "novel")


def test_a_blind_study_shows_no_map(viewer: Any, later: Later, run: Path) -> None:
    model = MapModel(viewer, later)
    state_of(viewer).blind = SimpleNamespace(locked=True)  # type: ignore[assignment]
    with pytest.raises(InputError, match="scored blind"):
        model.open(run)
    state_of(viewer).blind = None
