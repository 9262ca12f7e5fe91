"""Discovery: every number that is asked of it, part by part.

    python benchmarks/discovery.py                     # all parts, an hour
    python benchmarks/discovery.py --part labels       # one part; may be given several times
    python benchmarks/discovery.py --json              # one object with all figures
    python benchmarks/discovery.py --check             # exit 1 when a number is missed

Parts: ``scale`` (1.4 million windows), ``labels`` (clusters against what people saw), ``novelty``
(planted and left-out behaviours, false alarms), ``search`` (100 questions, 1.4 million windows) and
``maps`` (ids that survive refits). Each runs in a process of its own, on one thread: threads that
wait for each other would be counted as work. What is missed stands in one table at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

PARTS = ("scale", "labels", "novelty", "search", "maps")
#: Parts that read the shared data; the others make their own.
REAL = ("labels", "novelty", "maps")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def figures(
    parts: Sequence[str] = PARTS, data_root: Path | None = None, *, quick: bool = False
) -> dict[str, Any]:
    """Measure parts, one after the other.

    Parameters
    ----------
    parts : sequence of str
        Names of :data:`PARTS`.
    data_root : Path, optional
        Folder of the shared data.
    quick : bool
        Each part says in its help what that leaves out.

    Returns
    -------
    dict
        By part: its ``figures``, what it ``missed`` as sentences, ``cpu_s`` of all that it ran and
        ``peak_gb`` of the largest of its processes.
        Of a part that stopped there are no figures, and what stopped it counts as missed.
    """
    found = {}
    for name in parts:
        command = [sys.executable, __file__, "--measure", name]
        command += ["--quick"] if quick else []
        command += ["--data", str(data_root)] if data_root else []
        before = _children_cpu_s()
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | dict.fromkeys(_THREADS, "1"),
        )
        if done.returncode:
            found[name] = {"figures": None, "missed": [f"stopped with exit {done.returncode}"]}
        else:
            found[name] = json.loads(done.stdout.splitlines()[-1])
        found[name]["cpu_s"] = _children_cpu_s() - before
        print(f"{name}: {found[name]['cpu_s']:.0f} CPU s", file=sys.stderr, flush=True)
    return found


def measure(name: str, data_root: Path | None, *, quick: bool) -> dict[str, Any]:
    """Return the figures of one part, and what it missed."""
    part = _part(name)
    told = part.figures(data_root, quick=quick) if name in REAL else part.figures(quick=quick)
    peak = max(resource.getrusage(who).ru_maxrss for who in _PROCESSES)
    return {"figures": told, "missed": list(part.misses(told)), "peak_gb": peak * 1024 / 1e9}


#: A part and what it started.
_PROCESSES = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _part(name: str) -> ModuleType:
    return import_module(f"discovery_{name}")


def show(found: dict[str, Any]) -> None:
    """Print the figures of every part, then the table of misses."""
    for name, part in found.items():
        print(f"== {name} ({part['cpu_s']:.0f} CPU s)")
        if part["figures"] is not None:
            print(f"peak {part['peak_gb']:.2f} GB")
            _part(name).show(part["figures"])
        print()
    rows = [(name, text) for name, part in found.items() for text in part["missed"]]
    print("missed:" if rows else "every number is reached")
    for name, text in rows:
        print(f"  {name:8s} {text}")


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--part", choices=PARTS, action="append", help="only this part")
    parser.add_argument("--data", type=Path, help="folder of the shared data")
    parser.add_argument("--quick", action="store_true", help="less of each part")
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.add_argument("--check", action="store_true", help="exit 1 when a number is missed")
    parser.add_argument("--measure", choices=PARTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.data, quick=options.quick)))
        return 0
    found = figures(options.part or PARTS, options.data, quick=options.quick)
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        show(found)
    missed = any(part["missed"] for part in found.values())
    return 1 if missed and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
