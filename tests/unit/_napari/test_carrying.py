"""Words for clusters: what they cost, how they are made, and what is said of them. No window."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import napari_mousegpt as mg
from napari_mousegpt._napari.carried_words import carried_rows, disagreement, told
from napari_mousegpt._napari.carrying import Clustered, Price, carry_parts, price_parts
from napari_mousegpt._napari.panel_work import Outcome, StudyOutcome, study_parts
from napari_mousegpt.io.samples import make_sample
from napari_mousegpt.models.engine import Cancelled
from napari_mousegpt.runs import (
    RunParams,
    RunResult,
    describing_runs,
    describing_some,
    load_run,
    model_speed,
)
from napari_mousegpt.runs.some_words import SomeWords
from napari_mousegpt.words import DescribeParams
from napari_mousegpt.words.audits import Agreement
from napari_mousegpt.words.representatives import PropagateParams

RULES = DescribeParams()
FEW = PropagateParams(exemplars=1, audit=2)


def ended(parts: Generator[Any, None, Any]) -> tuple[list[Any], Any]:
    made = []
    while True:
        try:
            made.append(next(parts))
        except StopIteration as end:
            return made, end.value


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    files = make_sample(tmp_path_factory.mktemp("sample"), seconds=24, size=(96, 128))
    recording = mg.open_recording(files.video, files.pose)
    return mg.run(recording, tmp_path_factory.mktemp("runs") / "run", RunParams(make="clusters"))


@pytest.fixture(scope="module")
def clustered(result: RunResult) -> Clustered:
    found = Clustered.of(Outcome(result, {}))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def carried(clustered: Clustered, tmp_path_factory: pytest.TempPathFactory) -> SomeWords:
    return ended(carry_parts(clustered, RULES, FEW, root=tmp_path_factory.mktemp("root")))[1]


def test_the_price_is_known_before_anything_is_asked(
    clustered: Clustered, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room, name in ((describing_runs, "iter_describe"), (describing_some, "model_of")):
        monkeypatch.setattr(room, name, lambda *_, **__: pytest.fail("was asked"))
    found = ended(price_parts(clustered, RULES, FEW))[1]
    assert 0 < found.calls < found.total
    assert found.by == "rules"
    share = f"{100 * found.calls / found.total:.0f}"
    assert f"{found.calls} of {found.total} stretches ({share} %)" in found.lines()[0]
    more = ended(price_parts(clustered, RULES, PropagateParams(exemplars=2, audit=2)))[1]
    assert more.calls > found.calls
    # A server is not asked how fast it is: nobody listens there.
    server = DescribeParams(server="http://127.0.0.1:9/v1", model="m")
    asked = ended(price_parts(clustered, server, FEW))[1]
    assert (asked.calls, asked.by) == (found.calls, "server")
    assert "shows when it answers" in asked.lines()[-1]


def test_the_time_is_told_where_the_model_was_tried(
    clustered: Clustered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_speed, "known_model", lambda _: "model")
    speed = {"ask_s": 60.0, "model_loading": 30.0}
    monkeypatch.setattr(model_speed, "model_speed", lambda _: speed)
    model = DescribeParams(model="some/model", prompt="label")
    found = ended(price_parts(clustered, model, FEW))[1]
    assert found.seconds == 30 + 60 * found.calls
    assert "by the trials of the model here" in found.lines()[-1]
    speed.clear()
    assert "never tried" in ended(price_parts(clustered, model, FEW))[1].lines()[-1]


def test_nothing_is_left_to_carry_to_where_all_are_described() -> None:
    assert not any("nothing is left" in line for line in Price(9, 10, "rules").lines())
    assert any("nothing is left" in line for line in Price(10, 10, "rules").lines())


def test_words_are_made_in_steps_that_are_kept(clustered: Clustered, tmp_path: Path) -> None:
    price = ended(price_parts(clustered, RULES, FEW))[1]
    parts, found = ended(
        carry_parts(clustered, RULES, FEW, root=tmp_path / "root", calls=price.calls)
    )
    assert found.path.parent == tmp_path / "root"
    assert [(part.step, part.done, part.total) for part in parts] == [
        ("words", price.calls, price.calls), ("checking", 1, 1)
    ]  # fmt: skip
    assert set(found.words["words_source"]) >= {"model", "carried"}
    again, same = ended(carry_parts(clustered, RULES, FEW, root=tmp_path / "root"))
    assert all(part.resumed for part in again)
    assert same.words.equals(found.words)
    # It can be shown like any other run.
    assert set(load_run(found.path).ethogram.labels) == set(found.words["label"]) - {""}


def test_a_cancel_reaches_into_the_clip(
    clustered: Clustered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop: list[bool] = []
    seen: list[bool] = []

    def describe(*_: Any, cancelled: Any, **__: Any) -> Generator[Any, None, None]:
        seen.append(cancelled())
        stop.append(True)
        seen.append(cancelled())
        yield from ()

    monkeypatch.setattr(describing_runs, "iter_describe", describe)
    with pytest.raises(Cancelled):
        ended(carry_parts(clustered, RULES, FEW, root=tmp_path, cancelled=lambda: bool(stop)))
    assert seen == [False, True]


def test_clusters_have_rows_with_words_and_audit(carried: SomeWords, clustered: Clustered) -> None:
    rows = carried_rows(carried, clustered.names, clustered.opened)
    assert carried.clusters is not None
    # In the order of the table above.
    assert [row.cells[0].removeprefix("! ") for row in rows] == list(clustered.names.values())
    first = carried.clusters.set_index("cluster").loc[next(iter(clustered.names))]
    wrong = int(first["n_audit"] - first["n_agree"])
    assert f"{wrong} of {first['n_audit']} audited stretches disagree" in rows[0].sentence
    described = carried.words[carried.words["words_source"] == "model"]
    assert {row.frame for row in rows} <= {*described["start"], None}
    # Nothing of a recording that is not open can be jumped to.
    assert all(row.frame is None for row in carried_rows(carried, {}, None))


def test_clusters_that_may_not_be_trusted_are_marked(
    carried: SomeWords, clustered: Clustered
) -> None:
    assert carried.clusters is not None
    table = carried.clusters.assign(why="", n_audit=8, n_agree=8, low=0.63, high=1.0)
    largest = table.index[table["cluster"] == next(iter(clustered.names))][0]
    reason = "the audit disagreed on 3 of 8, more than 25%, so nothing was carried"
    table.loc[largest, ["why", "label"]] = [reason, "walking"]
    table.loc[largest, "n_agree"], table.loc[largest, ["low", "high"]] = 5, [0.24, 0.91]
    doubted = replace(carried, clusters=table)
    rows = carried_rows(doubted, clustered.names, clustered.opened)
    assert [row.cells[0].startswith("! ") for row in rows] == [True] + [False] * (len(rows) - 1)
    assert rows[0].cells[1:] == ("walking", "38 % (9–76)")  # noqa: RUF001
    assert f"Not to be trusted: {reason}." in rows[0].sentence
    assert any(f"marked with !: 1 of {len(rows)}" in line for line in told(doubted))


@pytest.mark.parametrize(
    ("overall", "expected"),
    [
        (
            Agreement(60, 51, 0.85, 0.74, 0.92, 0, math.nan, math.nan),
            "9 of 60 audited stretches disagree: 15 % (8 to 26).",
        ),
        (
            Agreement(60, 51, 0.9, 0.8, 0.96, 0, math.nan, math.nan),
            "9 of 60 audited stretches disagree. With each cluster counted by its size: "
            "10 % (4 to 20).",
        ),
        (
            Agreement(0, 0, math.nan, 0.0, 1.0, 0, math.nan, math.nan),
            "No stretch was audited, so nobody knows how far the carried words are right.",
        ),
    ],
)
def test_the_audit_is_told_as_it_is(carried: SomeWords, overall: Agreement, expected: str) -> None:
    lines = told(replace(carried, overall=overall))
    assert lines[0] == expected
    assert any("with itself, not with the truth" in line for line in lines)
    assert lines[-1] == f"Results: {carried.path / 'result'}"
    assert any("not for other animals" in line for line in lines) == bool(overall.n)


def test_animals_have_an_interval_of_their_own(carried: SomeWords) -> None:
    several = Agreement(60, 51, 0.85, 0.74, 0.92, 6, 0.69, 0.95)
    lines = told(replace(carried, overall=several))
    assert "For animals like these 6: 5 to 31 %." in lines
    assert not any("not for other animals" in line for line in lines)


def test_agreement_on_one_word_for_everything_is_no_merit(carried: SomeWords) -> None:
    assert not any("whatever is to be seen" in line for line in told(carried))
    same = replace(carried, words=carried.words.assign(label="rearing"))
    assert any("'rearing': then the audit agrees" in line for line in told(same))


def test_a_little_disagreement_is_never_none() -> None:
    assert disagreement(1, 1000, 0.994, 1.0) == "<1 % (0 to 1)"
    assert disagreement(0, 8, 0.63, 1.0) == "0 % (0 to 37)"
    assert disagreement(0, 0, math.nan, math.nan) == ""


def test_without_clusters_there_is_nothing_to_carry(result: RunResult) -> None:
    assert Clustered.of(Outcome(replace(result, groups=None), {})) is None
    study: Any = type("Study", (), {"clusters": None})()
    assert Clustered.of(StudyOutcome(study, None, None)) is None
    study.clusters = pd.DataFrame(
        {"cluster": [3, 1], "name": ["slow turn", "walk"], "seconds": [2.0, 5.0]}
    )
    found = Clustered.of(StudyOutcome(study, None, result.recording))
    assert found is not None
    # The recording that is open is none of this study.
    assert found.opened is None
    assert list(found.names.items()) == [(1, "walk"), (3, "slow turn")]


@pytest.mark.slow
def test_all_recordings_of_a_study_get_words(tmp_path: Path) -> None:
    rows, files = [], []
    for number, name in enumerate("ab"):
        made = make_sample(tmp_path / name, seconds=20, size=(96, 128), seed=number)
        files.append(made)
        rows.append(f"{name},m{number},{made.video},{made.pose}\n")
    table = tmp_path / "study.csv"
    table.write_text("recording,animal,video,pose\n" + "".join(rows))
    opened = replace(mg.open_recording(files[0].video, files[0].pose), id="a")
    parts = study_parts(table, tmp_path / "study", RunParams(make="clusters"), opened)
    clustered = Clustered.of(ended(parts)[1])
    assert clustered is not None
    assert clustered.opened is opened
    found = ended(carry_parts(clustered, RULES, FEW, root=tmp_path / "root"))[1]
    assert set(found.words["recording"]) == {"a", "b"}
    assert set(found.audit["animal"]) == {"m0", "m1"}
    rows_of = carried_rows(found, clustered.names, clustered.opened)
    assert len(rows_of) == len(clustered.names)
