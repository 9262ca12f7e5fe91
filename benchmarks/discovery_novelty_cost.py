"""What a question about novelty costs: time for an embedding, memory against a large reference.

Each question runs in a process of its own, so that its peak is its own.

    python benchmarks/discovery_novelty_cost.py 1400000 100000     # reference, new
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from typing import Any

import numpy as np

from napari_mousegpt.clusters.novelty import novel_against
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.vectors import Vectors

__all__ = ["WIDTH", "cost"]

WIDTH, BEHAVIOURS, RECORDINGS = 384, 40, 10


def cost(reference: int, new: int) -> dict[str, Any]:
    """Ask one question of so many windows, control included.

    Returns
    -------
    dict
        ``reference``, ``new``; ``given_gb`` (the vectors alone), ``peak_gb``, ``cpu_s``.
    """
    command = [sys.executable, __file__, str(reference), str(new)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _made(prefix: str, n: int, seed: int) -> Vectors:
    """Return made-up windows in ten recordings, filled in place."""
    places = np.random.default_rng(0).normal(0, 1, (BEHAVIOURS, WIDTH)).astype(np.float32)
    share = 1 / np.arange(1, BEHAVIOURS + 1)
    each = n // RECORDINGS
    values = np.empty((each * RECORDINGS, WIDTH), dtype=np.float32)
    for number in range(RECORDINGS):
        draw = np.random.default_rng([seed, number])
        rows = values[number * each : (number + 1) * each]
        for first in range(0, each, 10_000):
            some = rows[first : first + 10_000]
            draw.standard_normal(dtype=np.float32, out=some)
            some *= 0.7
            some += places[draw.choice(BEHAVIOURS, len(some), p=share / share.sum())]
    names = np.repeat([f"{prefix}{number}" for number in range(RECORDINGS)], each).astype(object)
    start = np.tile(np.arange(each) * 30, RECORDINGS)
    return Vectors(Intervals.build(names, start, start + 30, "m"), values, (), "made", "1")


def main() -> int:
    """Ask in this process and print what it took."""
    counts = [int(word) for word in sys.argv[1:3]]
    reference, new = (_made(name, n, n) for name, n in zip("rn", counts, strict=True))
    given = reference.values.nbytes + new.values.nbytes
    begin = time.process_time()
    novel_against(reference, new)
    told = {
        "reference": counts[0],
        "new": counts[1],
        "given_gb": given / 1e9,
        "cpu_s": time.process_time() - begin,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
    }
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
