"""The whole road by the command line: cluster, merge, accept, publish, apply in another lab."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from napari_mousegpt.cli.main import main
from napari_mousegpt.core.parquet import write_parquet
from napari_mousegpt.core.vectors import Vectors
from support.novelty_worlds import make

KNOWN, NEW = (0, 1, 2, 3, 4), 6
ABOUT = ["--title", "Mice", "--author", "A. Person", "--licence", "CC0"]
ACCEPTED, MERGED = "digging", 'rearing | "at the wall"; 2'

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a command that must go well, and what it says to programs."""

    def ran(*words: str | Path) -> dict[str, Any]:
        code = main([*map(str, words), "--json"])
        said = capsys.readouterr()
        assert code == 0, said.err
        facts: dict[str, Any] = json.loads(said.out)
        return facts

    return ran


def _written(place: Path, vectors: Vectors) -> list[Path]:
    """Write vectors as ``project`` does, a folder for each recording."""
    folders = []
    for name in sorted(set(vectors.intervals.recording)):
        folder = place / name
        (folder / "result").mkdir(parents=True)
        mine = vectors[vectors.intervals.recording == name]
        write_parquet(mine.to_table(), folder / "result" / "vectors.parquet")
        folders.append(folder)
    return folders


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a lab that clustered, named, merged 0 and 1, and accepted what others lack."""
    place = tmp_path_factory.mktemp("lab")
    old = _written(place / "recordings", make("r", 5, KNOWN, seed=1)[0])
    new = _written(place / "recordings", make("n", 3, (*KNOWN, NEW), seed=2)[0])
    steps = [
        ["cluster", *old, "-o", place / "run", "-q", "--refits", "0"],
        ["merge", "approve", place / "run", "0", "1", "--who", "KM", "--name", MERGED],
        ["novel", *old, "--new", *new, "-o", place / "answer", "-q", "--accept", "0"],
    ]
    steps[-1] += ["--map", place / "run", "--name", ACCEPTED]
    for words in steps:
        assert main([*map(str, words)]) == 0
    return place


@pytest.fixture(scope="module")
def published(lab: Path) -> Path:
    """Return what that lab gives to others; nobody writes there."""
    words = ["map", "publish", lab / "run", "-o", lab / "published", *ABOUT]
    assert main([*map(str, words)]) == 0
    return lab / "published"


def _labels(out: Path) -> pd.DataFrame:
    return pd.read_parquet(out / "result" / "assignments.parquet")


def _next_id(lab: Path) -> int:
    return int(_labels(lab / "run")["cluster"].max()) + 1


def test_another_lab_gets_the_accepted_and_the_merged(lab: Path, tmp_path: Path, run: Run) -> None:
    made = run("map", "publish", lab / "run", "-o", tmp_path / "map", *ABOUT)
    accepted = _next_id(lab)
    assert made["accepted"] == [accepted]
    (kept,) = (int(one) for one, ids in made["behaviours"].items() if ids == [0, 1])
    gone = 1 - kept
    # Elsewhere there is the folder alone.
    there = Path(shutil.copytree(tmp_path / "map", tmp_path / "elsewhere" / "map"))
    vectors, truth = make("x", 2, (*KNOWN, NEW), seed=3)
    applied = run(
        "apply", there, *_written(tmp_path / "elsewhere", vectors), "-o", tmp_path / "out", "-q"
    )
    told = _labels(tmp_path / "out")
    assert {row["cluster"] for row in applied["behaviours"]} == set(map(int, made["behaviours"]))
    assert (told["cluster"] == accepted).to_numpy()[truth == NEW].mean() > 0.8
    assert (told["cluster"] == accepted).to_numpy()[truth != NEW].mean() < 0.05
    assert set(told.loc[told["cluster"] == accepted, "name"]) == {ACCEPTED}
    whole = told[told["cluster"] == kept]
    assert set(whole["of_record"]) == {0, 1}
    assert set(whole["name"]) == {MERGED}
    assert gone not in set(told["cluster"]) | set(told["nearest"])
    shares = {row["cluster"]: row for row in applied["behaviours"]}
    assert shares[kept]["share"] == pytest.approx((told["cluster"] == kept).mean())
    assert shares[kept]["windows"] == len(whole)


def test_what_is_said_of_the_map_is_so(
    lab: Path, published: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accepted = _next_id(lab)
    for folder in (lab / "run", published):
        assert main(["map", "inspect", str(folder)]) == 0
        said = capsys.readouterr().out.splitlines()
        lines = [line.strip() for line in said if MERGED in line or ACCEPTED in line]
        assert lines[0].split("  ")[0] in ("0 = 0+1", "1 = 0+1")
        assert lines[1].split()[0] == str(accepted)
        assert len(lines) == 2
    readme = (published / "README.md").read_text(encoding="utf-8")
    assert '= 0+1 | rearing / "at the wall"; 2 |' in readme
    assert f"| {accepted} | {ACCEPTED} |" in readme


def test_own_recordings_are_known_and_merged_the_same_way(
    lab: Path, published: Path, tmp_path: Path, run: Run
) -> None:
    old = sorted((lab / "recordings").glob("r*"))[:2]
    for name, source in (("run", lab / "run"), ("map", published)):
        facts = run("apply", source, *old, "-o", tmp_path / name, "-q")
        told = _labels(tmp_path / name).merge(_labels(lab / "run"), on="range_id")
        same = told["of_record"] == told["cluster_y"]
        # What is not as it was is what the accepted behaviour claims.
        assert set(told.loc[~same, "of_record"]) <= {_next_id(lab)}
        assert len(set(told["cluster_x"]) & {0, 1}) == 1
    assert {row["verdict"] for row in facts["recordings"]} == {"own"}


def test_a_step_that_is_named_is_that_step(lab: Path, tmp_path: Path, run: Run) -> None:
    new = sorted((lab / "recordings").glob("n*"))[:1]
    base = shutil.copytree(lab / "run" / "result" / "map", tmp_path / "map")
    run("apply", base, *new, "-o", tmp_path / "fitted", "-q")
    run("apply", lab / "run" / "map.grown" / "001", *new, "-o", tmp_path / "step", "-q")
    run("apply", lab / "run" / "result" / "map", *new, "-o", tmp_path / "newest", "-q")
    assert _next_id(lab) not in set(_labels(tmp_path / "fitted")["cluster"])
    pd.testing.assert_frame_equal(_labels(tmp_path / "step"), _labels(tmp_path / "newest"))
    assert _next_id(lab) in set(_labels(tmp_path / "step")["cluster"])


def test_who_receives_a_map_may_name_and_merge(
    lab: Path, published: Path, tmp_path: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(published, tmp_path / "map")
    old = sorted((lab / "recordings").glob("r*"))[:2]
    run("names", "set", tmp_path / "map", "2", "wobble", "--who", "B")
    merged = run("merge", "approve", tmp_path / "map", "0", "3", "--who", "B")["merged"][0]
    assert merged["group"] == "0+1+3"
    run("apply", tmp_path / "map", *old, "-o", tmp_path / "out", "-q")
    told = _labels(tmp_path / "out")
    assert set(told.loc[told["of_record"] == 2, "name"]) == {"wobble"}
    assert len(set(told["cluster"]) & {0, 1, 3}) == 1
    # Done again after the merge is taken back, the same command tells what holds.
    run("merge", "undo", tmp_path / "map")
    run("apply", tmp_path / "map", *old, "-o", tmp_path / "out", "-q")
    assert 3 in set(_labels(tmp_path / "out")["cluster"])
    assert main(["map", "inspect", str(tmp_path / "map")]) == 0
    assert "Called otherwise here: 2 'wobble'." in capsys.readouterr().out
    again = run("refit", tmp_path / "map", *old, "-o", tmp_path / "again", "-q")
    kept = {row["new_id"] for row in again["matches"] if row["decision"] == "kept"}
    assert {0, 1, 2} <= kept
    names = {row["id"]: row for row in run("map", "inspect", tmp_path / "again")["behaviours"]}
    assert names[2]["name"] == "wobble"
    (whole,) = (row for row in names.values() if row["parts"] == [0, 1])
    assert whole["name"] == MERGED


@pytest.mark.parametrize("source", ["published", "answer", "recordings/r0"])
def test_what_is_no_run_is_not_published(
    published: Path, tmp_path: Path, source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    place = published.parent / source
    assert main(["map", "publish", str(place), "-o", str(tmp_path / "new"), *ABOUT]) == 2
    assert "expected a run with clusters" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_recordings_that_moved_are_named(
    lab: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = sorted((lab / "recordings").glob("r*"))
    publish = ["map", "publish", str(lab / "run"), "-o", str(tmp_path / "map"), *ABOUT]
    away = old[1].rename(tmp_path / "away")
    try:
        assert main(publish) == 2
        said = capsys.readouterr().err
        given = [*map(str, (old[0], away, *old[2:]))]
        assert main([*publish, "--vectors", *given]) == 0
    finally:
        away.rename(old[1])
    assert f"{old[1]}: expected" in said
    assert "no such folder" in said
    assert "--vectors" in said
    assert (tmp_path / "map" / "published.json").is_file()


def test_a_candidate_is_accepted_once(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = (map(str, sorted((lab / "recordings").glob(f"{side}*"))) for side in "rn")
    words = ["novel", *old, "--new", *new, "-o", str(lab / "answer"), "-q", "--accept", "0"]
    assert main([*words, "--map", str(lab / "run"), "--name", "other"]) == 2
    assert f"accepted as {_next_id(lab)} before" in capsys.readouterr().err
    assert [path.name for path in (lab / "run" / "map.grown").glob("0*")] == ["001"]
