"""One map for all recordings of a study, so that a cluster means the same in each."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from napari_mousegpt.clusters import (
    MAP_FOLDER,
    MEMBERSHIPS,
    Groups,
    ParquetStream,
    cluster_steps,
    name_clusters,
    outcome_of,
    recording_members,
    write_groups,
)
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.parquet import write_parquet
from napari_mousegpt.core.provenance import RunCard, digest, plain
from napari_mousegpt.core.tables import DESCRIPTIONS
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import StorageError
from napari_mousegpt.runs.params import RunParams
from napari_mousegpt.store import Part, RunFolder, run_folder

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
    folder : RunFolder
        Where it was made; closed.
    """

    key: str
    groups: Groups
    folder: RunFolder


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
    vectors: Mapping[str, Sequence[Path]],
    keys: Mapping[str, str],
    describe: Callable[[str, Intervals], pd.DataFrame],
    animals: Mapping[str, str],
) -> Generator[Part, None, StudyMap]:
    """Cluster the vectors of all recordings at once; parts are yielded, the map is returned.

    Parameters
    ----------
    place : Path
        Run folder of the fit. A fit of other recordings that stands there is replaced.
    params : RunParams
        Settings.
    vectors : mapping of str to sequence of Path
        Tables of vectors by recording, all of one kind; one recording is in memory at a time.
    keys : mapping of str to str
        Run id of each recording.
    describe : callable
        Puts stretches of one recording into words.
    animals : mapping of str to str
        Animal by recording.

    Raises
    ------
    InputError
        When there is too little to cluster.
    """
    names = sorted(vectors)
    stream = ParquetStream([path for name in names for path in vectors[name]])
    mine = {name: str(animals[name]) for name in names if animals.get(name)}
    inputs = {**{name: keys[name] for name in names}, "study: animals": digest(mine)}
    models = {"encoder": f"{stream.model} {stream.revision}".strip()}
    card = RunCard("cluster", plain(params.clusters), inputs, models=models)

    def say(members: Intervals) -> pd.DataFrame:
        said = [
            describe(name, mine) for name in names if len(mine := members.select(recording=name))
        ]
        return pd.concat(said, ignore_index=True) if said else DESCRIPTIONS.empty()

    with run_folder(card, place, overwrite=True) as folder:
        groups = yield from cluster_steps(folder, stream, say, params.clusters, mine)
        write_groups(groups, folder.result)
        folder.finish(intervals=stream.rows, clusters=len(groups.clusters), **outcome_of(groups))
    return StudyMap(card.run_id, groups, folder)


def groups_in(study: StudyMap, recording: str) -> Groups:
    """Return the clusters of a study as they are in one recording.

    Names and words are those of the study; times, bouts and examples are of the recording.
    """
    everywhere = study.groups
    rows = everywhere.assignments
    mine = rows[rows["recording"] == recording].reset_index(drop=True)
    here = name_clusters(mine, DESCRIPTIONS.empty())
    known = everywhere.clusters.set_index("cluster")
    for column in ("name", "sentence", "keywords", "coverage", "name_source"):
        here[column] = known[column].reindex(here["cluster"]).to_numpy()
    return Groups(everywhere.map, mine, here, everywhere.stability)


def place_map(study: StudyMap, place: Path, recording: str) -> None:
    """Put map and memberships into the run folder of a recording, instead of those of an older fit.

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
    members = recording_members(study.folder, recording)
    write_parquet(members, place / "result" / MEMBERSHIPS, map_id=study.groups.map.map_id)
