"""Clusters of 1.4 million windows (42 million frames): time, memory, and the same answer always.

Made-up embeddings of 384 numbers: 40 behaviours in 12 families, sizes after Zipf, one window in
twelve between two behaviours, a shift for each animal; 14,000 one-second windows a recording, four
recordings an animal, in one float16 file. They show cost and exactness, not what mice look like.

Every size runs in a process of its own: cluster, freeze, save, load, assign all, one parquet part a
recording. Then 98,000 windows once more, with recordings and rows in another order and on two
threads: parts must be the same to the last byte of their tables.

    python benchmarks/discovery_scale.py --check
    python benchmarks/discovery_scale.py --quick      # 98,000 and 280,000 windows
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from napari_mousegpt.clusters import ClusterMap
from napari_mousegpt.clusters.params import ClusterParams
from napari_mousegpt.clusters.streaming import assign_stream, fit_stream
from napari_mousegpt.clusters.streams import ArrayStream
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.vectors import Vectors

WIDTH, BEHAVIOURS, FAMILIES = 384, 40, 12
#: Windows of a recording, frames of a window, recordings of an animal.
WINDOWS, FRAMES, PER_ANIMAL = 14_000, 30, 4
#: Recordings of each run; the last is 1.4 million windows.
SIZES = (7, 10, 20, 100)
#: What ``--quick`` keeps: the larger takes a sixth of the time that is allowed.
QUICK_SIZES = (7, 20)
LIMITS = {"cpu_minutes": 6.0, "peak_gb": 3.0, "cost_growth": 1.2, "memory_growth_gb": 0.5}


def make(path: Path, recordings: int) -> None:
    """Write the vectors of so many recordings to a ``.npy`` file, and the truth beside it."""
    shape = (recordings * WINDOWS, WIDTH)
    array = np.lib.format.open_memmap(path, "w+", np.float16, shape)
    truth = np.empty(shape[0], dtype=np.int16)
    draw = np.random.default_rng(7)
    family = draw.normal(0, 1.0, (FAMILIES, WIDTH))
    places = family[np.arange(BEHAVIOURS) % FAMILIES] + draw.normal(0, 0.6, (BEHAVIOURS, WIDTH))
    share = 1 / np.arange(1, BEHAVIOURS + 1)
    # Noise has few directions, as in real embeddings.
    spread = draw.normal(0, 1, (60, WIDTH)).astype(np.float32) * 0.06
    shift = draw.normal(0, 0.05, (recordings // PER_ANIMAL + 1, WIDTH))
    for number in range(recordings):
        mine = np.random.default_rng([11, number])
        lengths = mine.integers(2, 9, WINDOWS)
        states = np.repeat(mine.choice(BEHAVIOURS, WINDOWS, p=share / share.sum()), lengths)
        states = states[:WINDOWS]
        values = places[states].astype(np.float32)
        between = np.flatnonzero(mine.random(WINDOWS) < 1 / 12)
        other = places[mine.choice(BEHAVIOURS, between.size)]
        values[between] = 0.5 * (values[between] + other)
        values += mine.normal(0, 1, (WINDOWS, 60)).astype(np.float32) @ spread
        values += shift[number // PER_ANIMAL].astype(np.float32)
        states[between] = -1
        rows = slice(number * WINDOWS, (number + 1) * WINDOWS)
        array[rows], truth[rows] = values, states
    array.flush()
    np.save(path.with_name("truth.npy"), truth)


def stream_of(path: Path, recordings: int, seed: int | None = None) -> ArrayStream:
    """Return the first recordings of the file; with a seed, in another order of rows."""
    number = np.repeat(np.arange(recordings), WINDOWS)
    start = np.tile(np.arange(WINDOWS) * FRAMES, recordings)
    names = np.asarray([f"rec{i:04d}" for i in range(recordings)], dtype=object)[number]
    seconds = {"start_s": start / FRAMES, "stop_s": (start + FRAMES) / FRAMES}
    ranges = Intervals.build(names, start, start + FRAMES, "m", **seconds)
    values: Any = path
    if len(np.load(path, mmap_mode="r")) != len(ranges) or seed is not None:
        values = np.load(path, mmap_mode="r")[: len(ranges)]
    if seed is not None:
        order = np.random.default_rng(seed).permutation(len(ranges))
        ranges, values = ranges[order], np.asarray(values)[order]
    return ArrayStream(values, ranges, "made-up", "1")


def one_run(path: Path, recordings: int, out: Path, seed: int | None) -> dict[str, Any]:
    """Cluster, freeze, assign; what it cost."""
    stream = stream_of(path, recordings, seed)
    animals = {name: f"animal{int(name[3:]) // PER_ANIMAL}" for name in stream.recordings}
    before, begin = _peak_gb(), time.process_time()
    found = fit_stream(stream, ClusterParams(engine="density"), animals=animals)
    fitted = time.process_time()
    found.save(out / "map")
    loaded = ClusterMap.load(out / "map")
    parts = assign_stream(loaded, stream, out / "parts")
    done = time.process_time()
    digest = hashlib.sha256()
    labels = []
    for part in sorted(parts):
        table = pd.read_parquet(part.path)
        labels.append(table["cluster"].to_numpy())
        text = table.to_csv(index=False, float_format="%.17g")
        if recordings <= SIZES[0]:
            digest.update(text.encode())
    told = np.concatenate(labels)
    truth = np.load(path.with_name("truth.npy"))[: len(told)]
    from sklearn.metrics import adjusted_rand_score

    both = (truth >= 0) & (told >= 0)
    first = parts[0]
    rows = stream.chunks(first.recording)
    pieces = [Vectors(i, v, stream.names, stream.model, stream.revision) for i, v in rows]
    own = loaded.apply(Vectors.concat(pieces)).sort_values("start")["cluster"].to_numpy()
    return {
        "windows": len(told),
        "map_id": found.map_id,
        "parts_hash": digest.hexdigest()[:16],
        "engine": found.software["engine"],
        "clusters": len(found),
        "noise": float((told < 0).mean()),
        "noise_of_transitions": float((told[truth < 0] < 0).mean()),
        "ari_without_noise": float(adjusted_rand_score(truth[both], told[both])),
        "sizes_are_those_of_the_parts": found.sizes
        == tuple(np.bincount(told[told >= 0], minlength=len(found)).tolist()),
        "apply_gives_the_labels_of_record": bool(
            np.array_equal(own, pd.read_parquet(first.path)["cluster"].to_numpy())
        ),
        "fit_cpu_s": fitted - begin,
        "assign_cpu_s": done - fitted,
        "cpu_us_per_window": (done - begin) / len(told) * 1e6,
        "assign_us_per_window": (done - fitted) / len(told) * 1e6,
        "peak_gb": _peak_gb(),
        "peak_before_gb": before,
    }


def _peak_gb() -> float:
    """Return the most memory this process has held, in GB."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def figures(*, quick: bool = False, folder: Path | None = None) -> dict[str, Any]:
    """Run all sizes.

    Parameters
    ----------
    quick : bool
        :data:`QUICK_SIZES` alone, so not the 1.4 million windows.
    folder : Path, optional
        Where the made-up vectors go (1.1 GB); by default a temporary place.

    Returns
    -------
    dict
        ``runs`` by size, ``same`` (rows in another order, two threads).
    """
    sizes = QUICK_SIZES if quick else SIZES
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path = Path(place) / "vectors.npy"
        make(path, sizes[-1])
        runs = {f"{n * WINDOWS:,}": _child(path, n, Path(place) / f"run{n}") for n in sizes}
        first = runs[f"{sizes[0] * WINDOWS:,}"]
        # Quickly both at once: a fault in either still shows, but not which it is.
        mixed = _child(path, sizes[0], Path(place) / "mixed", seed=3, threads=2 if quick else 1)
        threads = mixed if quick else _child(path, sizes[0], Path(place) / "threads", threads=2)
        keys = ("map_id", "parts_hash")
        same = {
            "rows_in_another_order": all(mixed[key] == first[key] for key in keys),
            "two_threads": all(threads[key] == first[key] for key in keys),
        }
    return {"runs": runs, "same": same}


def _child(
    path: Path, recordings: int, out: Path, *, seed: int | None = None, threads: int = 1
) -> dict[str, Any]:
    out.mkdir()
    command = [sys.executable, __file__, "--one", str(path), str(recordings), str(out)]
    command += [str(seed)] if seed is not None else []
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    env = {**os.environ, **dict.fromkeys(names, str(threads))}
    done = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def misses(found: Mapping[str, Any]) -> list[str]:
    """Return what falls short of the limits, as sentences."""
    runs = list(found["runs"].values())
    small, large, missed = runs[0], runs[-1], []
    minutes = (large["fit_cpu_s"] + large["assign_cpu_s"]) / 60
    if not minutes <= LIMITS["cpu_minutes"]:
        missed.append(f"{minutes:.1f} CPU-minutes, wanted {LIMITS['cpu_minutes']:g} or less")
    if not large["peak_gb"] <= LIMITS["peak_gb"]:
        missed.append(f"peak {large['peak_gb']:.2f} GB, wanted {LIMITS['peak_gb']:g} or less")
    growth = large["cpu_us_per_window"] / small["cpu_us_per_window"]
    if not growth <= LIMITS["cost_growth"]:
        missed.append(f"a window costs {growth:.2f} times what it costs among {small['windows']}")
    if len(runs) > 3:
        more = large["peak_gb"] - runs[1]["peak_gb"]
        if not more <= LIMITS["memory_growth_gb"]:
            missed.append(f"ten times more recordings take {more:.2f} GB more")
    for name in ("sizes_are_those_of_the_parts", "apply_gives_the_labels_of_record"):
        missed += [f"{run['windows']} windows: not {name}" for run in runs if not run[name]]
    missed += [f"another result: {name}" for name, same in found["same"].items() if not same]
    return missed


def show(found: Mapping[str, Any]) -> None:
    """Print the figures for people."""
    print("windows      fit s  assign s  us/window  (assign)  peak GB   k  noise  between  ARI")
    for name, run in found["runs"].items():
        print(
            f"{name:>9s} {run['fit_cpu_s']:8.1f} {run['assign_cpu_s']:9.1f} "
            f"{run['cpu_us_per_window']:10.0f} {run['assign_us_per_window']:9.0f} "
            f"{run['peak_gb']:8.2f} {run['clusters']:4d}  {run['noise']:4.0%} "
            f"{run['noise_of_transitions']:8.0%}  {run['ari_without_noise']:.3f}"
        )
    print(f"engine {run['engine']}; same map and labels: {found['same']}")


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, help="where 1.1 GB of vectors are made")
    parser.add_argument("--quick", action="store_true", help="98,000 and 280,000 windows")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--check", action="store_true", help="exit 1 when a limit is missed")
    parser.add_argument("--one", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        path, recordings, out, *seed = options.one
        result = one_run(Path(path), int(recordings), Path(out), int(seed[0]) if seed else None)
        print(json.dumps(result))
        return 0
    found = figures(quick=options.quick, folder=options.folder)
    missed = misses(found)
    if options.json:
        print(json.dumps({**found, "missed": missed}, indent=2))
    else:
        show(found)
        print("\n".join(missed or ["every number is reached"]))
    return 1 if missed and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
