"""Make the example map ``drawn_mice``.

    python examples/maps/make_drawn_mice.py

Five drawn mice (`napari_mousegpt.io.samples`), each with a seed of its own, tracked at the four
points of the example recording. They are analysed as a study, and the map of the study is
published. No animal and nobody else's data is in it. Takes about a minute of one core.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import pandas as pd

import napari_mousegpt as mg
from napari_mousegpt.cli.main import main as command
from napari_mousegpt.clusters import ClusterParams
from napari_mousegpt.core.parquet import read_parquet
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.io.samples import make_sample

PLACE = Path(__file__).with_name("drawn_mice")
#: Points of the drawn mouse, and what the example recording calls them.
POINTS = {
    "nose": "snout",
    "left_ear": "leftear",
    "right_ear": "rightear",
    "tail_base": "tailbase",
}
MICE, SECONDS, SIZE = 5, 75.0, (240, 320)
#: A drawn mouse does five things: fewer clusters than real mice give, and a small file.
PARAMS = ClusterParams(min_cluster_share=0.04, partitions=80, refits=0)
ABOUT = {
    "--title": "Five drawn mice in an open field",
    "--author": "napari-mousegpt",
    "--licence": "CC0-1.0",
    "--description": "Generated tracks of 75 s each at 30 frames per second, four points, "
    "seen from above. An example of a published map: it holds for drawn mice, not for real ones.",
}


def draw(folder: Path, seed: int) -> Path:
    """Write the pose of a drawn mouse, with the points of the example recording; returns it."""
    made = make_sample(folder / f"video_{seed}", seconds=SECONDS, seed=seed, size=SIZE)
    table = pd.read_csv(made.pose, header=[0, 1, 2], index_col=0)
    points = table.columns.get_level_values(1)
    table = table.loc[:, points.isin(list(POINTS))].rename(columns=POINTS, level=1)
    path = folder / f"drawn_{seed}.csv"
    table.to_csv(path)
    shutil.rmtree(made.pose.parent)
    return path


def make(place: Path, scratch: Path) -> None:
    """Draw, analyse and publish."""
    poses = [draw(scratch, seed) for seed in range(1, MICE + 1)]
    names = [path.stem for path in poses]
    rows = {"recording": names, "animal": names, "pose": [path.name for path in poses], "fps": 30}
    pd.DataFrame(rows).to_csv(scratch / "study.csv", index=False)
    mg.run_study(scratch / "study.csv", scratch / "study")
    runs = [scratch / "study" / "recordings" / name / "result" for name in names]
    vectors = Vectors.concat(
        [Vectors.from_table(read_parquet(run / "vectors.parquet")) for run in runs]
    )
    words = pd.concat([read_parquet(run / "descriptions.parquet") for run in runs])
    mg.cluster(vectors, words, PARAMS, out=scratch / "run")
    about = [part for pair in ABOUT.items() for part in pair]
    given = ["--vectors", *(str(run.parent) for run in runs), *about, "--names", "-o", str(place)]
    if command(["map", "publish", str(scratch / "run"), *given]):
        raise SystemExit("the map was not published")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("-o", "--out", type=Path, default=PLACE)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mousegpt-") as scratch:
        make(options.out.absolute(), Path(scratch))


if __name__ == "__main__":
    main()
