"""How fast the viewer is with long recordings, under a real or a virtual display.

Real pictures (the example video, repeated), two animals of twelve keypoints, labels. Only ratios
within one run and processor times mean something on another machine; waiting times on a busy one
say little, so both are printed and the checks go by processor time. Each part runs in a process of
its own, so that its memory is its own.

    xvfb-run -a python benchmarks/viewer.py                # tables
    xvfb-run -a python benchmarks/viewer.py --json         # the same as JSON
    xvfb-run -a python benchmarks/viewer.py --check        # exit 1 when a limit is missed
    xvfb-run -a python benchmarks/viewer.py --part slider  # one part: slider, scrubs, timeline
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
from typing import Any

#: Module of each part; its ``measure()`` returns the figures.
PARTS = {"slider": "viewer_slider", "scrubs": "viewer_scrubs", "timeline": "viewer_timeline"}
#: Most a step with the pose and label layers may cost, as a multiple of the video alone.
STEP = 1.3
#: Most memory of ten hours with pose, how much it may grow over the second half, in MB.
MEMORY, GROWTH = 1536, 32
#: Longest stay of the event loop by our code outside decoding, in ms of processor time of a quiet
#: machine: on a slower or busier one it may be longer by what a fixed task takes longer there.
STAY = 100


def figures(parts: list[str]) -> dict[str, Any]:
    """Return what each part measured, each in a fresh process."""
    found = {}
    for part in parts:
        command = [sys.executable, __file__, "--measure", part]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found[part] = json.loads(done.stdout.splitlines()[-1])
    return found


def missed(found: dict[str, Any]) -> list[str]:
    """Return a sentence for every limit that is missed."""
    wrong = []
    for length, cases in found.get("slider", {}).items():
        ratio = cases["pose + labels"]["cpu_ratio"]
        # A small window is printed only: the same milliseconds are more of less there.
        if ratio > STEP and "window" not in length:
            wrong.append(f"slider, {length}: x {ratio:.2f}, wanted at most {STEP}")
    for key, limit, unit in (
        ("memory_peak_mb", MEMORY, "MB"),
        ("memory_growth_mb", GROWTH, "MB"),
        ("ours_longest_ms", STAY, "ms"),
    ):
        value = found.get("scrubs", {}).get(key, 0)
        slower = found["scrubs"]["slowness"] if unit == "ms" and "scrubs" in found else 1
        if not value <= limit * slower:
            wrong.append(f"scrubs, {key}: {value:.1f} {unit}, wanted at most {limit}")
    if "timeline" in found:
        wrong += [
            f"timeline, {line}"
            for line in importlib.import_module(PARTS["timeline"]).too_much(found["timeline"])
        ]
    return wrong


def tell(found: dict[str, Any]) -> None:
    """Print the figures as tables."""
    for length, cases in found.get("slider", {}).items():
        print(f"slider step, {length}, 2 animals x 12 keypoints")
        print(f"{'':34}{'wall':>9}{'ratio':>8}{'cpu':>12}{'ratio':>8}{'rows':>12}")
        for name, values in cases.items():
            print(
                f"  {name:32}{values['wall_ms']:>6.1f} ms{values['wall_ratio']:>8.2f}"
                f"{values['cpu_ms']:>9.1f} ms{values['cpu_ratio']:>8.2f}{values['rows']:>12,}"
            )
    for part in ("scrubs", "timeline"):
        if part in found:
            print(part)
            for name, value in found[part].items():
                print(f"  {name:32}{value if not isinstance(value, float) else round(value, 2)}")


def main(arguments: list[str] | None = None) -> int:
    """Print tables or JSON; with ``--check`` fail above a limit."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--check", action="store_true", help="fail above a limit")
    parser.add_argument("--part", choices=PARTS, action="append", help="only this part")
    parser.add_argument("--measure", choices=PARTS, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.measure:
        print(json.dumps(importlib.import_module(PARTS[chosen.measure]).measure()))
        return 0
    found = figures(chosen.part or list(PARTS))
    if chosen.json:
        print(json.dumps(found, indent=2))
    else:
        tell(found)
    wrong = missed(found) if chosen.check else []
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
