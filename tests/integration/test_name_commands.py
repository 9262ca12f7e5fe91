"""The commands ``names`` and ``merge`` from beginning to end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from napari_mousegpt.cli.main import main
from napari_mousegpt.clusters import ClusterParams, fit
from napari_mousegpt.clusters.names_now import names_now
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.store import write_table
from support.mock_server import Answer, chat_answer, mock_server
from support.naming_worlds import said_by

WORDS = {0: ("walking", "walking;fast"), 1: ("walking", "walking"), 2: ("rearing", "rearing")}


@pytest.fixture(scope="module")
def clustered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The result of clustering three behaviours of two mice."""
    draw = np.random.default_rng(0)
    places = draw.normal(0, 4, (4, 6))
    pieces = []
    for recording in ("drugA_1", "drugA_2"):
        states = np.repeat(draw.integers(0, 4, 40), 12)
        start = np.arange(len(states)) * 3
        ranges = Intervals.build(
            recording, start, start + 3, "m", start_s=start / 30, stop_s=(start + 3) / 30
        )
        values = places[states] + draw.normal(0, 0.5, (len(states), 6))
        names = tuple("abcdef")
        pieces.append(Vectors(ranges, values.astype(np.float32), names, "made", "1"))
    vectors = Vectors.concat(pieces)
    found = fit(vectors, ClusterParams(micro_clusters=80, partitions=30))
    rows = found.apply(vectors)
    folder = tmp_path_factory.mktemp("clustered")
    found.save(folder / "result" / "map")
    write_table(rows, folder / "result" / "assignments")
    write_table(said_by(rows, WORDS), folder / "result" / "descriptions")
    return folder


@pytest.fixture
def run(clustered: Path, tmp_path: Path) -> Path:
    """The same run without edits."""
    place = tmp_path / "run"
    place.mkdir()
    (place / "result").symlink_to(clustered / "result")
    return place


def asked(capsys: pytest.CaptureFixture[str], *words: object, code: int = 0) -> dict[str, Any]:
    assert main([*map(str, words), "--json"]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_names_from_showing_to_taking_back(
    run: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["names", "show", str(run)]) == 0
    text = capsys.readouterr().out
    assert "[from the words]" in text
    assert "says: rearing 100%" in text
    assert "also: drugA_" in text
    found = asked(capsys, "names", "set", run, 2, "standing up", "--who", "KM")
    assert (found["name"], found["source"], found["who"]) == ("standing up", "user", "KM")
    shown = asked(capsys, "names", "show", run, "-o", tmp_path / "names.csv")["names"]
    two = next(one for one in shown if one["cluster"] == 2)
    assert two["name"] == "standing up"
    assert two["terms"] == {"rearing": 1.0}
    assert two["coverage"] == 1.0
    assert len(two["quotes"]) == 3
    assert "standing up" in pd.read_csv(tmp_path / "names.csv")["name"].tolist()
    assert asked(capsys, "names", "history", run)["edits"][0]["name"] == "standing up"
    assert "Taken back" not in text
    asked(capsys, "names", "undo", run)
    asked(capsys, "names", "redo", run)
    assert asked(capsys, "names", "forget", run, 2)["source"] == "words"


def test_an_edit_that_was_lost_is_told_wherever_names_are_used(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked(capsys, "names", "set", run, 2, "standing up")
    asked(capsys, "names", "set", run, 1, "trotting")
    journal = run / "map.edits.jsonl"
    journal.write_bytes(journal.read_bytes()[:-25])
    assert main(["names", "set", str(run), "0", "resting"]) == 0
    told = capsys.readouterr().out
    assert "! map.edits.jsonl, line 3: set aside" in told
    assert "This edit is lost, all others hold" in told
    with pytest.warns(UserWarning, match="line 3: set aside"):
        now = names_now(run)
    assert now is not None
    assert (now.name_of(2), now.name_of(0)) == ("standing up", "resting")


def test_merges_from_suggestion_to_undo(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = asked(capsys, "names", "show", run)["names"]
    found = asked(capsys, "merge", "compare", run, 0, 1)
    assert len(found["exemplars"][0]) == 4
    assert found["change"]["keeps"] in (0, 1)
    merged = asked(capsys, "merge", "approve", run, 0, 1, "--name", "locomotion")["merged"][0]
    assert (merged["group"], merged["name"]) == ("0+1", "locomotion")
    assert merged["n_ranges"] == found["change"]["n_ranges"]
    assert len(asked(capsys, "names", "show", run)["names"]) == len(before) - 1
    tree = asked(capsys, "merge", "tree", run)
    assert len(tree["linkage"]) == len(tree["leaves"]) - 1
    assert main(["merge", "tree", str(run)]) == 0
    assert "locomotion" in capsys.readouterr().out
    asked(capsys, "merge", "undo", run, merged["cluster"])
    assert asked(capsys, "names", "show", run)["names"] == before
    asked(capsys, "merge", "apart", run, 0, 1)
    pairs = asked(capsys, "merge", "suggest", run, "--limit", 0)["suggestions"]
    assert {0, 1} not in [set(one["clusters"]) for one in pairs]
    assert main(["merge", "suggest", str(run), "--limit", "1"]) == 0
    assert "No two behaviours are alike by 1 or more." in capsys.readouterr().out
    assert main(["merge", "approve", str(run), "--all", "--name", "moving"]) == 2
    assert "names set" in capsys.readouterr().err
    assert main(["merge", "approve", str(run), "--all", "--limit", "0"]) == 0
    assert "behaviours." in capsys.readouterr().out


def test_titles_by_a_server_are_marked(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with mock_server(lambda _: Answer(body=chat_answer('"Wall rearing."'))) as server:
        options = ("--server", server.url, "--model", "tiny-vlm")
        (one,) = asked(capsys, "names", "title", run, 2, *options)["names"]
        assert main(["names", "title", str(run), "0", *options]) == 0
        assert "0: Wall rearing (generated), by tiny-vlm" in capsys.readouterr().out
    assert one["name"] == "Wall rearing (generated)"
    assert one["source"] == "generated"
    assert one["title"]["generated"] is True
    assert one["title"]["model"] == "tiny-vlm"
    assert one["title"]["prompt_id"].startswith("cluster-title/1-")
    # Whose recordings they are is not told.
    assert "drugA" not in str(server.requests[0].body)
    assert main(["names", "show", str(run)]) == 0
    assert "2  Wall rearing (generated) (2)  [generated by a model]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("names", "set", "RUN", "2"), "names set: expected RUN ID NAME"),
        (("names", "set", "RUN", "two", "x"), "cluster 'two': expected the number"),
        (("names", "set", "RUN", "2", " "), "found an empty name"),
        (("names", "title", "RUN", "2"), "--model: expected a model of language"),
        (("names", "undo", "RUN"), "undo: expected an edit to undo"),
        (("names", "show", "RUN/nothing"), "no such folder"),
        (("merge", "approve", "RUN", "0"), "expected RUN and two clusters"),
        (("merge", "approve", "RUN", "0", "-1"), "noise"),
        (("merge", "suggest", "RUN", "--limit", "7"), "--limit: expected 0 to 1"),
        (("merge", "undo", "RUN", "0"), "merge into cluster 0: expected one"),
    ],
)
def test_what_cannot_be_done_is_told(
    run: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    asked_for = [word.replace("RUN", str(run)) for word in words]
    if "-1" in asked_for:
        asked_for = [*asked_for[:2], "--", *asked_for[2:]]
    assert main(asked_for) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not (run / "map.edits.jsonl").exists()
