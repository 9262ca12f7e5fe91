"""Search: 100 questions on a synthetic study, and the cost of one over 1.4 million windows.

    python benchmarks/discovery_search.py            # prints the figures
    python benchmarks/discovery_search.py --json     # one object
    python benchmarks/discovery_search.py --check    # exit 1 when a number is missed

A question is right by the strictest reading: the share of its first ten results that show what was
asked for, averaged over the questions. Results with a planted behaviour that does not fit are wrong
even where their words fit. How the questions were made stands in ``search_queries.py``; the table
of synonyms is by the same hand, so the figures are also given with half of its words taken away at
random, and without it.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from napari_mousegpt.clusters.search import SearchIndex
from napari_mousegpt.clusters.synonyms import Synonyms, load_synonyms
from napari_mousegpt.clusters.text_index import FIELDS
from napari_mousegpt.clusters.text_terms import spoken_words
from napari_mousegpt.core.intervals import range_ids
from napari_mousegpt.errors import InputError
from search_queries import SEEN, UNSEEN
from search_study import study

__all__ = ["figures", "misses", "show"]

WINDOWS = 1_400_000
_HALVES = 5
_FILLERS = 400
_LEAST = {"words in descriptions": 0.95, "words in no description": 0.60}
_MOST_MS, _MOST_GB, _MOST_OPEN_S = 300.0, 2.0, 1.0


def figures(*, quick: bool = False) -> dict[str, Any]:
    """Return all figures; ``quick`` takes a twentieth of the windows."""
    n = WINDOWS // 20 if quick else WINDOWS
    return {
        "questions": _questions(),
        "scale": {kind: _scale(n, kind) for kind in ("repeating", "all different")},
    }


def misses(found: dict[str, Any]) -> list[str]:
    """Return a sentence for each number that is missed."""
    missed = [
        f"search, {name}: {found['questions'][name]['right']:.1%} right, not {least:.0%}"
        for name, least in _LEAST.items()
        if found["questions"][name]["right"] < least
    ]
    for kind, cost in found["scale"].items():
        limits = {
            "slowest_ms": _MOST_MS,
            "like_ms": _MOST_MS,
            "peak_gb": _MOST_GB,
            "open_s": _MOST_OPEN_S,
        }
        missed += [
            f"search, texts {kind}: {name} {cost[name]:.3g}, not {most:g}"
            for name, most in limits.items()
            if cost[name] > most
        ]
        if not cost["exact"]:
            missed.append(f"search, texts {kind}: other results than a plain comparison of all")
    return missed


def show(found: dict[str, Any]) -> None:
    """Print the figures."""
    for name, told in found["questions"].items():
        print(
            f"{name:<46} {told['right']:6.1%} of the first ten right, "
            f"first one right {told['first']:.0%}, any right {told['any']:.0%} ({told['n']})"
        )
    for kind, cost in found["scale"].items():
        print(
            f"{cost['windows']} windows, {cost['texts']} texts ({kind}): "
            f"median {cost['median_ms']:.0f} ms CPU, slowest {cost['slowest_ms']:.0f} ms, first "
            f"{cost['first_ms']:.0f} ms, like an example {cost['like_ms']:.0f} ms, opened in "
            f"{cost['open_s']:.2f} s, peak {cost['peak_gb']:.2f} GB; built in "
            f"{cost['build_s']:.0f} s CPU, peak {cost['build_gb']:.2f} GB"
        )


def _questions() -> dict[str, Any]:
    table, truth, _ = study()
    planted = dict(zip(zip(table["recording"], table["start"], strict=True), truth, strict=True))
    _check_unseen(table)
    full = load_synonyms()
    index = SearchIndex.build(table, synonyms=full)
    found = {
        name: _asked(index, questions, planted)
        for name, questions in zip(_LEAST, (SEEN, UNSEEN), strict=True)
    }
    halves = []
    for seed in range(_HALVES):
        rng = np.random.default_rng(seed)
        half = Synonyms(
            {
                name: tuple(rng.choice(words, len(words) // 2, replace=False))
                for name, words in full.concepts.items()
            }
        )
        halves.append(_asked(SearchIndex.build(table, synonyms=half), UNSEEN, planted))
    mean = {key: float(np.mean([one[key] for one in halves])) for key in ("right", "first", "any")}
    found["the latter, half of the synonyms taken away"] = {**mean, "n": len(UNSEEN)}
    bare = SearchIndex.build(table, synonyms=Synonyms({}))
    found["the former, without synonyms"] = _asked(bare, SEEN, planted)
    return found


def _asked(index: SearchIndex, questions: Any, planted: dict[Any, str]) -> dict[str, Any]:
    right, first, any_right = [], [], []
    for text, wanted in questions:
        try:
            rows = index.find(text, 10)
        except InputError:
            rows = pd.DataFrame({"recording": [], "start": []})
        good = [
            planted[key] in wanted for key in zip(rows["recording"], rows["start"], strict=True)
        ]
        right.append(sum(good) / 10)
        first.append(bool(good) and good[0])
        any_right.append(any(good))
    return {
        "right": float(np.mean(right)),
        "first": float(np.mean(first)),
        "any": float(np.mean(any_right)),
        "n": len(questions),
    }


def _check_unseen(table: pd.DataFrame) -> None:
    """Stop when a question claims words that no description has, and one has."""
    said = {
        token.stem
        for field in FIELDS
        for text in table[field].unique()
        for token in spoken_words(text.replace(";", " "))
    }
    for text, _ in UNSEEN:
        known = [token.word for token in spoken_words(text) if token.stem in said]
        known = [word for word in known if not spoken_words(word)[0].small]
        if known:
            raise SystemExit(f"question {text!r}: {', '.join(known)} is in a description")


def _scale(n: int, kind: str) -> dict[str, Any]:
    """Build in one process, ask in another: each has a peak of its own."""
    with tempfile.TemporaryDirectory() as folder:
        made = _other("build", folder, str(n), kind)
        return {**made, **_other("ask", folder)}


def _other(*words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, __file__, *words], check=True, stdout=subprocess.PIPE, text=True
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _build(folder: str, n: int, kind: str) -> dict[str, Any]:
    table, _, _ = study(6000)
    rng = np.random.default_rng(1)
    rows = rng.integers(0, len(table), n)
    large = table.iloc[rows].reset_index(drop=True)
    recording = np.arange(n) // 10_000
    large["recording"] = [f"r{number:03d}" for number in recording]
    large["individual"] = ""
    large["start"] = np.arange(n) % 10_000 * 30
    large["stop"] = large["start"] + 30
    large["range_id"] = range_ids(
        large["recording"], large["individual"], large["start"], large["stop"]
    )
    if kind == "all different":
        # Three filler words out of 400 make nearly every text another one.
        fillers = np.array([f"word{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(_FILLERS)])
        drawn = fillers[rng.integers(0, _FILLERS, (n, 3))]
        large["torso"] = large["torso"] + " " + drawn[:, 0] + " " + drawn[:, 1] + " " + drawn[:, 2]
    begun = time.process_time()
    index = SearchIndex.build(large)
    index.save(Path(folder) / "index")
    return {
        "windows": n,
        "texts": index.card["texts"],
        "build_s": time.process_time() - begun,
        "build_gb": _peak_gb(),
    }


def _ask(folder: str) -> dict[str, Any]:
    begun = time.perf_counter()
    index = SearchIndex.open(Path(folder) / "index")
    open_s = time.perf_counter() - begun
    asked = [text for text, _ in (*SEEN[::5], *UNSEEN[::5])]
    taken = []
    for text in asked:
        begun = time.process_time()
        index.find(text, 10)
        taken.append((time.process_time() - begun) * 1000)
    example = str(index.find("rearing", 1)["range_id"].iloc[0])
    begun = time.process_time()
    index.like(example)
    like_ms = (time.process_time() - begun) * 1000
    peak = _peak_gb()
    return {
        "open_s": open_s,
        "first_ms": taken[0],
        "median_ms": float(np.median(taken[1:])),
        "slowest_ms": max(taken[1:]),
        "like_ms": like_ms,
        "peak_gb": peak,
        "exact": all(_is_exact(index, text) for text in asked[:4]),
    }


def _is_exact(index: SearchIndex, text: str) -> bool:
    """Whether the best scores are those of a plain comparison of every row in full."""
    from napari_mousegpt.clusters.search_question import read_question

    question = index.index.question(read_question(text, index.index, index.synonyms).counts)
    assert index.latent is not None
    vector = index.latent.place_question(question)
    every = np.arange(index.index.n_texts)
    texts = (index.index.scores(question) + index.texts.exactly(vector, every)) / 2
    scores = np.sort(texts[index.text_of[index.text_of >= 0]])[::-1][:10]
    found = index.find(text, 10, apart=False)["score"].to_numpy()
    return bool(np.allclose(found, scores, atol=2e-6))


def _peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def main() -> int:
    """Print the figures and return the exit code."""
    if sys.argv[1:2] == ["build"]:
        print(json.dumps(_build(sys.argv[2], int(sys.argv[3]), sys.argv[4])))
        return 0
    if sys.argv[1:2] == ["ask"]:
        print(json.dumps(_ask(sys.argv[2])))
        return 0
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one object of figures")
    parser.add_argument("--check", action="store_true", help="exit 1 when a number is missed")
    parser.add_argument("--quick", action="store_true", help="a twentieth of the windows")
    options = parser.parse_args()
    found = figures(quick=options.quick)
    missed = misses(found)
    if options.json:
        print(json.dumps({**found, "missed": missed}, indent=2))
    else:
        show(found)
        print("\n".join(["", *missed] if missed else ["", "every number is reached"]))
    return 1 if missed and options.check else 0


if __name__ == "__main__":
    raise SystemExit(main())
