"""What a command is, and what it answers."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Answer", "Command", "wrote"]

Options = argparse.Namespace


@dataclass(frozen=True)
class Answer:
    """What a command says: lines for people, facts for ``--json``."""

    lines: list[str]
    facts: dict[str, Any] = field(default_factory=dict)
    exit_code: int = 0


@dataclass(frozen=True)
class Command:
    """One command of the terminal."""

    help: str
    add_options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[Options], Answer]


def wrote(out: Path, rows: dict[str, int]) -> Answer:
    """Return an answer that tells which files of a run were written, with their rows."""
    folder = Path(out) / "result"
    lines = [f"{folder / name}: {count} rows" for name, count in rows.items()]
    return Answer(lines, {"folder": str(folder), "rows": rows})
