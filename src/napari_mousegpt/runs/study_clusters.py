"""One map for all recordings of a study, so that a cluster means the same in each."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from napari_mousegpt.clusters import (
    MAP_FOLDER,
    Groups,
    cluster_jobs,
    groups_of,
    name_clusters,
    write_groups,
)
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.provenance import RunCard, plain
from napari_mousegpt.core.tables import DESCRIPTIONS
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import StorageError
from napari_mousegpt.runs.params import RunParams
from napari_mousegpt.store import Part, iter_parts, run_folder

__all__ = ["StudyMap", "fit_study", "groups_in", "misfits", "place_map"]


@dataclass(frozen=True, eq=False)
class StudyMap:
    """Clusters of a whole study.

    Parameters
    ----------
    key : str
        Which fit it is; recordings that join or leave make another.
    groups : Groups
        Over all recordings.
    """

    key: str
    groups: Groups


def misfits(vectors: Mapping[str, Vectors]) -> dict[str, str]:
    """Return why some recordings cannot share a map with most others, by recording."""
    kinds = {name: (v.model, v.revision, v.names) for name, v in vectors.items()}
    if not kinds:
        return {}
    usual = Counter(kinds.values()).most_common(1)[0][0]
    told = {}
    for name, kind in kinds.items():
        if kind == usual:
            continue
        missing = sorted(set(usual[2]) - set(kind[2]))
        extra = sorted(set(kind[2]) - set(usual[2]))
        differs = [f"without {', '.join(missing[:3])}"] if missing else []
        differs += [f"with {', '.join(extra[:3])}"] if extra else []
        told[name] = (
            f"it was measured otherwise than most recordings ({'; '.join(differs) or 'other'}), "
            "so it has no place on their map. Track the same body parts in all of them"
        )
    return told


def fit_study(
    place: Path,
    params: RunParams,
    vectors: Mapping[str, Vectors],
    keys: Mapping[str, str],
    describe: Callable[[str, Intervals], pd.DataFrame],
) -> Generator[Part, None, StudyMap]:
    """Cluster the vectors of all recordings at once; parts are yielded, the map is returned.

    Parameters
    ----------
    place : Path
        Run folder of the fit. A fit of other recordings that stands there is replaced.
    params : RunParams
        Settings.
    vectors : mapping of str to Vectors
        By recording, all of one kind.
    keys : mapping of str to str
        Run id of each recording.
    describe : callable
        Puts stretches of one recording into words.

    Raises
    ------
    InputError
        When there is too little to cluster.
    """
    names = sorted(vectors)
    inputs = {name: keys[name] for name in names}
    encoders = {name: f"{v.model} {v.revision}".strip() for name, v in vectors.items()}
    models = {"encoder": ", ".join(sorted(set(encoders.values())))}
    card = RunCard("cluster", plain(params.clusters), inputs, models=models)

    def say(members: Intervals) -> pd.DataFrame:
        said = [
            describe(name, mine) for name in names if len(mine := members.select(recording=name))
        ]
        return pd.concat(said, ignore_index=True) if said else DESCRIPTIONS.empty()

    with run_folder(card, place, overwrite=True) as folder:
        joined = Vectors.concat([vectors[name] for name in names])
        found = {}
        for part in iter_parts(folder, cluster_jobs(folder, joined, say, params.clusters)):
            found[part.name] = part.table
            yield part
        groups = groups_of(folder.path, found["assignments"], found["names"])
        write_groups(groups, folder.result)
        folder.finish(intervals=len(joined), clusters=len(groups.clusters))
    return StudyMap(card.run_id, groups)


def groups_in(study: StudyMap, recording: str) -> Groups:
    """Return the clusters of a study as they are in one recording.

    Names and words are those of the study; times, bouts and examples are of the recording.
    """
    everywhere = study.groups
    rows = everywhere.assignments
    mine = rows[rows["recording"] == recording].reset_index(drop=True)
    here = name_clusters(mine, DESCRIPTIONS.empty())
    known = everywhere.clusters.set_index("cluster")
    for column in ("name", "sentence", "keywords", "coverage"):
        here[column] = known[column].reindex(here["cluster"]).to_numpy()
    return Groups(everywhere.map, mine, here)


def place_map(study: StudyMap, place: Path) -> None:
    """Put the map into the run folder of a recording, instead of one of an older fit.

    Raises
    ------
    StorageError
        When the older one cannot be removed.
    """
    target = place / MAP_FOLDER
    if target.exists():
        try:
            shutil.rmtree(target)
        except OSError as error:
            raise StorageError(
                target,
                expected="an older map that can be removed",
                found=str(error),
                remedy="Close the program that holds it open, or choose another output folder.",
            ) from error
    study.groups.map.save(target)
