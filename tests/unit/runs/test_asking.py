"""Words by a model or a server in the whole chain: a run, a study, and going on with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import napari_mousegpt as mg
from napari_mousegpt.clips import ClipParams
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.provenance import RunCard
from napari_mousegpt.errors import InputError
from napari_mousegpt.features import FeatureParams, SilhouetteParams
from napari_mousegpt.io.samples import make_sample
from napari_mousegpt.models.consent import ConsentError
from napari_mousegpt.models.engine import Cancelled
from napari_mousegpt.models.vision_language import VisionLanguageModel
from napari_mousegpt.runs import RunParams, iter_run, iter_run_study, load_study_run, run_study
from napari_mousegpt.runs.asking import without_slivers
from napari_mousegpt.runs.chain import run_card
from napari_mousegpt.runs.measuring import Measuring
from napari_mousegpt.runs.places import study_place
from napari_mousegpt.words import DescribeParams, KinematicRules
from napari_mousegpt.words.examples import ExampleSource
from napari_mousegpt.words.prompts import load_prompt
from napari_mousegpt.words.servers import Server, ServerError
from support.mock_server import MODEL, Answer, Request, chat_answer, mock_server
from support.model_fixtures import tiny_folders  # noqa: F401

# ruff: noqa: F811 - fixtures are imported by name

CLIPS = ClipParams(frames=2, size=56)
WALKS = Answer(body=chat_answer('{"label": "walk"}'))
#: Three windows for each of the recordings, which are six seconds long.
WINDOWS = {"segments": "windows", "window_s": 2.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two generated recordings, and the table of a study of them."""
    place = tmp_path_factory.mktemp("study")
    for number, name in enumerate("ab"):
        made = make_sample(place / name, seconds=6, size=(96, 128), seed=number)
        made.video.rename(place / f"{name}.mp4")
        made.pose.rename(place / f"{name}.csv")
    rows = "a,m1,saline,a.mp4,a.csv\nb,m2,carrageenan,b.mp4,b.csv\n"
    (place / "study.csv").write_text("recording,animal,group,video,pose\n" + rows)
    return place


@pytest.fixture
def recording(folder: Path) -> mg.Recording:
    return mg.open_recording(folder / "a.mp4", folder / "a.csv")


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Measuring, "__enter__", lambda _: pytest.fail("was measured"))


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the models that were loaded."""
    real, names = VisionLanguageModel.load, list[str]()

    def load(weights: Any, *args: Any, **more: Any) -> VisionLanguageModel:
        names.append(weights.name)
        return real(weights, *args, **more)

    monkeypatch.setattr(VisionLanguageModel, "load", load)
    return names


def by_server(url: str, **more: Any) -> RunParams:
    server = Server(url, MODEL, first_wait_s=0.01, timeout_s=5.0, tries=1, concurrency=1)
    given = {"prompt": "label", "clips": CLIPS, **more}
    return RunParams(make="words", describer=DescribeParams(server=server, **given), **WINDOWS)


def by_model(model: Path | str, **more: Any) -> RunParams:
    given = {"prompt": "label", "clips": CLIPS, "device": "cpu", "max_tokens": 2, **more}
    return RunParams(describer=DescribeParams(str(model), **given), **WINDOWS)


def card_in(place: Path) -> RunCard:
    return RunCard.from_json((place / "result" / "run_card.json").read_text())


def turns(*answers: Answer) -> Callable[[Request], Answer]:
    """Give these answers in turn, the last one for ever."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def test_a_run_by_rules_is_the_run_it_was(recording: mg.Recording) -> None:
    plain = run_card(recording, RunParams())
    assert "describer" not in plain.params
    # Settings of models change nothing while there is none.
    idle = RunParams(describer=DescribeParams(device="cuda", clips=CLIPS))
    assert run_card(recording, idle).run_id == plain.run_id
    fine = RunParams(describer=DescribeParams(ranges_per_part=7))
    assert run_card(recording, fine).run_id != plain.run_id
    unused = replace(by_server("http://127.0.0.1:1"), make="clusters")
    same = RunParams(make="clusters", **WINDOWS)
    assert run_card(recording, unused).run_id == run_card(recording, same).run_id


def test_rules_and_features_are_those_of_the_run() -> None:
    rules = KinematicRules(walk_body_speed=0.7)
    params = RunParams(rules=rules, describer=DescribeParams("m", clips=CLIPS))
    assert params.describing.rules == rules
    assert params.describing.clips == CLIPS
    features = FeatureParams(silhouette=SilhouetteParams(max_side=99))
    for other in ({"rules": rules}, {"features": features}):
        with pytest.raises(InputError, match=f"describer.{next(iter(other))}"):
            RunParams(describer=DescribeParams("m", **other))
        assert RunParams(describer=DescribeParams("m", **other), **other).describing.model == "m"


def test_a_server_makes_the_words_of_a_run(recording: mg.Recording, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with mock_server(turns(WALKS)) as server:
        params = by_server(server.url, vocabulary=("walk", "rest"))
        steps = [part.step for part in iter_run(recording, out, params)]
        assert steps == ["features", "words", "results"]
        assert len(server.requests) == 3
        again = list(iter_run(recording, out, params))
        assert len(server.requests) == 3
    assert again[1].resumed
    table = again[1].table
    assert table["label"].tolist() == ["walk"] * 3
    assert set(table["model"]) == {MODEL}
    # Words are held against the measures that are there anyway.
    assert table["contradiction"].notna().all()
    card = card_in(out)
    assert card.models["describer"] == MODEL
    assert card.models["prompt"] == load_prompt("label").to_toml()
    assert json.loads(card.models["server"])["listed"] == [MODEL]
    assert {"prompt", "vocabulary"} <= card.inputs.keys()
    assert card.params["describer"]["server"]["url"] == server.url
    other = by_server(server.url, vocabulary=("walk", "groom"))
    assert run_card(recording, other).run_id != card.run_id
    table_file = tmp_path / "study.csv"
    assert study_place(table_file, other) != study_place(table_file, params)


def test_a_model_is_loaded_once_for_a_study(
    folder: Path, tiny_folders: dict[str, Path], tmp_path: Path, loads: list[str]
) -> None:
    params = by_model(tiny_folders["internvl"])
    result = run_study(folder / "study.csv", tmp_path / "study", params)
    assert result.outcomes["state"].tolist() == ["done", "done"]
    assert len(loads) == 1
    card = card_in(tmp_path / "study")
    own = card_in(tmp_path / "study" / "recordings" / "a")
    for each in (card, own):
        assert each.params["describer"]["model"] == each.models["describer"]
        assert each.inputs["weights"]
        assert "not tried on this machine" in each.models["trust"]
    # What is finished loads nothing.
    again = iter_run_study(folder / "study.csv", tmp_path / "study", params)
    assert all(part.resumed for part in again)
    assert len(loads) == 1


@pytest.mark.usefixtures("unmeasured")
def test_who_cannot_be_asked_is_told_before_anything_is_measured(
    recording: mg.Recording, folder: Path, tmp_path: Path, tiny_folders: dict[str, Path]
) -> None:
    def refused(params: RunParams, kind: type[Exception], **more: Any) -> str:
        with pytest.raises(kind) as found:
            list(iter_run(recording, tmp_path / "run", params, **more))
        assert not (tmp_path / "run").exists()
        return str(found.value)

    absent = by_model("owner/name")
    assert "owner/name" in refused(absent, ConsentError)
    with pytest.raises(ConsentError):
        run_study(folder / "study.csv", tmp_path / "study", absent)
    assert "gpu.lab.invalid" in refused(by_server("https://gpu.lab.invalid/v1"), ConsentError)
    assert "nothing answers" in refused(by_server("http://127.0.0.1:1/v1"), ServerError)
    telling = replace(load_prompt("label"), context="They were given carrageenan.")
    params = by_model(tiny_folders["internvl"], prompt=telling)
    study = mg.load_study(folder / "study.csv")
    assert "carrageenan" in refused(params, InputError, study=study)
    elsewhere = by_model(tiny_folders["internvl"], clips=replace(CLIPS, cameras=("top",)))
    assert "top" in refused(elsewhere, InputError)


def test_a_study_keeps_its_own_secrets(
    folder: Path, tmp_path: Path, tiny_folders: dict[str, Path], loads: list[str]
) -> None:
    telling = replace(load_prompt("label"), context="They were given carrageenan.")
    params = by_model(tiny_folders["internvl"], prompt=telling)
    result = run_study(folder / "study.csv", tmp_path / "study", params)
    assert all("carrageenan" in why for why in result.failures.values())
    assert len(result.failures) == 2
    assert loads == []


def test_cancelling_ends_within_a_clip_and_nothing_is_asked_twice(
    recording: mg.Recording, tmp_path: Path
) -> None:
    with mock_server(turns(WALKS, replace(WALKS, delay_s=30.0))) as server:
        params = by_server(server.url)

        def cancelled() -> bool:
            return len(server.requests) >= 2

        with pytest.raises(Cancelled):
            list(iter_run(recording, tmp_path, params, cancelled=cancelled))
    assert not (tmp_path / "result" / "run_card.json").exists()
    (journal,) = tmp_path.rglob("*.jsonl")
    assert len(journal.read_text().splitlines()) == 1
    with mock_server(turns(WALKS)) as server:
        # The same server at another address would be another run.
        journal_of(tmp_path, server.url)
        list(iter_run(recording, tmp_path, by_server(server.url)))
        assert len(server.requests) == 2


def journal_of(place: Path, url: str) -> None:
    """Let a run go on at a server that came back at another port."""
    plan = place / "plan.json"
    card = json.loads(plan.read_text())
    card["params"]["describer"]["server"]["url"] = url
    plan.write_text(json.dumps(card))


def test_what_the_server_failed_is_asked_again(folder: Path, tmp_path: Path) -> None:
    table, out = folder / "study.csv", tmp_path / "study"
    bad = [Answer(500, b"down"), WALKS, Answer(400, b"not this clip")]
    with mock_server(turns(*bad, WALKS)) as server:
        params = replace(by_server(server.url), make="words and clusters")
        list(iter_run_study(table, out, params))
        assert len(server.requests) == 6
        said = words_in(out, "a")
        told = load_study_run(out).outcomes["warnings"][0]
        assert "2 of 3 stretches were not described: server" in told
        assert told.endswith("1 are asked again when the same run is started again")
        assert said["problem"].str.startswith("not described").tolist() == [True, False, True]
        parts = {p.recording: p for p in iter_run_study(table, out, params) if p.step == "words"}
        # The one that the server failed; not the clip that it refused, nor the other recording.
        assert len(server.requests) == 7
        assert (parts["a"].resumed, parts["b"].resumed) == (False, True)
    after = words_in(out, "a")
    assert after["label"].tolist() == ["walk", "walk", ""]
    assert after["range_id"].tolist() == said["range_id"].tolist()
    assert load_study_run(out).failures == {}


def words_in(out: Path, name: str) -> Any:
    result = load_study_run(out).load(name)
    result.recording.video.close()  # type: ignore[union-attr]
    return result.descriptions


def test_examples_of_a_prompt_come_from_other_recordings_of_the_study(
    folder: Path, tmp_path: Path
) -> None:
    source = ExampleSource("a", "", 0, 30, {"label": "walk"})
    prompt = replace(load_prompt("label"), examples=(source,))
    with mock_server(turns(WALKS)) as server:
        result = run_study(folder / "study.csv", tmp_path, by_server(server.url, prompt=prompt))
        assert result.failures == {}
        pictures = [
            sum(part["type"] == "image_url" for message in request.body["messages"]
                for part in message["content"] if isinstance(part, dict))
            for request in server.requests
        ]  # fmt: skip
    assert pictures == [4] * 6


def test_no_sliver_of_a_behaviour_is_asked_about(recording: mg.Recording, tmp_path: Path) -> None:
    edges = [0, 1, 40, 41, 90]
    cut = Intervals.build("r", edges[:-1], edges[1:], "m")
    apart = Intervals.concat([cut, Intervals.build("r", 200, 201, "m")])
    both = Intervals.concat([apart, Intervals.build("r", 0, 20, "n")])
    found = without_slivers(both, 6)
    assert found.select(individual="m").start.tolist() == [0, 41, 200]
    assert found.select(individual="m").stop.tolist() == [41, 90, 201]
    assert found.select(individual="n").stop.tolist() == [20]
    # One frame of another behaviour is left of what rules describe here.
    rules = RunParams(make="words", longest_s=1.0)
    bounds = mg.run(recording, tmp_path / "rules", rules).descriptions["start"].tolist()
    within = Intervals.build(recording.id, bounds[1] - 1, bounds[2] + 1)
    lengths = mg.run(recording, tmp_path / "cut", rules, within=within).descriptions
    assert (lengths["stop"] - lengths["start"]).min() == 1
    with mock_server(turns(WALKS)) as server:
        params = replace(by_server(server.url), segments="behaviour", longest_s=1.0)
        table = mg.run(recording, tmp_path / "run", params, within=within).descriptions
    assert (table["start"].min(), table["stop"].max()) == (bounds[1] - 1, bounds[2] + 1)
    assert (table["stop"] - table["start"]).min() >= 6
