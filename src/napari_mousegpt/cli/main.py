"""``napari-mousegpt``: the commands, their options and their exit codes.

Exit codes: 0 done; 1 it failed; 2 an input or option is wrong; 130 stopped by the user (Ctrl-C),
with every finished part kept.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import napari_mousegpt
from napari_mousegpt.cli import commands
from napari_mousegpt.errors import MouseGPTError

__all__ = ["build_parser", "main"]

_EPILOG = (
    "exit codes: 0 done, 1 failed, 2 wrong input or option, 130 stopped by Ctrl-C "
    "(finished parts are kept; the same command goes on)"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Words of the command line; those of the process by default.
    """
    options = build_parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            answer = options.command(options)
        if options.json:
            print(json.dumps(answer.facts, indent=2, ensure_ascii=False), flush=True)
        else:
            print("\n".join(answer.lines), flush=True)
    except MouseGPTError as error:
        _complain(str(error), options.json, error.exit_code)
        return error.exit_code
    except KeyboardInterrupt:
        _complain(
            "Stopped. Finished parts are kept: the same command goes on from there.",
            options.json,
            130,
        )
        return 130
    except BrokenPipeError:
        # The reader of our output went away (head, less): that is no failure of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return int(answer.exit_code)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="napari-mousegpt",
        description="Describe, cluster and compare mouse behaviour from video and pose.",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action="version", version=napari_mousegpt.__version__)
    group = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, command in commands.COMMANDS.items():
        sub = group.add_parser(name, help=command.help, description=command.help, epilog=_EPILOG)
        command.add_options(sub)
        sub.add_argument("--json", action="store_true", help="print one JSON object")
        sub.set_defaults(command=command.run)
    return parser


def _complain(message: str, as_json: bool, code: int) -> None:
    if as_json:
        print(json.dumps({"error": message, "exit_code": code}, ensure_ascii=False))
    print(f"napari-mousegpt: {message}", file=sys.stderr)


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"napari-mousegpt: warning: {message}", file=sys.stderr)
