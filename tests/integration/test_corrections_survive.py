"""Corrections outlive whatever happens to the program that wrote them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from napari_mousegpt.core.edit_book import BoutBook
from napari_mousegpt.store.corrections import CorrectionsFile

SCRIPT = Path(__file__).parents[1] / "support" / "append_corrections.py"
FRAMES = 10_000

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="the script forks")


def command(path: Path, mode: str, number: int = 0) -> list[str]:
    return [sys.executable, str(SCRIPT), str(path), mode, str(number)]


def test_killed_right_after_a_correction(tmp_path: Path) -> None:
    path = tmp_path / "m1.corrections.jsonl"
    writer = subprocess.Popen(command(path, "slowly"), stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    told = [writer.stdout.readline().strip() for _ in range(3)]
    writer.kill()  # SIGKILL: nothing is cleaned up
    told += writer.stdout.read().split()
    writer.stdout.close()
    assert writer.wait() != 0
    again = CorrectionsFile(path, "m1", FRAMES)
    kept = [edit.edit_id for edit in again.edits]
    assert kept[: len(told)] == told
    assert len(kept) <= len(told) + 1  # one may have been written and not told
    book = BoutBook("m1", FRAMES, edits=again.edits)
    assert len(book) == len(kept)
    assert [row.label for row in book.rows[:3]] == ["rear"] * 3
    # No lock is left behind that would keep the next one from correcting.
    edit = book.plan_undo("next")
    again.append(edit)
    assert CorrectionsFile(path).edits[-1] == edit


@needs_fork
def test_killed_many_times_while_writing(tmp_path: Path) -> None:
    path = tmp_path / "m1.corrections.jsonl"
    done = subprocess.run(
        command(path, "killed", 40), capture_output=True, text=True, check=True, timeout=280
    )
    told = done.stdout.split()
    assert len(told) >= 40
    again = CorrectionsFile(path, "m1", FRAMES)
    kept = [edit.edit_id for edit in again.edits]
    assert len(set(kept)) == len(kept)
    assert [key for key in kept if key in set(told)] == told
    assert len(kept) <= len(told) + 40
    # Every line is a whole edit, or was set aside with a note.
    lines = path.read_bytes().split(b"\n")
    assert sum(1 for line in lines[1:] if line) == len(kept) + len(again.notes)
    BoutBook("m1", FRAMES, edits=again.edits)


@needs_fork
def test_several_processes_append_at_once(tmp_path: Path) -> None:
    path = tmp_path / "m1.corrections.jsonl"
    done = subprocess.run(
        command(path, "together", 3), capture_output=True, text=True, check=True, timeout=280
    )
    views = [json.loads(line) for line in done.stdout.splitlines()]
    file = CorrectionsFile(path, "m1", FRAMES)
    assert file.notes == ()
    assert Counter(edit.who for edit in file.edits) == {view["who"]: 40 for view in views}
    order = [edit.edit_id for edit in file.edits]
    assert len(set(order)) == 120
    for view in views:  # each of them has seen the edits of the others, in the one order there is
        assert view["seen"] == order[: len(view["seen"])]
    assert sorted(len(view["seen"]) for view in views)[-1] == 120
    assert path.read_bytes().count(b"\n") == 121
