"""Nothing is built and unreachable, and no module hides a verb of the same name."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from napari.components import ViewerModel

import napari_mousegpt as mg
from napari_mousegpt.cli.commands import COMMANDS
from napari_mousegpt.clips import ClipParams
from napari_mousegpt.core.parquet import write_parquet
from napari_mousegpt.runs.trials import TrialParams
from napari_mousegpt.words import DescribeParams
from support.mapped import windows_of
from support.tiny_models import tiny_vlm

#: Where a user meets each public verb: a command, a widget or a reader of the viewer.
REACHED_BY = {
    "open_recording": {"command info", "command run", "widget Open recording", "reader"},
    "windows": {"command describe --window"},
    "describe": {"command describe"},
    "iter_describe": {"command describe"},
    "describe_some": {"command propagate"},
    "iter_describe_some": {"command propagate"},
    "plan_describe_some": {"command propagate --plan"},
    "calibrate_model": {"command calibrate"},
    "iter_calibrate_model": {"command calibrate"},
    "project": {"command project --encoder"},
    "iter_project": {"command project --encoder"},
    "action_profile": {"command project", "widget Project and cluster"},
    "nearest": {"widget Project and cluster"},
    "cluster": {"command cluster"},
    "iter_cluster": {"command cluster"},
    "apply_map": {"command apply", "widget Map"},
    "iter_apply_map": {"command apply"},
    "refit_map": {"command refit"},
    "iter_refit_map": {"command refit"},
    "publish_map": {"command map"},
    "inspect_map": {"command map"},
    "side_by_side": {"command map"},
    "vector_stream": {"command apply", "command refit", "command map"},
    "novel": {"command novel", "widget Novelty"},
    "iter_novel": {"command novel", "widget Novelty"},
    "novel_against": {"command novel"},
    "odd_within": {"widget Novelty"},
    "search": {"command search", "widget Search"},
    "ethogram": {"command run", "command export"},
    "run": {"command run", "widget Describe", "widget Project and cluster"},
    "iter_run": {"command run", "widget Describe", "widget Project and cluster"},
    "run_study": {"command run", "widget Describe", "widget Project and cluster"},
    "iter_run_study": {"command run", "widget Describe", "widget Project and cluster"},
    "load_study_run": {"command run"},
    "load_run": {"command show"},
    "load_ethogram": {"command export", "reader"},
    "load_study": {"command relocate"},
    "blind_study": {"command blind", "widget Blind scoring"},
    "load_blind_study": {"command unblind", "widget Blind scoring"},
    "check_study": {"command study", "command info"},
    "write_study": {"command relocate --write"},
    "relocate": {"command relocate"},
    "open_pictures": {"command run", "widget Open recording"},
    # Hands the pictures to other libraries, so it is met in Python only.
    "as_dask": {"page recordings"},
    "export": {"command export", "writer"},
    "load_arenas": {"command zones", "command run --arena", "widget Arena"},
    "save_arenas": {"widget Arena"},
    "split_by_arena": {"command run --split-arenas"},
    "zone_entries": {"command zones", "widget Arena"},
    "zone_summary": {"command zones", "widget Arena"},
    "load_epochs": {"command epochs"},
    "load_labels": {"command labels", "reader"},
    "load_pose": {"command run --pose", "reader"},
    "epochs_around": {"command epochs --around"},
    "sample": {"command demo", "sample data"},
    "info": {"command info", "widget Open recording"},
    "doctor": {"command doctor"},
    "find_weights": {"command models"},
    "certify": {"command certify"},
    "trust_card": {"command certify --show"},
    "show": {"command show", "reader"},
    "start": {"widget Describe", "widget Project and cluster"},
    "show_trail": {"menu"},
    "show_heading": {"menu"},
    "viewer_state": {"widget Timeline", "widget Ethogram", "widget Keys"},
    "load_corrections": {"command corrections", "widget Ethogram"},
    "audit_table": {"command corrections --audit", "widget Export"},
    "corrected": {"command corrections --apply"},
    "exemplars": {"command exemplars", "widget Exemplars", "widget Export"},
    "iter_exemplars": {"command exemplars", "widget Exemplars", "widget Export"},
    "annotate_video": {"command annotate", "widget Export"},
    "iter_annotate_video": {"command annotate", "widget Export"},
}
#: The same of classes that are met as such.
CLASSES_REACHED_BY = {
    "NamedMap": {"command names", "command merge", "widget Map"},
    "GrowingMap": {"command novel --accept", "widget Novelty"},
    "SearchIndex": {"command search", "widget Search"},
}


@pytest.fixture(scope="module", autouse=True)
def _every_submodule() -> None:
    """Importing a submodule puts its name on the package; no verb may be shadowed by that."""
    for module in pkgutil.walk_packages(mg.__path__, "napari_mousegpt."):
        importlib.import_module(module.name)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[mg.Recording]:
    from napari_mousegpt.io.samples import make_sample

    files = make_sample(tmp_path_factory.mktemp("sample"), seconds=20)
    opened = mg.open_recording(files.video, pose=files.pose)
    yield opened
    opened.video.close()  # type: ignore[union-attr]


def _verbs() -> set[str]:
    return {
        name for name in mg.__all__ if name[0].islower() and inspect.isroutine(getattr(mg, name))
    }


def test_every_verb_is_still_a_function_after_importing_everything() -> None:
    lower = {name for name in mg.__all__ if name[0].islower()}
    assert _verbs() == lower


@pytest.mark.slow
def test_every_verb_is_called(recording: mg.Recording, tmp_path: Path) -> None:
    viewer = ViewerModel()
    called: dict[str, Any] = {}

    called["windows"] = ranges = mg.windows(recording, "1s", "0.5s")
    called["iter_describe"] = list(mg.iter_describe(recording, ranges))
    called["describe"] = words = mg.describe(recording, ranges)
    called["iter_project"] = list(mg.iter_project(recording))
    called["project"] = vectors = mg.project(recording)
    whole_rows = np.flatnonzero(np.isfinite(vectors.values).all(axis=1))
    called["nearest"] = alike = mg.nearest(vectors, int(whole_rows[0]), 3)
    called["action_profile"] = acted = mg.action_profile([[0.2, 0.8]], ["digging", "tai chi"])
    called["iter_cluster"] = list(mg.iter_cluster(vectors, words))
    called["cluster"] = groups = mg.cluster(vectors, words)
    called |= _maps(vectors, words, tmp_path)
    called |= _novelty()
    called["ethogram"] = etho = mg.ethogram(groups)
    called["iter_run"] = list(mg.iter_run(recording, tmp_path / "run"))
    called["run"] = result = mg.run(recording, tmp_path / "run")
    called["load_run"] = mg.load_run(tmp_path / "run", recording)
    called["search"] = mg.search(tmp_path / "run", "walks", k=2)
    called["load_ethogram"] = loaded, clocks = mg.load_ethogram(tmp_path / "run")
    called["export"] = table = mg.export(loaded, tmp_path / "bouts.csv", clocks)
    called["info"] = report = mg.info(table)
    study = tmp_path / "study.csv"
    study.write_text("recording,animal,group\nm1,a1,vehicle\n")
    called["load_study"] = table_of_study = mg.load_study(study)
    called["check_study"] = checked = mg.check_study(study)
    called["blind_study"] = mg.blind_study(table_of_study, tmp_path / "blind", "Kim")
    called["load_blind_study"] = mg.load_blind_study(tmp_path / "blind")
    called["write_study"] = mg.write_study(tmp_path / "again.toml", table_of_study)
    called["relocate"] = moved = mg.relocate(table_of_study, [tmp_path])
    called["open_pictures"] = pictures = mg.open_pictures(recording.primary.sources["video"])
    called["as_dask"] = lazy = mg.as_dask(pictures)
    sources = recording.primary.sources
    whole = tmp_path / "whole.csv"
    whole.write_text(f"recording,animal,video,pose\nm1,a1,{sources['video']},{sources['pose']}\n")
    called["iter_run_study"] = list(mg.iter_run_study(mg.load_study(whole), tmp_path / "all"))
    called["run_study"] = ran = mg.run_study(mg.load_study(whole), tmp_path / "all")
    called["load_study_run"] = mg.load_study_run(tmp_path / "all")
    called["exemplars"] = mg.exemplars(recording, etho, etho.labels[0])
    called["iter_exemplars"] = list(mg.iter_exemplars(recording, etho, etho.labels[0]))
    called["annotate_video"] = movie = mg.annotate_video(recording, etho, tmp_path / "a.mp4")
    called["iter_annotate_video"] = list(
        mg.iter_annotate_video(recording, etho, movie, overwrite=True)
    )
    called["doctor"] = mg.doctor()
    room = [[0, 0], [999, 0], [999, 999], [0, 999]]
    arena = mg.Arena("box", (mg.Zone("all", room),), room)  # type: ignore[arg-type]
    called["save_arenas"] = mg.save_arenas(tmp_path / "arena.json", [arena])
    called["load_arenas"] = arenas = mg.load_arenas(tmp_path / "arena.json")
    called["split_by_arena"] = mg.split_by_arena(recording.pose, arenas)
    placed = mg.open_recording(None, recording.pose, id="placed", arena=arenas)
    called["zone_entries"] = mg.zone_entries(placed)
    called["zone_summary"] = mg.zone_summary(placed)
    called["epochs_around"] = around = mg.epochs_around(
        100, [("before", -1, 0), ("after", 0, 1)], recording.timebase
    )
    cues = tmp_path / "cues.csv"
    cues.write_text("label,start,stop\ncue,3,9\n")
    called["load_labels"] = labels = mg.load_labels(table, clocks=recording.timebase)
    tracks = tmp_path / "m.csv"
    tracks.write_text("nose_x,nose_y\n1,2\n")
    called["load_pose"] = mg.load_pose(tracks, 30)
    called["load_epochs"] = epochs = mg.load_epochs(cues, recording.timebase)
    called["open_recording"] = mg.open_recording(
        np.zeros((10, 8, 8), dtype=np.uint8), fps=10, id="array"
    )
    called["sample"] = generated = mg.sample()
    called["show"] = mg.show(viewer, recording, etho)
    called["start"] = mg.start
    called["viewer_state"] = state = mg.viewer_state(viewer)
    state.select_interval(3, 9)
    state.mark("rearing")
    called["show_trail"] = mg.show_trail(viewer)
    called["show_heading"] = mg.show_heading(viewer)
    called["load_corrections"] = corrections = mg.load_corrections(recording)[0]
    called["audit_table"] = audit = mg.audit_table(corrections.edits)
    called["corrected"] = mended = mg.corrected(etho, corrections)
    model = str(tiny_vlm("internvl", tmp_path / "tiny"))
    called["find_weights"] = weights = mg.find_weights(model)
    called["certify"] = card = mg.certify(model, TrialParams(trials=2, size=56), device="cpu")
    called["trust_card"] = mg.trust_card(weights.files_hash)
    rules, some = DescribeParams(), tmp_path / "some"
    called["plan_describe_some"] = plan = mg.plan_describe_some(result)
    called["iter_describe_some"] = list(mg.iter_describe_some(result, rules, out=some))
    called["describe_some"] = said = mg.describe_some(result, rules, out=some)
    for number in range(36):
        state.select_interval(20 + 8 * number, 28 + 8 * number)
        state.mark(("rearing", "walking")[number % 2])
    two = DescribeParams(
        model=model,
        prompt="label",
        vocabulary=("rearing", "walking"),
        clips=ClipParams(frames=2, size=56),
        device="cpu",
    )
    fit = tmp_path / "fit"
    called["iter_calibrate_model"] = list(mg.iter_calibrate_model(result, two, out=fit))
    called["calibrate_model"] = fitted = mg.calibrate_model(result, two, out=fit)

    assert set(called) == _verbs()
    assert called["trust_card"] == card
    assert len(said.words) == plan.total
    assert fitted.n == 37
    assert len(words) == len(ranges) == sum(len(p.table) for p in called["iter_describe"])
    assert len(vectors) == len(groups.assignments)
    assert len(alike) == 3
    assert acted["action"].tolist() == ["tai chi", "digging"]
    assert result.ethogram == loaded
    assert clocks == {recording.id: recording.timebase}
    assert not report.problems
    assert generated.pose is not None
    assert len(viewer.layers) >= 3
    assert set(audit["action"]) == {"mark"}
    assert len(mended) == len(etho) + 1
    assert called["zone_summary"]["share"].tolist() == [1.0]
    assert around.column("label").tolist() == ["before", "after"]
    assert epochs.stop.tolist() == [9]
    assert len(labels) == len(loaded)
    assert checked.ok
    assert (ran.exit_code, ran.failures) == (0, {})
    assert mg.load_study(tmp_path / "again.toml").animals == ("a1",)
    assert len(moved.preview) == 0
    assert (lazy[7].compute() == pictures[7]).all()
    pictures.close()


def _maps(vectors: mg.Vectors, words: Any, place: Path) -> dict[str, Any]:
    """Call the verbs about maps."""
    called: dict[str, Any] = {}
    mg.cluster(vectors, words, out=place / "found")
    mg.NamedMap.open(place / "found", who="KM").rename(0, "zoomies")
    about: dict[str, Any] = {"title": "One mouse", "authors": ["A. Person"], "licence": "CC0-1.0"}
    lent = place / "lent"
    called["publish_map"] = mg.publish_map(place / "found", lent, vectors=vectors, **about)
    called["inspect_map"] = looked = mg.inspect_map(lent)
    called["iter_apply_map"] = list(mg.iter_apply_map(lent, vectors, out=place / "applied"))
    called["apply_map"] = applied = mg.apply_map(lent, vectors, out=place / "applied")
    again = {"out": place / "again"}
    called["iter_refit_map"] = list(mg.iter_refit_map(place / "found", vectors, words, **again))
    called["refit_map"] = refitted = mg.refit_map(place / "found", vectors, words, **again)
    other = refitted.map.apply(vectors)
    called["side_by_side"] = side = mg.side_by_side(applied.assignments, other)
    called["vector_stream"] = mg.vector_stream([_file_of(vectors, place)])
    assert not looked.problems
    assert "zoomies" in set(applied.assignments["name"])
    assert refitted.map.parent
    assert side.n == len(vectors)
    return called


def _file_of(vectors: mg.Vectors, place: Path) -> Path:
    write_parquet(vectors.to_table(), place / "vectors.parquet")
    return place / "vectors.parquet"


def _novelty() -> dict[str, Any]:
    """Ask what is new, where nothing is."""
    old = mg.Vectors.concat([windows_of(name, 60)[0] for name in ("a", "b", "c", "d")])
    new = mg.Vectors.concat([windows_of(name, 60)[0] for name in ("e", "f")])
    called: dict[str, Any] = {"novel_against": mg.novel_against(old, new)}
    called["odd_within"] = mg.odd_within(old)
    called["iter_novel"] = list(mg.iter_novel(old, new))
    called["novel"] = found = mg.novel(old, new)
    assert len(found.windows) == len(new)
    return called


def test_start_does_a_verb_in_the_background(recording: mg.Recording, qtbot: Any) -> None:
    job = mg.start(ViewerModel(), "describe", recording, mg.windows(recording, "1s"))
    qtbot.waitUntil(lambda: job.done, timeout=60_000)
    assert len(job.result) == 20


def test_every_verb_can_be_reached_by_a_user() -> None:
    assert set(REACHED_BY) == _verbs()
    assert set(mg.__all__) >= set(CLASSES_REACHED_BY)
    manifest = yaml.safe_load((Path(mg.__file__).parent / "napari.yaml").read_text())
    contributions = manifest["contributions"]
    widgets = {widget["display_name"] for widget in contributions["widgets"]}
    kinds = {
        "reader": contributions["readers"],
        "writer": contributions["writers"],
        "sample data": contributions["sample_data"],
        "menu": contributions["menus"],
    }
    for verb, ways in {**REACHED_BY, **CLASSES_REACHED_BY}.items():
        for way in ways:
            kind, _, name = way.partition(" ")
            if kind == "command":
                command, *options = name.split()
                assert command in COMMANDS, f"{verb}: no command {command}"
                for option in options:
                    assert option in _options_of(command), f"{verb}: no {option}"
            elif kind == "page":
                page = Path(__file__).parents[2] / "docs" / f"{name}.md"
                assert f"mg.{verb}(" in page.read_text(encoding="utf-8"), f"{verb}: not on {page}"
            elif kind == "widget":
                assert name in widgets, f"{verb}: no widget {name}"
            else:
                assert kinds[way], f"{verb}: no {way}"


def test_every_command_and_widget_serves_a_verb() -> None:
    reached = {**REACHED_BY, **CLASSES_REACHED_BY}
    ways = {way for group in reached.values() for way in group}
    commands = {way.split()[1] for way in ways if way.startswith("command")}
    assert commands == set(COMMANDS)
    manifest = yaml.safe_load((Path(mg.__file__).parent / "napari.yaml").read_text())
    widgets = {widget["display_name"] for widget in manifest["contributions"]["widgets"]}
    assert widgets == {way.removeprefix("widget ") for way in ways if way.startswith("widget")}


def _options_of(command: str) -> set[str]:
    import argparse

    parser = argparse.ArgumentParser()
    COMMANDS[command].add_options(parser)
    return {option for action in parser._actions for option in action.option_strings}
