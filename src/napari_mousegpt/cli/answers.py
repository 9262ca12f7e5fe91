"""What a command is, and what it answers."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Answer", "Command"]

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
