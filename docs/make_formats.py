"""Write docs/formats.md from the registries of formats: python docs/make_formats.py."""

# ruff: noqa: E501 - rows of tables

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path

from napari_mousegpt.clusters.map_edits import ACTIONS
from napari_mousegpt.clusters.map_files import VERSION
from napari_mousegpt.clusters.published_files import HELD
from napari_mousegpt.core.pose_steps import STEPS
from napari_mousegpt.io.image_names import IMAGE_SUFFIXES
from napari_mousegpt.io.label_formats import LABEL_FORMATS
from napari_mousegpt.io.pose import POSE_FORMATS

PAGE = Path(__file__).with_name("formats.md")

HEAD = """# What is read, and maps

<!-- Made by docs/make_formats.py from the registries of napari_mousegpt.io; do not edit. -->

`napari-mousegpt info FILE` says what a file is and what is wrong with it; the panel *Open
recording* shows the same. The content decides, not the ending; where it cannot, the message says
what to give.
How videos, poses and labels are treated, and why, stands in [recordings.md](recordings.md).
"""

MAPS = f"""## Maps

A map is a folder without pickles: readable JSON beside plain arrays, each with a checksum. What is
damaged or of a later version is refused, and nothing of it is used.

| file | what |
|---|---|
| `map.json` | `kind`, `version` (1 to {VERSION}), `map_id` (the hash of all that decides a label), `params`, `model`, `revision`, `names` and `width` of the vectors it is for, `timed`, `sizes` and `medoids` of the clusters, `software`, sha256 of each array, and a `checksum` of the file |
| | version 2 and later: `accepted`, the behaviours that were taken in after the fit: `cluster`, `name`, `size`, `medoid` |
| | version 3: `ids` (of each cluster, where a refit kept some), `given` (ids below it were given before and are never given again), and, in any version, `parent` (the `map_id` it goes on from) |
| `arrays.npz` | `kept`, `center`, `scale`, `axes` (standardisation and components), `penalty`, `longest` (bouts), `micro`, `limit` (where the map has been), `centers`, `first`, `shares`, `cohesion` (votes), and examples and limit of each accepted behaviour |

A map is written as the oldest version that tells all of it, so that older programs read it.

### Beside a map in the result folder of a run

| file | what |
|---|---|
| `assignments` (csv, parquet) | labels of record, a row for each interval; see [tables.md](tables.md). Of `apply`, `cluster` and `name` are the behaviour by the merges and names of then, `nearest` the closest one, and `of_record` the id that the rule gave |
| `clusters` (csv, parquet) | name, whose name it is, times and typical interval of each cluster |
| `memberships.parquet` | `range_id`, and `in_0`, `in_1`, ... for each cluster id: how much the interval belongs to it, 0 to 1. A row sums to the strength of the interval; what is left belongs to none |
| `stability` (csv, parquet) | `kind` `seed` or `subsample`: a row for each further fit, `number`, `clusters`, `ari` (adjusted Rand index with the map over all intervals), `ari_kept` (over those that both assign). `kind` `cluster`: a row for each cluster id (`number`), its mean overlap with its best counterpart (`jaccard_seed`, `jaccard_subsample`) and a `verdict`. `unit` says what a subsample leaves out |
| `naming_words.parquet` | the descriptions that the clusters were named by |
| `matches` (csv, parquet) | of a refit: what became of each behaviour |
| `run_card.json` | of `cluster`: `sources` says where the vectors lay: `vectors/1`, `vectors/2`, ...; `words/1`, ... where descriptions were clustered; `fused/SPACE/vectors/1` or `fused/SPACE/words/1` where several spaces are fused. What lies in the run folder is told relative to it; vectors in memory are not told. `outcome` keeps under `held` the `sha256`, `bytes` and `mtime_ns` of each of these files; where they are read again, one that holds something else is refused |

### `map.edits.jsonl`

Names, titles and merges that people gave, in the run folder (beside the folder of a map alone:
`MAP.edits.jsonl`). Of a study it is in `clusters/`, for all of its recordings. Lines are only ever
added. The first is `{{"schema": "napari-mousegpt map edits", "version": 1}}`, every other one is an
edit:

| field | what |
|---|---|
| `edit_id`, `when`, `who` | permanent id, UTC, who did it |
| `action` | {", ".join(f"`{action}`" for action in ACTIONS)} |
| `map_id` | the map that it is about, or a step of it: edits hold for all steps of one map, and a file may hold those of several fits in one place |
| `groups` | clusters of record of each behaviour that it is about, `[[3]]` or `[[8], [14]]` |
| `name`, `title` | the new name; `text`, `model`, `prompt_id`, `asked`, `when` of a title |
| `keeps` | the id that a merge keeps |
| `undoes` | the edit that is taken back or done again |
| `carried_from` | the map that it came from with a refit |

Labels of record never change by it: results are given their names when they are read or exported.

### Published maps

A folder that another lab can check and use; see [maps.md](maps.md).

"""


def page() -> str:
    """Return the whole page."""
    suffixes = ", ".join(f"`{suffix}`" for suffix in IMAGE_SUFFIXES)
    return "\n".join(
        [
            HEAD,
            "## Pictures\n",
            "| what | how |",
            "|---|---|",
            "| video | any that FFmpeg decodes and in which a frame can be found again |",
            "| TIFF stack | page by page, or as a memory map |",
            f"| folder, pattern or list of images | {suffixes}, in natural order |",
            "| array, or a layer of another plugin | (T, Y, X) or (T, Y, X, C), lazy or not |",
            "",
            "## Poses\n",
            "Named by `pose_format=` or `--pose-format`.\n",
            *_table((entry.name, entry.suffixes, entry.meaning) for entry in POSE_FORMATS.values()),
            "",
            "## Labels\n",
            "Named by `load_labels(..., format=)` or `--format` of the command `labels`.\n",
            *_table(
                (entry.name, entry.suffixes, entry.meaning) for entry in LABEL_FORMATS.values()
            ),
            "",
            "## Steps that clean a pose\n",
            "None is done unasked. Given as `steps=` or `--pose-step`, done in the order given and",
            "kept in the run card with how many points each one removed, filled or changed.\n",
            "| step | values, by default | what it does |",
            "|---|---|---|",
            *(
                f"| `{name}` | "
                + ", ".join(
                    f"{field.name} {'to be given' if field.default is MISSING else field.default}"
                    for field in fields(kind)
                )
                + f" | {(kind.__doc__ or '').splitlines()[0]} |"
                for name, kind in STEPS.items()
            ),
            "",
            MAPS.rstrip() + "\n",
            "| file | what |",
            "|---|---|",
            *(f"| `{name}` | {meaning} |" for name, meaning in HELD.items()),
            "",
        ]
    )


def _table(rows: object) -> list[str]:
    lines = ["| format | endings | what |", "|---|---|---|"]
    for name, suffixes, meaning in rows:  # type: ignore[attr-defined]
        lines.append(f"| {name} | {', '.join(f'`{suffix}`' for suffix in suffixes)} | {meaning} |")
    return lines


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
