"""What clustering does, piece by piece: fit, assign every recording, see how stable, name."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_mousegpt.clusters.cluster_map import ClusterMap
from napari_mousegpt.clusters.groups import Groups
from napari_mousegpt.clusters.map_view import MapView
from napari_mousegpt.clusters.named_files import NAMING_WORDS
from napari_mousegpt.clusters.params import ClusterParams
from napari_mousegpt.clusters.stability import Stability, measure_stability
from napari_mousegpt.clusters.streaming import (
    fit_stream,
    label_recording,
    recording_stem,
    sample_stream,
)
from napari_mousegpt.clusters.streams import MemoryStream, VectorStream
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.parquet import write_parquet, write_parquet_rows
from napari_mousegpt.core.tables import ASSIGNMENTS, DESCRIPTIONS
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.store import Job, Part, RunFolder, iter_parts

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MAP_FOLDER", "MEMBERSHIPS", "cluster_steps", "recording_members", "with_names"]

#: Where a run keeps the frozen map, in its folder.
MAP_FOLDER = Path("result") / "map"
#: Membership of each interval in every cluster, in the result folder.
MEMBERSHIPS = "memberships.parquet"

_STEP = "clusters"
_MEMBER = "in_"
#: Rows that stability is told on: it takes several fits.
_STABILITY_ROWS = 20_000


def cluster_steps(
    folder: RunFolder,
    vectors: Vectors | VectorStream,
    words: pd.DataFrame | Callable[[Intervals], pd.DataFrame] | None,
    params: ClusterParams,
    animals: Mapping[str, str] | None = None,
    fitted: Callable[[VectorStream], ClusterMap] | None = None,
) -> Generator[Part, None, Groups]:
    """Cluster in an open run folder; parts are yielded, the groups are returned.

    Parameters
    ----------
    folder : RunFolder
        The map goes to :data:`MAP_FOLDER` in it, memberships beside it.
    vectors : Vectors or VectorStream
        What is clustered.
    words : DataFrame, callable or None
        Descriptions to name clusters by, or what describes their bouts.
    params : ClusterParams
        Settings of the fit.
    animals : mapping of str to str, optional
        Animal by recording.
    fitted : callable, optional
        Makes the map, instead of a fit from nothing.

    Returns
    -------
    Groups
        Rows as in ``vectors``; of a stream by recording, individual and start.
    """
    import pandas as pd

    stream = MemoryStream(vectors) if isinstance(vectors, Vectors) else vectors
    work = _Clustering(folder, stream, words, params, animals, fitted)
    yield from iter_parts(folder, work.jobs())
    rows = work.assignments()
    if isinstance(vectors, Vectors):
        ids = pd.Index(vectors.intervals.range_ids())
        places = pd.Index(rows["range_id"]).get_indexer(ids)
        rows = rows.iloc[places].reset_index(drop=True)
    clusters = folder.read(_STEP, "names")
    rows = with_names(rows, clusters)
    work.write_members()
    work.write_words()
    stable = None
    if work.tells_stability:
        stable = Stability.from_table(folder.read(_STEP, "stability"))
    return Groups(work.map, ASSIGNMENTS.check(rows), clusters, stable)


def recording_members(folder: RunFolder, recording: str) -> pd.DataFrame:
    """Return the memberships of one recording from the finished parts of a run."""
    table = folder.read(_STEP, _part(recording))
    return table[["range_id", *(name for name in table.columns if name.startswith(_MEMBER))]]


def with_names(assignments: pd.DataFrame, clusters: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the name of their cluster; empty for noise."""
    names = dict(zip(clusters["cluster"], clusters["name"], strict=True))
    called = [names.get(one, "") for one in assignments["cluster"].tolist()]
    return assignments.assign(name=np.asarray(called, dtype=object))


class _Clustering:
    """The pieces of work, and what is put together from them."""

    def __init__(
        self,
        folder: RunFolder,
        stream: VectorStream,
        words: pd.DataFrame | Callable[[Intervals], pd.DataFrame] | None,
        params: ClusterParams,
        animals: Mapping[str, str] | None,
        fitted: Callable[[VectorStream], ClusterMap] | None,
    ) -> None:
        self._folder, self._stream, self._words = folder, stream, words
        self._fitted = fitted
        self._params = params
        self._animals = animals if params.balance == "animals" else None
        self._names = sorted(stream.recordings)
        self._map: ClusterMap | None = None

    @property
    def map(self) -> ClusterMap:
        """The frozen map, read once."""
        if self._map is None:
            self._map = ClusterMap.load(self._folder.path / MAP_FOLDER)
        return self._map

    @property
    def tells_stability(self) -> bool:
        """Whether the fit is repeated."""
        return self._params.refits > 0

    def jobs(self) -> list[Job]:
        """Return the pieces in their order."""
        jobs = [Job(_STEP, "map", self._fit)]
        jobs += [Job(_STEP, _part(name), partial(self._assign, name)) for name in self._names]
        if self.tells_stability:
            jobs.append(Job(_STEP, "stability", self._stability))
        if self._words is not None:
            jobs.append(Job(_STEP, "words", self._say))
        return [*jobs, Job(_STEP, "names", self._name)]

    def assignments(self) -> pd.DataFrame:
        """Return the rows of all recordings without their memberships."""
        import pandas as pd

        tables = []
        for name in self._names:
            table = self._folder.read(_STEP, _part(name))
            tables.append(table[[one for one in table.columns if not one.startswith(_MEMBER)]])
        return pd.concat(tables, ignore_index=True) if tables else ASSIGNMENTS.empty()

    def write_members(self) -> None:
        """Write the memberships of all recordings, one after the other."""
        tables = (recording_members(self._folder, name) for name in self._names)
        place = self._folder.result / MEMBERSHIPS
        write_parquet_rows(tables, place, map_id=self.map.map_id)

    def write_words(self) -> None:
        """Write the words that clusters are named by, so that they can be named again."""
        if self._words is not None:
            said = self._folder.read(_STEP, "words")
            write_parquet(said, self._folder.result / NAMING_WORDS, map_id=self.map.map_id)

    def _fit(self) -> pd.DataFrame:
        import pandas as pd

        if self._fitted is not None:
            found = self._fitted(self._stream)
        else:
            found = fit_stream(self._stream, self._params, animals=self._animals)
        found.save(self._folder.path / MAP_FOLDER)
        self._map = found
        return pd.DataFrame({"cluster": found.fitted, "n_ranges": found.sizes})

    def _assign(self, recording: str) -> pd.DataFrame:
        return label_recording(self.map, self._stream, recording, members=_MEMBER)

    def _stability(self) -> pd.DataFrame:
        n = self._params.refits
        sample = sample_stream(self._stream, _STABILITY_ROWS, animals=self._animals)
        found = measure_stability(self.map, sample, seeds=n, subsamples=n, animals=self._animals)
        return found.to_table()

    def _say(self) -> pd.DataFrame:
        """Return the words that clusters are named by."""
        words = self._words
        if callable(words):
            rows = self.assignments()
            members = Intervals(rows[rows["cluster"] >= 0])
            words = words(members.merge(by=("cluster",)))
        return DESCRIPTIONS.empty() if words is None else DESCRIPTIONS.check(words)

    def _name(self) -> pd.DataFrame:
        said = None if self._words is None else self._folder.read(_STEP, "words")
        # The same rule that names are changed by later: no two places have two names for one.
        return MapView(self.map, self.assignments(), said).groups().clusters


def _part(recording: str) -> str:
    # A folder of its own, so that a recording may be called what it likes.
    return f"assigned/{recording_stem(recording)}"
