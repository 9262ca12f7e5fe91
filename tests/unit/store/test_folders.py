from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_mousegpt.core.parquet import parquet_facts, write_parquet
from napari_mousegpt.core.provenance import RunCard
from napari_mousegpt.core.tables import SCHEMA_VERSION
from napari_mousegpt.errors import LockedError, OutputExistsError, StorageError
from napari_mousegpt.store import (
    Job,
    RunFolder,
    default_root,
    iter_parts,
    run_folder,
    write_table,
)

CARD = RunCard("describe", {"length": 1.0, "step": 0.5}, {"m1/video": "abc", "m1/pose": "def"})

# A run in another process: three parts, and whatever the test wants between them.
SCRIPT = """
import os, sys, time
import pandas as pd
from napari_mousegpt.core.provenance import RunCard
from napari_mousegpt.store import Job, RunFolder, iter_parts
card = RunCard.from_json(open(sys.argv[2]).read())
def make(i):
    return lambda: pd.DataFrame({"i": [i, i + 1], "text": pd.Series(["ä", ""], dtype=object)})
with RunFolder(sys.argv[1], card) as folder:
    for part in iter_parts(folder, [Job("words", f"{i:05d}", make(i)) for i in range(4)]):
        print(part.name, part.resumed, flush=True)
        if part.done == int(sys.argv[3]):
            time.sleep(250)
    folder.finish(parts=4)
"""


def table(i: int) -> pd.DataFrame:
    text = pd.Series(["ä", ""], dtype=object)  # as the tables of this package have it
    return pd.DataFrame({"i": [i, i + 1], "text": text, "x": [0.1 * i, np.nan]})


def jobs(count: int = 4, log: list[int] | None = None) -> list[Job]:
    def make(i: int) -> pd.DataFrame:
        if log is not None:
            log.append(i)
        return table(i)

    return [Job("words", f"{i:05d}", lambda i=i: make(i)) for i in range(count)]  # type: ignore[misc]


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


@pytest.fixture
def card_file(tmp_path: Path) -> Path:
    path = tmp_path / "card.json"
    path.write_text(CARD.to_json(), encoding="utf-8")
    return path


def start(folder: Path, card_file: Path, stop_after: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder), str(card_file), str(stop_after)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ},
    )


# --- parts --------------------------------------------------------------------------------------


def test_every_part_is_on_disk_before_it_is_seen(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run", CARD) as folder:
        for part in iter_parts(folder, jobs()):
            assert folder.has(part.step, part.name)
            pd.testing.assert_frame_equal(folder.read(part.step, part.name), part.table)
            assert (part.done, part.total, part.resumed) == (int(part.name) + 1, 4, False)
            assert part.seconds >= 0
    assert not list((tmp_path / "run").rglob("*.part"))


def test_a_finished_run_computes_nothing(tmp_path: Path) -> None:
    log: list[int] = []
    for _ in range(2):
        with RunFolder(tmp_path, CARD) as folder:
            parts = list(iter_parts(folder, jobs(log=log)))
    assert log == [0, 1, 2, 3]
    assert all(part.resumed and part.seconds == 0 for part in parts)


def test_resumed_and_computed_parts_are_the_same_table(tmp_path: Path) -> None:
    with RunFolder(tmp_path, CARD) as folder:
        computed = [part.table for part in iter_parts(folder, jobs())]
        resumed = [part.table for part in iter_parts(folder, jobs())]
    for a, b in zip(computed, resumed, strict=True):
        pd.testing.assert_frame_equal(a, b)


def test_stopping_between_parts_loses_nothing(tmp_path: Path) -> None:
    log: list[int] = []
    with RunFolder(tmp_path, CARD) as folder:
        for part in iter_parts(folder, jobs(log=log)):
            if part.done == 2:
                break
    with RunFolder(tmp_path, CARD) as folder:
        flags = [part.resumed for part in iter_parts(folder, jobs(log=log))]
    assert flags == [True, True, False, False]
    assert log == [0, 1, 2, 3]


def test_an_error_in_a_job_keeps_what_was_done(tmp_path: Path) -> None:
    def fail() -> pd.DataFrame:
        raise ValueError("bad frame")

    with pytest.raises(ValueError, match="bad frame"), RunFolder(tmp_path, CARD) as folder:
        list(iter_parts(folder, [*jobs(2), Job("words", "00002", fail)]))
    with RunFolder(tmp_path, CARD) as folder:  # the lock is free again
        assert folder.has("words", "00001")
        assert not folder.has("words", "00002")


@pytest.mark.parametrize(
    "damage", ["flip", "cut", "empty", "gone", "no seal", "seal of another", "odd seal"]
)
def test_damaged_part_is_made_again(tmp_path: Path, damage: str) -> None:
    with RunFolder(tmp_path, CARD) as folder:
        list(iter_parts(folder, jobs()))
        path = folder.part_path("words", "00001")
        seal = path.with_suffix(".sha256")
        good = path.read_bytes()
        if damage == "flip":
            path.write_bytes(good[:50] + bytes([good[50] ^ 1]) + good[51:])
        elif damage == "cut":
            path.write_bytes(good[:-1])
        elif damage == "empty":
            path.write_bytes(b"")
        elif damage == "gone":
            path.unlink()
        elif damage == "no seal":
            seal.unlink()
        elif damage == "odd seal":
            seal.write_bytes(b"\xff\xfe\x00")
        else:
            seal.write_bytes(folder.part_path("words", "00002").with_suffix(".sha256").read_bytes())
    log: list[int] = []
    with RunFolder(tmp_path, CARD) as folder:
        with pytest.raises(
            StorageError, match=r"expected a finished part.*Run the same command again"
        ):
            folder.read("words", "00001")
        parts = list(iter_parts(folder, jobs(log=log)))
    assert log == [1]
    pd.testing.assert_frame_equal(parts[1].table[["i", "x"]], table(1)[["i", "x"]])


def test_part_that_was_never_made(tmp_path: Path) -> None:
    with RunFolder(tmp_path, CARD) as folder, pytest.raises(StorageError, match=r"00007\.parquet"):
        folder.read("words", "00007")


def test_writing_a_part_again_never_leaves_an_old_seal(tmp_path: Path) -> None:
    with RunFolder(tmp_path, CARD) as folder:
        folder.write("words", "0", table(1))
        folder.write("words", "0", table(2))
        assert folder.read("words", "0")["i"].tolist() == [2, 3]


# --- killed and resumed -------------------------------------------------------------------------


def test_killed_run_goes_on_and_ends_the_same(tmp_path: Path, card_file: Path) -> None:
    with start(tmp_path / "run", card_file, stop_after=2) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline().split() == ["00000", "False"]
        assert victim.stdout.readline().split() == ["00001", "False"]
        victim.kill()
    # What a kill in the middle of a write leaves behind.
    parts = tmp_path / "run" / "parts" / "words"
    (parts / ".00002.parquet.12ab.part").write_bytes(b"half a part")
    (parts / "00002.parquet").write_bytes(b"renamed but not sealed")
    with start(tmp_path / "run", card_file, stop_after=0) as again:
        lines = again.communicate(timeout=250)[0].split()
    assert again.returncode == 0
    assert lines[1::2] == ["True", "True", "False", "False"]
    with start(tmp_path / "straight", card_file, stop_after=0) as straight:
        straight.communicate(timeout=250)
    mine, theirs = contents(tmp_path / "run"), contents(tmp_path / "straight")
    mine.pop("parts/words/.00002.parquet.12ab.part")
    for name in ("plan.json", "result/run_card.json"):
        cards = [RunCard.from_json(found.pop(name).decode()) for found in (mine, theirs)]
        assert cards[0].run_id == cards[1].run_id
        assert cards[0].outcome == cards[1].outcome
    assert mine == theirs


def test_lock_of_another_process(tmp_path: Path, card_file: Path) -> None:
    with start(tmp_path / "run", card_file, stop_after=1) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(LockedError) as caught, RunFolder(tmp_path / "run", CARD):
            pass
        other.kill()
    assert str(caught.value).endswith(
        "run: expected to be the only one writing here, found another run that is still going. "
        "Wait for it, or choose another output folder."
    )
    deadline = time.monotonic() + 250
    while True:  # the system frees the lock of a dead process
        try:
            with RunFolder(tmp_path / "run", CARD) as folder:
                assert folder.has("words", "00000")
            break
        except LockedError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_lock_within_one_process(tmp_path: Path) -> None:
    with (
        RunFolder(tmp_path, CARD),
        pytest.raises(LockedError),
        RunFolder(tmp_path, CARD, overwrite=True),
    ):
        pass


# --- other runs and foreign files ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        (RunCard("project", CARD.params, CARD.inputs), "describe instead of project"),
        (
            RunCard("describe", {"length": 2.0, "step": 0.5}, CARD.inputs),
            "parameter length differs",
        ),
        (
            RunCard("describe", CARD.params, {"m1/video": "xyz", "m1/pose": "def"}),
            "input m1/video differs",
        ),
        (RunCard("describe", CARD.params, {"m1/video": "abc"}), "input m1/pose differs"),
    ],
)
def test_another_run_is_refused_and_the_difference_named(
    tmp_path: Path, other: RunCard, difference: str
) -> None:
    with RunFolder(tmp_path, CARD) as folder:
        list(iter_parts(folder, jobs()))
        folder.finish()
    before = contents(tmp_path)
    with pytest.raises(OutputExistsError) as caught, RunFolder(tmp_path, other):
        pass
    assert f"found another run: {difference}. Choose another folder" in str(caught.value)
    assert "--overwrite" in str(caught.value)
    assert contents(tmp_path) == before
    with RunFolder(tmp_path, CARD):  # the refusal gave the lock back
        pass


def test_overwrite_replaces_another_run_and_only_it(tmp_path: Path) -> None:
    with RunFolder(tmp_path, CARD) as folder:
        list(iter_parts(folder, jobs()))
        folder.finish()
    (tmp_path / "notes.txt").write_text("mine")
    other = RunCard("describe", {"length": 2.0}, CARD.inputs)
    with RunFolder(tmp_path, other, overwrite=True) as folder:
        assert not folder.has("words", "00000")
        assert not (folder.result / "run_card.json").exists()
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert RunCard.from_json((tmp_path / "plan.json").read_text()).run_id == other.run_id


def test_overwrite_of_the_same_run_goes_on_with_it(tmp_path: Path) -> None:
    with RunFolder(tmp_path, CARD) as folder:
        list(iter_parts(folder, jobs(2)))
    with RunFolder(tmp_path, CARD, overwrite=True) as folder:
        assert folder.has("words", "00001")


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(
    "foreign", ["thesis.docx", "result/figure.png", "parts/wheel.step", "result", "plan.json"]
)
def test_foreign_files_are_never_touched(tmp_path: Path, foreign: str, overwrite: bool) -> None:
    place = tmp_path / "out"
    target = place / foreign
    target.parent.mkdir(parents=True)
    target.write_text('{"project": "a kitchen"}')
    before = contents(place)
    with (
        pytest.raises(
            OutputExistsError, match=r"expected an empty folder or a run of this program"
        ),
        RunFolder(place, CARD, overwrite=overwrite),
    ):
        pass
    assert contents(place) == before


@pytest.mark.parametrize("text", ["", "null", "[1]", '{"verb": 1', "\xff"])
def test_damaged_plan_is_never_replaced(tmp_path: Path, text: str) -> None:
    with RunFolder(tmp_path, CARD) as folder:
        list(iter_parts(folder, jobs(1)))
    (tmp_path / "plan.json").write_text(text, encoding="latin-1")
    with (
        pytest.raises(OutputExistsError, match=r"plan\.json that cannot be read"),
        RunFolder(tmp_path, CARD, overwrite=True),
    ):
        pass
    assert (tmp_path / "parts" / "words" / "00000.parquet").exists()


def test_a_kill_before_the_plan_was_written(tmp_path: Path) -> None:
    (tmp_path / ".lock").touch()
    (tmp_path / ".plan.json.12ab34cd.part").write_text("{")
    with RunFolder(tmp_path, CARD) as folder:
        assert (folder.path / "plan.json").exists()


def test_old_parts_that_cannot_be_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with RunFolder(tmp_path, CARD) as folder:
        list(iter_parts(folder, jobs(1)))

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise PermissionError(13, "Permission denied", "00000.parquet")

    monkeypatch.setattr("pathlib.Path.unlink", refuse)
    monkeypatch.setattr("os.unlink", refuse)
    other = RunCard("describe", {"length": 2.0}, CARD.inputs)
    with (
        pytest.raises(StorageError, match="expected an old run that can be removed"),
        RunFolder(tmp_path, other, overwrite=True),
    ):
        pass
    monkeypatch.undo()
    # The plan still says whose parts these are.
    assert RunCard.from_json((tmp_path / "plan.json").read_text()).run_id == CARD.run_id


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x")
    with (
        pytest.raises(OutputExistsError, match="expected a folder, found a file"),
        RunFolder(tmp_path / "out", CARD),
    ):
        pass
    with (
        pytest.raises(StorageError, match="Not a directory"),
        RunFolder(tmp_path / "out" / "b", CARD),
    ):
        pass


# --- full disk ----------------------------------------------------------------------------------


def test_full_disk_stops_cleanly_and_goes_on(small_disk: Path) -> None:
    def big(rows: int) -> pd.DataFrame:
        return pd.DataFrame({"x": np.random.default_rng(0).random(rows)})

    todo = [Job("words", "0", lambda: big(10)), Job("words", "1", lambda: big(100_000))]
    with (
        pytest.raises(
            StorageError, match=r"1\.parquet: .*The disk is full: make room and run again"
        ),
        RunFolder(small_disk / "run", CARD) as folder,
    ):
        list(iter_parts(folder, todo))
    left = sorted(path.name for path in (small_disk / "run" / "parts" / "words").iterdir())
    assert left == ["0.parquet", "0.sha256"]
    todo[1] = Job("words", "1", lambda: big(20))
    with RunFolder(small_disk / "run", CARD) as folder:
        assert [part.resumed for part in iter_parts(folder, todo)] == [True, False]


def test_full_disk_before_the_plan(small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(b"x" * 250_000)
    huge = RunCard("describe", {"names": ["x" * 50] * 2000}, {})
    with pytest.raises(StorageError, match="The disk is full"), RunFolder(small_disk / "run", huge):
        pass
    assert not (small_disk / "run" / "plan.json").exists()
    assert [path.name for path in (small_disk / "run").iterdir()] in ([".lock"], [])


# --- result and places --------------------------------------------------------------------------


def test_finish_writes_the_card_beside_the_result(tmp_path: Path) -> None:
    with RunFolder(tmp_path, CARD) as folder:
        done = folder.finish(windows=12)
        assert folder.result == tmp_path / "result"
    kept = json.loads((tmp_path / "result" / "run_card.json").read_text(encoding="utf-8"))
    assert kept["run_id"] == CARD.run_id == done.run_id
    assert kept["outcome"] == {"windows": 12}
    assert kept["finished"]
    assert not json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))["finished"]


def test_runs_without_a_place_have_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAPARI_MOUSEGPT_RUNS", str(tmp_path / "runs"))
    assert default_root() == tmp_path / "runs"
    assert run_folder(CARD).path == tmp_path / "runs" / f"describe-{CARD.run_id}"
    assert run_folder(CARD, tmp_path / "x").path == tmp_path / "x"
    monkeypatch.delenv("NAPARI_MOUSEGPT_RUNS")
    assert default_root().name == "runs"
    assert "napari-mousegpt" in str(default_root())


def test_parquet_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_parquet(table(0), path, run_id="abc", fps="30000/1001")
    facts = parquet_facts(path)
    assert facts == {"schema_version": SCHEMA_VERSION, "run_id": "abc", "fps": "30000/1001"}
    assert pd.read_parquet(path)["i"].tolist() == [0, 1]


def test_table_is_written_twice(tmp_path: Path) -> None:
    paths = write_table(table(0), tmp_path / "words")
    assert [path.name for path in paths] == ["words.parquet", "words.csv"]
    assert paths[1].read_text(encoding="utf-8") == "i,text,x\n0,ä,0\n1,,\n"


def test_table_of_a_name_with_a_dot(tmp_path: Path) -> None:
    paths = write_table(table(0), tmp_path / "m3v1.2 words")
    assert [path.name for path in paths] == ["m3v1.2 words.parquet", "m3v1.2 words.csv"]


def made_with(torch: str, device: str) -> RunCard:
    return replace(CARD, software={"torch": torch, "numpy": "2"}, models={"device": device})


def test_a_finished_run_keeps_its_card_when_it_is_only_collected(tmp_path: Path) -> None:
    with RunFolder(tmp_path, made_with("2.4", "cuda")) as folder:
        list(iter_parts(folder, jobs(2)))
        first = folder.finish(rows=4)
    later = replace(made_with("2.9", "cpu"), created="2030-01-01T00:00:00+00:00")
    with RunFolder(tmp_path, later) as folder:
        list(iter_parts(folder, jobs(2)))
        again = folder.finish(rows=4)
    assert again == first
    kept = json.loads((tmp_path / "result" / "run_card.json").read_text(encoding="utf-8"))
    assert kept["software"]["torch"] == "2.4"


def test_a_run_that_went_on_elsewhere_tells_both(tmp_path: Path) -> None:
    with RunFolder(tmp_path, made_with("2.4", "cuda")) as folder:
        next(iter(iter_parts(folder, jobs(2))))
    with RunFolder(tmp_path, made_with("2.9", "cpu")) as folder:
        list(iter_parts(folder, jobs(2)))
        card = folder.finish()
    assert (card.software["torch"], card.models["device"]) == ("2.4", "cuda")
    changed = {"software": {"torch": ["2.4", "2.9"]}, "models": {"device": ["cuda", "cpu"]}}
    assert card.outcome["resumed_with"] == changed
    with RunFolder(tmp_path, made_with("3.0", "cpu")) as folder:
        list(iter_parts(folder, jobs(2)))
        assert folder.finish().outcome["resumed_with"] == changed


def test_a_run_that_went_on_with_the_same_says_nothing(tmp_path: Path) -> None:
    with RunFolder(tmp_path, CARD) as folder:
        next(iter(iter_parts(folder, jobs(2))))
    with RunFolder(tmp_path, CARD) as folder:
        list(iter_parts(folder, jobs(2)))
        assert dict(folder.finish(rows=1).outcome) == {"rows": 1}
