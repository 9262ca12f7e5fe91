"""Files of a published map: their names, their sums, and the README that explains them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from napari_mousegpt.clusters.cluster_map import ClusterMap
from napari_mousegpt.clusters.reference import Reference

__all__ = [
    "ARRAYS",
    "BEHAVIOURS",
    "CENTROIDS",
    "FILES",
    "HELD",
    "KIND",
    "MANIFEST",
    "MAP",
    "README",
    "REFERENCE",
    "USAGE",
    "VERSION",
    "file_sum",
    "readme_text",
]

KIND, VERSION = "napari-mousegpt published map", 1
MANIFEST, README = "published.json", "README.md"
MAP, ARRAYS = "map.json", "arrays.npz"
BEHAVIOURS, CENTROIDS = "behaviours.json", "centroids.npz"
REFERENCE, USAGE = "reference.npz", "usage.parquet"
#: Every file of a published map, and no other, with what it holds.
HELD = {
    MANIFEST: "who, licence, versions, features, and the sha256 of every other file",
    MAP: "the rule: parameters, vectors it is for, ids, sizes, typical intervals",
    ARRAYS: "numbers of the rule: standardisation (`center`, `scale`), components (`axes`), "
    "micro-clusters (`micro`), partitions (`centers`, `first`), `shares`, `cohesion`",
    BEHAVIOURS: "for each id of the rule: name and whose it is, words, sentence, typical interval; "
    "`merged_into` is the behaviour that the publisher made it a part of, `parts` are the ids of a "
    "merged behaviour",
    CENTROIDS: "`ids` (parts of a merged behaviour by themselves); `features`: mean of each "
    "feature, in its own unit; "
    "`components`: the same in components; `windows`",
    REFERENCE: "`features`; `quantiles` at `levels`, `mean`, `spread`, `missing` of each over the "
    "recordings of the map; `own_shift`: each own recording against the others",
    USAGE: "a row for each recording of the map: windows, share inside and assigned, median "
    "strength, share of each id (parts of a merged behaviour by themselves)",
    README: "this text",
}
FILES = frozenset(HELD)


def file_sum(path: Path) -> str:
    """Return the sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def readme_text(
    manifest: dict[str, Any], behaviours: list[dict[str, Any]], found: ClusterMap, own: Reference
) -> str:
    """Return the text that explains a published map to people."""
    about, features = manifest["about"], manifest["features"]
    rows = "\n".join(
        f"| {_ids(one)} | {_cell(one['name'])} | {_words(one)} |"
        for one in behaviours
        if "merged_into" not in one
    )
    files = "\n".join(f"| `{name}` | {held} |" for name, held in HELD.items())
    window = f"{features['window_s']:g} s" if features["window_s"] else "its frames"
    vectors = (
        f"{features['model']} {features['revision']}, {features['width']} numbers, windows of "
        f"{window}"
    )
    usual = (
        f"{np.median(own.own_overall):.3f} (median), {own.own_overall.max():.3f} at most"
        if len(own.own_overall)
        else "not known: fewer than three recordings"
    )
    cite = f"Please cite: {about['citation']}\n\n" if about["citation"] else ""
    ask = f"Questions: {about['contact']}\n\n" if about["contact"] else ""
    return f"""# {about["title"]}

A frozen map of mouse behaviour, made with napari-mousegpt. It gives any recording that was
measured in the same way the same behaviours, under the same ids, for ever.

By {", ".join(about["authors"])}. Licence: {about["licence"]}.

{about["description"] + chr(10) + chr(10) if about["description"] else ""}{cite}{ask}## Use it

    napari-mousegpt map inspect FOLDER
    napari-mousegpt apply FOLDER RECORDING... -o OUT

`apply` takes folders that `napari-mousegpt project` or `run` wrote. It labels them, and says how
far they are from the recordings that this map was made of.

- map id: `{manifest["map_id"]}`
- vectors: {vectors}
- recordings behind it: {manifest["recordings"]["count"]}; shift of one against the others: {usual}

## Behaviours

| id | name | words |
|---|---|---|
{rows}
{_merges_text(behaviours)}
## Files

| file | what it holds |
|---|---|
{files}

Arrays are numpy files without pickles; tables are parquet. Frames are half-open, [start, stop), of
the video. There are no videos here. {_names_text(manifest["recordings"]["named"])}
"""


def _ids(one: dict[str, Any]) -> str:
    parts = "+".join(str(part) for part in one.get("parts", ()))
    return f"{one['id']} = {parts}" if parts else str(one["id"])


def _merges_text(behaviours: list[dict[str, Any]]) -> str:
    if not any("parts" in one for one in behaviours):
        return ""
    return """
Ids of the rule that are one behaviour to the publisher stand in one line: `apply` gives all of them
the first id, and keeps what the rule says in the column `of_record`.
"""


def _names_text(named: bool) -> str:
    if named:
        return "Recordings and individuals go by their names."
    return (
        "Recordings and individuals go by hashes of their names: whoever has the recordings can "
        "find them by these, others cannot read the names from them (short names can be guessed)."
    )


def _words(one: dict[str, Any]) -> str:
    return _cell(str(one.get("keywords", "")).replace(";", ", "))


def _cell(text: str) -> str:
    return str(text).replace("|", "/")
