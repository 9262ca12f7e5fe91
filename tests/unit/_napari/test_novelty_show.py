"""Novelty in the viewer without a window: roles, answers, curves, accepted and taken back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel

import napari_mousegpt as mg
from napari_mousegpt._napari import novelty_show
from napari_mousegpt._napari.extras import extras_of
from napari_mousegpt._napari.jobs import Job
from napari_mousegpt._napari.novelty_show import CANDIDATE, CURVES, NoveltyShow
from napari_mousegpt._napari.novelty_source import FoundNew, FoundOdd, new_parts
from napari_mousegpt._napari.novelty_text import (
    candidate_rows,
    new_told,
    odd_rows,
    odd_told,
    recording_rows,
)
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.clusters.novelty_params import OddParams
from napari_mousegpt.clusters.novelty_tables import BATCH
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import InputError
from napari_mousegpt.models.engine import Cancelled
from support.later import Late
from support.novelty_study import N_FRAMES, make_study
from support.novelty_worlds import QUICK


class Done:
    """A job that has run at once."""

    def __init__(self, title: str) -> None:
        self.title, self.error, self.done, self.cancelling = title, None, False, False
        self.progress = (0, 0)
        self.progressed, self.ended = _Told(), _Told()


class _Told:
    def connect(self, _: Any) -> None:
        """Take note of nobody: the job is over already."""


def at_once(
    _: Any, parts: Callable[..., Any], *args: Any, title: str, on_done: Any, notify: bool
) -> Done:
    job = Done(title)
    iterator = parts(*args, **({"cancelled": lambda: False} if parts is new_parts else {}))
    while True:
        try:
            next(iterator)
        except StopIteration as end:
            job.done = True
            on_done(end.value)
            return job


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("novelty") / "study"
    make_study(folder)
    return folder


@pytest.fixture
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.getbasetemp() / "novelty-runs"
    monkeypatch.setattr("napari_mousegpt.store.folders.default_root", lambda: root)


@pytest.fixture
def asking(study: Path, own_cache: None) -> Iterator[NoveltyShow]:
    viewer = ViewerModel()
    asking = NoveltyShow(viewer, at_once)
    asking.viewer = viewer  # held for the test
    asking.open(study)
    yield asking
    asking.close()


@pytest.fixture
def answered(asking: NoveltyShow) -> NoveltyShow:
    asking.choose_new("group", "treated")
    asking.ask(QUICK)
    return asking


def test_roles_come_from_the_study_or_by_hand(asking: NoveltyShow) -> None:
    assert set(asking.roles.values()) == {"reference"}
    assert "at least two new" in asking.problem("new")
    assert asking.problem("odd") == ""
    assert asking.groupings == {
        ("group", "control"): "group: control",
        ("group", "treated"): "group: treated",
    }
    asking.choose_new("group", "treated")
    assert [name for name, role in asking.roles.items() if role == "new"] == ["n0", "n1", "n2"]
    assert asking.problem("new") == ""
    asking.give(["r0", "nobody"], "left out")
    assert asking.roles["r0"] == "left out"
    assert "nobody" not in asking.roles
    with pytest.raises(InputError, match="role 'best'"):
        asking.give(["r0"], "best")


def test_what_cannot_be_asked_is_told(asking: NoveltyShow, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="two new recordings"):
        asking.ask(QUICK)
    with pytest.raises(InputError, match="folder of a finished run or study"):
        asking.open(tmp_path)
    assert asking.source is not None  # what was open stays


def test_candidates_stand_beside_the_control(answered: NoveltyShow) -> None:
    found = answered.found
    assert isinstance(found, FoundNew)
    (row,) = candidate_rows(found, {})
    assert row.cells[0] == "candidate 0"
    assert "times as dense as in the reference" in row.sentence
    rates = recording_rows(found.answer.recordings)
    assert [one.cells[0] for one in rates[:4]] == ["n0", "n1", "n2", "r0 (control)"]
    said, problems = new_told(found)
    assert "in the control, where nothing is new" in said[0]
    assert "stated 5.0 %" in said[0]
    assert problems == []


def test_a_batch_effect_is_called_so(answered: NoveltyShow) -> None:
    assert isinstance(answered.found, FoundNew)
    table: pd.DataFrame = answered.found.answer.recordings.copy()
    table.loc[0, ["rate", "verdict"]] = [0.8, BATCH]
    row = recording_rows(table)[0]
    assert row.cells[2] == "batch effect?"
    assert "That is a batch effect, not a discovery" in row.sentence


def test_scores_become_a_curve_of_open_recordings(
    answered: NoveltyShow, make_recording: Callable[..., Recording]
) -> None:
    viewer: ViewerModel = answered.viewer  # type: ignore[attr-defined]
    state = state_of(viewer)
    show(viewer, make_recording(N_FRAMES, id="n0", individuals=("m",)))
    (curve,) = extras_of(state, "n0").curves
    assert curve.name == CURVES["new"]
    table = answered.found.answer.windows  # type: ignore[union-attr]
    mine = table[table["recording"] == "n0"].iloc[7]
    np.testing.assert_allclose(curve.values[mine["start"] : mine["stop"]], mine["share"], rtol=1e-6)
    answered.stretches(0)
    assert set(extras_of(state, "n0").epochs.column("label")) == {CANDIDATE}
    answered.ask(OddParams(k=5))
    assert [one.name for one in extras_of(state, "n0").curves] == [CURVES["odd"]]
    answered.drop()
    assert extras_of(state, "n0").curves == ()
    assert len(extras_of(state, "n0").epochs) == 0


def test_an_accepted_behaviour_gets_an_id_that_is_never_given_again(
    answered: NoveltyShow,
) -> None:
    growing = answered.growing()
    assert growing is not None
    free = growing.map.next_id
    with pytest.raises(InputError, match="a name for the new behaviour"):
        answered.accept(0, "  ")
    answered.accept(0, "digging")
    assert answered.accepted[0].cluster == free
    assert isinstance(answered.found, FoundNew)
    assert candidate_rows(answered.found, {0: "digging (id 9)"})[0].cells[0] == "digging (id 9)"
    with pytest.raises(InputError, match="not in the map yet"):
        answered.accept(0, "again")
    # Asked once more, what was accepted is known.
    answered.ask(QUICK)
    assert answered.found.left_out > 50
    assert len(answered.found.answer.candidates) == 0
    assert answered.undo().cluster == free
    assert growing.map.next_id == free + 1


def test_what_was_taken_back_is_accepted_again_under_its_id(answered: NoveltyShow) -> None:
    answered.accept(0, "burrowing")
    first = answered.accepted[0]
    told: list[dict[int, int]] = []
    answered.answered.connect(
        lambda: told.append({key: one.cluster for key, one in answered.accepted.items()})
    )
    assert answered.undo() is first
    assert answered.redo().cluster == first.cluster
    assert told == [{}, {0: first.cluster}]
    with pytest.raises(InputError, match="a behaviour that was taken back"):
        answered.redo()
    answered.undo()


def test_a_question_waits_for_one_that_is_stopping(asking: NoveltyShow) -> None:
    asking.choose_new("group", "treated")
    assert asking.source is not None
    stopping = Job("New against a reference")
    parts = new_parts(asking.source, asking.roles, QUICK, None, [stopping], cancelled=bool)
    steps = [next(parts).step for _ in range(2)]
    assert set(steps) == {"waiting for the question that was stopped"}
    stopping.state = "cancelled"
    assert next(parts).step == "reading vectors"
    parts.close()


def test_odd_moments_are_spread_out_and_called_no_discovery(asking: NoveltyShow) -> None:
    asking.ask(OddParams())
    assert isinstance(asking.found, FoundOdd)
    rows = odd_rows(asking.found)
    assert len(rows) == 30
    places = pd.DataFrame([(name, row.frame) for row, name in rows]).sort_values([0, 1])
    assert (places.groupby(0)[1].diff().dropna() >= 15).all()
    assert "Odd is not new" in odd_told(asking.found)[0][-1]


def test_a_question_stops_between_two_draws(asking: NoveltyShow) -> None:
    asking.choose_new("group", "treated")
    assert asking.source is not None
    asked = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 2

    fresh = replace(QUICK, seed=7)  # no other test left parts of it
    with pytest.raises(Cancelled):
        list(new_parts(asking.source, asking.roles, fresh, None, cancelled=cancelled))
    assert len(asked) == 3


@pytest.fixture
def late() -> Late:
    return Late()


@pytest.fixture
def waiting(study: Path, own_cache: None, late: Late) -> Iterator[NoveltyShow]:
    """A question whose answer is held back until the test lets it come."""
    viewer = ViewerModel()
    asking = NoveltyShow(viewer, late)
    asking.viewer = viewer
    asking.open(study)
    asking.choose_new("group", "treated")
    yield asking
    asking.close()


def _blind(asking: NoveltyShow, study: Path) -> None:
    state_of(asking.viewer).blinded.emit()  # type: ignore[attr-defined]


def _other_study(asking: NoveltyShow, study: Path) -> None:
    asking.open(study)


def _other_study_as_it_ends(asking: NoveltyShow, study: Path) -> None:
    assert asking.job is not None
    asking.job.state = "finished"  # so nothing can be stopped any more
    asking.open(study)


def _stop(asking: NoveltyShow, study: Path) -> None:
    asking.cancel()


def _stop_the_job(asking: NoveltyShow, study: Path) -> None:
    assert asking.job is not None
    asking.job.cancel()


def _close(asking: NoveltyShow, study: Path) -> None:
    asking.close()


@pytest.mark.parametrize("params", [QUICK, OddParams(k=5)])
@pytest.mark.parametrize(
    "act", [_blind, _other_study, _other_study_as_it_ends, _stop, _stop_the_job, _close]
)
def test_an_answer_that_comes_too_late_is_not_shown(
    waiting: NoveltyShow, late: Late, study: Path, params: Any, act: Callable[..., None],
    make_recording: Callable[..., Recording],
) -> None:  # fmt: skip
    viewer: ViewerModel = waiting.viewer  # type: ignore[attr-defined]
    show(viewer, make_recording(N_FRAMES, id="n0", individuals=("m",)))
    waiting.ask(params)
    job = waiting.job
    assert job is not None
    act(waiting, study)
    late.run()
    assert job.state == "finished"
    assert waiting.found is None
    assert extras_of(state_of(viewer), "n0").curves == ()
    assert not waiting.busy


def test_the_answer_before_stays_when_another_one_is_stopped(
    waiting: NoveltyShow, late: Late
) -> None:
    waiting.ask(QUICK)
    late.run()
    before = waiting.found
    assert isinstance(before, FoundNew)
    waiting.ask(OddParams(k=5))
    waiting.cancel()
    late.run()
    assert waiting.found is before
    # And the next one counts again.
    waiting.ask(OddParams(k=5))
    late.run()
    assert isinstance(waiting.found, FoundOdd)


def test_what_is_wrong_with_a_stopped_question_is_not_told(
    waiting: NoveltyShow, late: Late, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Iterator[None]:
        yield None
        raise InputError("recording 'n0'", expected="vectors", found="none")

    monkeypatch.setattr(novelty_show, "odd_parts", fail)
    waiting.ask(OddParams())
    _blind(waiting, study)
    late.run()
    assert waiting.job is None


@pytest.mark.parametrize("act", [_blind, _other_study])
def test_an_accepted_behaviour_stays_with_its_own_answer(
    waiting: NoveltyShow, late: Late, study: Path, act: Callable[..., None]
) -> None:
    waiting.ask(QUICK)
    late.run()
    growing = waiting.growing()
    assert growing is not None
    waiting.accept(0, "tunnelling")
    act(waiting, study)
    told: list[int] = []
    waiting.answered.connect(lambda: told.append(1))
    late.run()
    assert growing.undo().name == "tunnelling"
    assert (waiting.accepted, told) == ({}, [])


def test_an_acceptance_that_is_stopped_too_late_is_told(waiting: NoveltyShow, late: Late) -> None:
    waiting.ask(QUICK)
    late.run()
    waiting.accept(0, "rooting")
    waiting.cancel()
    late.run()
    growing = waiting.growing()
    assert growing is not None
    # It is in the map, so it can be taken back.
    assert waiting.accepted[0] is growing.can_undo
    waiting.undo()


@pytest.fixture(scope="module")
def applied(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command ``apply`` leaves of recordings whose runs say where their files are."""
    place = tmp_path_factory.mktemp("applied")
    for name in ("r0", "r1", "n0", "n1", "n2"):
        made = study / "recordings" / name / "result"
        result = place / "recordings" / name / "result"
        result.mkdir(parents=True)
        shutil.copyfile(made / "vectors.parquet", result / "vectors.parquet")
        if name in ("r0", "n0"):
            (result / "recording.json").write_text(json.dumps({"id": name}))
    stream = mg.vector_stream(sorted((place / "recordings").iterdir()))
    mg.apply_map(study, stream, out=place / "found")
    return place / "found"


def test_a_map_that_was_applied_takes_candidates(
    asking: NoveltyShow, applied: Path, study: Path
) -> None:
    asking.open(applied)
    growing = asking.growing()
    assert growing is not None
    assert growing.base == study / "clusters" / "result" / "map"


def test_recordings_without_a_run_are_named(asking: NoveltyShow, applied: Path) -> None:
    assert asking.note == ""
    asking.open(applied)
    assert set(asking.roles) == {"r0", "n0"}
    assert asking.note.endswith(
        "vectors but no run of their own, so they cannot take part: n1, n2, r1."
    )
    assert asking.source is not None
    many = replace(asking.source, without_run=tuple("abcde"))
    asking.source = many
    assert asking.note.endswith(": a, b, c and 2 more.")


def test_what_is_shown_of_a_candidate_is_cleared_once(
    answered: NoveltyShow,
    make_recording: Callable[..., Recording],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    viewer: ViewerModel = answered.viewer  # type: ignore[attr-defined]
    for name in ("n0", "n1"):
        show(viewer, make_recording(N_FRAMES, id=name, individuals=("m",)))
    answered.stretches(0)
    calls: list[int] = []
    real = novelty_show.highlight

    def counted(*args: Any) -> Any:
        calls.append(1)
        return real(*args)

    monkeypatch.setattr(novelty_show, "highlight", counted)
    answered.drop()
    assert calls == [1]
    for name in ("n0", "n1"):
        extras = extras_of(state_of(viewer), name)
        assert (len(extras.epochs), extras.curves) == (0, ())
