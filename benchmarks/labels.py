"""Words and clusters against human labels: both benchmarks of ``labelled_subtle3d`` in one.

``words.py`` scores the describer without weights on three mice that no threshold was chosen on;
``clusters_labels.py`` scores clusters mapped on three mice on the other three, all 20 ways, beside
k-means, a Gaussian mixture and UMAP + HDBSCAN.

    python benchmarks/labels.py            # prints both
    python benchmarks/labels.py --json     # one object: {"words": ..., "clusters": ...}
    python benchmarks/labels.py --check    # exit 1 when a figure misses its number
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import clusters_labels
import words
from subtle3d import default_data_root


def main() -> int:
    """Run both and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of the shared data")
    parser.add_argument("--quick", action="store_true", help="leave out the slow other methods")
    parser.add_argument("--json", action="store_true", help="print one object of figures")
    parser.add_argument("--check", action="store_true", help="exit 1 when a limit is missed")
    options = parser.parse_args()
    root = options.data or default_data_root()
    found = {
        "words": words.figures(root),
        "clusters": clusters_labels.figures(root, quick=options.quick),
    }
    missed = [*words.misses(found["words"]), *clusters_labels.misses(found["clusters"])]
    if options.json:
        print(json.dumps({**found, "missed": missed}, indent=2))
    else:
        print("words\n-----")
        words.show(found["words"])
        print("\nclusters\n--------")
        clusters_labels.show(found["clusters"])
        print("\n".join(["", *missed] if missed else ["", "every number is reached"]))
    return 1 if missed and options.check else 0


if __name__ == "__main__":
    raise SystemExit(main())
