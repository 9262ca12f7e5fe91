"""Names with where they are from: a person, a model of language, words, or measured movement.

The name of a person always wins. A title that a model wrote comes next, and is marked wherever it
is shown. Then what the words of the members say, and where there are no words, what the rules of
the kinematic describer say of the same frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.clusters.cluster_name import ClusterName, Place, Quote, Source, same_name
from napari_mousegpt.clusters.edited import Edited
from napari_mousegpt.clusters.map_edits import Group
from napari_mousegpt.clusters.measure_names import measured
from napari_mousegpt.clusters.members import bouts_of, typical_members
from napari_mousegpt.clusters.names import Called, cluster_times
from napari_mousegpt.clusters.spoken import Phrase, Spoken, best_sentences
from napari_mousegpt.clusters.typical import typical_rows
from napari_mousegpt.core.intervals import KEYS, Intervals

if TYPE_CHECKING:
    from napari_mousegpt.clusters.cluster_map import ClusterMap

__all__ = ["ClusterName", "NameSheet", "Said"]

#: Members that are quoted, and bouts that are looked through for them.
_QUOTES, _LOOKED_THROUGH = 3, 24
_RANK = {"user": 0, "generated": 1, "words": 2, "kinematic": 3, "none": 4}


class Said:
    """Descriptions, parted into what somebody said and what the rules of movement say.

    Parameters
    ----------
    words : DataFrame or None
        Descriptions of any describers; rows without words are left out.
    """

    def __init__(self, words: pd.DataFrame | None) -> None:
        if words is None or not len(words):
            self.spoken = self.kinematic = None
            return
        texts = words[["label", "overall", "keywords"]].fillna("").astype(str)
        told = texts.apply(lambda column: column.str.strip() != "").any(axis=1).to_numpy()
        by_rule = words["model"].astype(str).str.startswith("kinematic").to_numpy()
        if "words_source" in words.columns:
            by_rule = by_rule | (words["words_source"] == "rules").to_numpy()
        self.spoken = words[told & ~by_rule] if (told & ~by_rule).any() else None
        self.kinematic = words[told & by_rule] if (told & by_rule).any() else None

    @property
    def sources(self) -> tuple[tuple[Source, pd.DataFrame], ...]:
        """Each kind that there is, the better one first."""
        kinds: tuple[tuple[Source, pd.DataFrame | None], ...] = (
            ("words", self.spoken),
            ("kinematic", self.kinematic),
        )
        return tuple((source, table) for source, table in kinds if table is not None)


class NameSheet:
    """All that is known about the behaviours of a map without people.

    Parameters
    ----------
    found : ClusterMap
        Frozen map.
    rows : DataFrame
        Assignments, ``cluster`` being the id after all merges.
    said : Said
        Words of the same recordings.
    groups : dict of int to Group
        What each behaviour is made of, by id.
    delivered : mapping of int to Called
        Names that the map came with, in place of those from words.
    record : NameSheet, optional
        The same without merges: whatever is in no merge is called as there.
    """

    def __init__(
        self,
        found: ClusterMap,
        rows: pd.DataFrame,
        said: Said,
        groups: dict[int, Group],
        delivered: Mapping[int, Called] | None = None,
        record: NameSheet | None = None,
    ) -> None:
        self.bouts = bouts_of(rows)
        self.groups = groups
        kept: dict[int, ClusterName] = {}
        known: dict[Source, Spoken] = {}
        if record is not None:
            kept = {
                one.cluster: one for one in record._bare if groups.get(one.cluster) == one.members
            }
            known = dict(record._spoken)
        self._spoken: tuple[tuple[Source, Spoken], ...] = tuple(
            (source, Spoken(rows, words, known.get(source))) for source, words in said.sources
        )
        self._phrases: dict[Source, tuple[Phrase, ...]] = {}
        phrases: dict[int, tuple[Source, Phrase]] = {}
        for source, spoken in self._spoken:
            old = () if record is None else record._phrases[source]
            told = spoken.named([phrase for phrase in old if phrase.cluster in kept])
            self._phrases[source] = tuple(told)
            for phrase in told:
                if phrase.terms:
                    phrases.setdefault(phrase.cluster, (source, phrase))
        #: Share of the time of each behaviour that the first term of its words is said of.
        self.times_said = {one: phrase.time for one, (_, phrase) in phrases.items()}
        made = {one: group for one, group in groups.items() if one not in kept}
        medoids = _medoids(found, rows, made)
        mine = {one: phrases[one] for one in made if one in phrases}
        quotes = _quotes(self.bouts, said, mine, medoids)
        sentences = _sentences(said, mine, medoids)
        times = cluster_times(rows[rows["cluster"] >= 0]) if len(rows) else pd.DataFrame()
        silent = [group for cluster, group in made.items() if cluster not in phrases]
        moves = measured(found, silent)
        bare = dict(kept)
        for cluster, group in made.items():
            name = ClusterName(
                cluster, group, (text := f"unnamed behaviour {cluster}"), "none", text
            )
            if cluster in phrases:
                source, phrase = phrases[cluster]
                name = replace(
                    name,
                    name=phrase.name,
                    source=source,
                    automatic=phrase.name,
                    terms=phrase.terms,
                    held=phrase.held,
                    coverage=phrase.coverage,
                    described=phrase.described,
                    keywords=phrase.keywords,
                    sentence=sentences.get(cluster, ""),
                    quotes=quotes.get(cluster, ()),
                )
            elif group in moves:
                text = ", ".join(moves[group].terms)
                name = replace(
                    name,
                    name=text,
                    source="kinematic",
                    automatic=text,
                    keywords=moves[group].terms,
                    sentence=moves[group].sentence,
                )
            if group == (cluster,) and delivered and cluster in delivered:
                came = delivered[cluster]
                name = replace(
                    name,
                    name=came.name,
                    source=_source(came.source),
                    automatic=came.name,
                    keywords=tuple(filter(None, came.keywords.split(";"))),
                    sentence=came.sentence,
                )
            if cluster in times.index:
                name = replace(
                    name,
                    n_ranges=int(times["n_ranges"][cluster]),
                    n_bouts=int(times["n_bouts"][cluster]),
                    seconds=float(times["seconds"][cluster]),
                )
            bare[cluster] = replace(name, medoid=medoids.get(cluster))
        self._bare: tuple[ClusterName, ...] = tuple(bare[cluster] for cluster in sorted(bare))
        self._given = {one.cluster: one.name for one in found.accepted if one.name}

    def names(self, edited: Edited) -> tuple[ClusterName, ...]:
        """Return the behaviours by id, with what people and models call them."""
        listed = []
        for one in self._bare:
            own, kept = edited.name_of(one.members), edited.titles.get(one.members)
            title = None if kept is None else kept.title
            if own is not None:
                called = replace(one, name=own.name, source="user", who=own.who, when=own.when)
            elif title is not None:
                called = replace(one, name=title.marked, source="generated")
            elif one.members == (one.cluster,) and one.cluster in self._given:
                # So it was called when it was accepted into the map.
                called = replace(one, name=self._given[one.cluster], source="user")
            else:
                called = one
            listed.append(replace(called, title=title))
        return _unique(listed)

    def words_alike(self) -> NDArray[np.float64]:
        """Return how alike behaviours are in their words, shape (n, n); NaN without words."""
        ids = sorted(self.groups)
        found = np.full((len(ids),) * 2, np.nan)
        for _, spoken in self._spoken:
            at = {int(cluster): row for row, cluster in enumerate(spoken.clusters)}
            here = [row for row, one in enumerate(ids) if one in at]
            rows = [at[ids[row]] for row in here]
            old, new = found[np.ix_(here, here)], spoken.alike()[np.ix_(rows, rows)]
            found[np.ix_(here, here)] = np.where(np.isnan(old), new, old)
        return found


def _source(text: str) -> Source:
    """Return whose a delivered name is; that of a person is nobody's to refuse here."""
    known: dict[str, Source] = {"generated": "generated", "kinematic": "kinematic", "none": "none"}
    return known.get(text, "words")


def _medoids(found: ClusterMap, rows: pd.DataFrame, groups: dict[int, Group]) -> dict[int, Place]:
    """Return the typical interval of each behaviour, in these rows or else as the map says."""
    places = {one: Place(*at) for one, at in zip(found.fitted, found.medoids, strict=False)}
    places |= {one.cluster: Place(*one.medoid) for one in found.accepted}
    known = {cluster: places[cluster] for cluster in groups if cluster in places}
    best = typical_rows(rows) if len(rows) else {}
    table = rows[list(KEYS)].iloc[list(best.values())]
    for cluster, row in zip(best, table.itertuples(index=False), strict=True):
        recording, individual, start, stop = row
        known[cluster] = Place(str(recording), str(individual), int(start), int(stop))
    return known


def _quotes(
    bouts: pd.DataFrame,
    said: Said,
    phrases: dict[int, tuple[Source, Phrase]],
    medoids: dict[int, Place],
) -> dict[int, tuple[Quote, ...]]:
    typical = typical_members(bouts, _LOOKED_THROUGH)
    found: dict[int, tuple[Quote, ...]] = {}
    for source, words in said.sources:
        mine = [cluster for cluster, (whose, _) in phrases.items() if whose == source]
        table = typical[typical["cluster"].isin(mine)]
        sentences = best_sentences(Intervals(table[list(KEYS)].reset_index(drop=True)), words)
        for cluster, members in table.assign(sentence=sentences).groupby("cluster"):
            medoid = medoids[int(str(cluster))]
            found[int(str(cluster))] = _chosen_quotes(members, medoid)
    return found


def _chosen_quotes(members: pd.DataFrame, medoid: Place) -> tuple[Quote, ...]:
    """Take typical members that have words: first those that say something of their own."""
    own: list[Quote] = []
    again: list[Quote] = []
    texts: set[str] = set()
    for row in members.to_dict("records"):
        place = Place(row["recording"], row["individual"], int(row["start"]), int(row["stop"]))
        same = (place.recording, place.individual) == (medoid.recording, medoid.individual)
        if not row["sentence"] or (
            same and place.start < medoid.stop and medoid.start < place.stop
        ):
            continue
        (again if row["sentence"] in texts else own).append(Quote(place, row["sentence"]))
        texts.add(row["sentence"])
    return tuple([*own, *again][:_QUOTES])


def _sentences(
    said: Said, phrases: dict[int, tuple[Source, Phrase]], medoids: dict[int, Place]
) -> dict[int, str]:
    """Return what is said of the typical interval of each behaviour, by who named it."""
    found: dict[int, str] = {}
    for source, words in said.sources:
        mine = [one for one, (whose, _) in phrases.items() if whose == source and one in medoids]
        places = [medoids[one] for one in mine]
        here = words[words["recording"].isin({place.recording for place in places})]
        at = Intervals.build(
            [place.recording for place in places],
            [place.start for place in places],
            [place.stop for place in places],
            [place.individual for place in places],
        )
        found |= zip(mine, best_sentences(at, here), strict=True)
    return found


def _unique(names: Iterable[ClusterName]) -> tuple[ClusterName, ...]:
    """Let the names of people stand; whatever else is called the same gets its id behind it."""
    listed = list(names)
    taken: set[str] = set()
    result: dict[int, ClusterName] = {}
    for one in sorted(listed, key=lambda name: (_RANK[name.source], name.cluster)):
        name = one.name
        if same_name(name) in taken:
            name = f"{name} ({one.cluster})"
        taken.add(same_name(name))
        result[one.cluster] = one if name == one.name else replace(one, name=name)
    return tuple(result[one.cluster] for one in listed)
