from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest

from napari_mousegpt.clusters import ClusterMap
from napari_mousegpt.clusters.cluster_name import ClusterName
from napari_mousegpt.clusters.edited import Edited
from napari_mousegpt.clusters.map_edits import MapEdit, Title
from napari_mousegpt.clusters.name_sheet import NameSheet, Said
from support.naming_worlds import assigned, said_by

TITLE = Title("trotting", "tiny 1", "cluster-title/1-ab", "cd", "2026-01-01T00:00:00+00:00")
ROWS = assigned([0, 0, 1, 1, -1, 2, 2, 0, 1, 2, 0, 1, 3])
SPOKEN = {0: ("walking", "walking;fast"), 1: ("grooming", "grooming")}
MEASURED = {0: ("moving", "moving"), 2: ("rearing", "rearing;raised")}


def sheet(found: ClusterMap, words: pd.DataFrame | None, *edits: MapEdit) -> list[ClusterName]:
    groups = {cluster: (cluster,) for cluster in range(5)}
    made = NameSheet(found, ROWS, Said(words), groups)
    return list(made.names(Edited.of(edits, "m")))


def edit(action: str, cluster: int, **more: object) -> MapEdit:
    return MapEdit.new(action, "m", "KM", groups=((cluster,),), **more)


@pytest.fixture(scope="module")
def words() -> pd.DataFrame:
    return pd.concat(
        [said_by(ROWS, SPOKEN), said_by(ROWS, MEASURED, model="kinematic/1")], ignore_index=True
    )


def test_words_come_before_rules_and_rules_before_nothing(
    found: ClusterMap, words: pd.DataFrame
) -> None:
    names = sheet(found, words)
    assert [(one.name, one.source) for one in names] == [
        ("walking, fast", "words"),
        ("grooming", "words"),
        ("rearing, raised", "kinematic"),
        ("unnamed behaviour 3", "none"),
        ("unnamed behaviour 4", "none"),
    ]
    assert names[2].sentence.startswith("It is rearing in r from")
    assert names[3].n_ranges == 1
    assert names[4].n_ranges == 0
    assert math.isnan(names[4].coverage)
    assert names[4].medoid is not None  # the one of the map


def test_the_name_of_a_person_wins_over_a_title_and_words(
    found: ClusterMap, words: pd.DataFrame
) -> None:
    title = edit("title", 0, title=TITLE)
    generated = sheet(found, words, title)[0]
    assert (generated.name, generated.source) == ("trotting (generated)", "generated")
    assert generated.title == TITLE
    for order in (
        (title, edit("name", 0, name="running")),
        (edit("name", 0, name="running"), title),
    ):
        own = sheet(found, words, *order)[0]
        assert (own.name, own.source, own.who) == ("running", "user", "KM")
        assert own.automatic == "walking, fast"
        assert own.title == TITLE


def test_an_automatic_name_gives_way_to_that_of_a_person(
    found: ClusterMap, words: pd.DataFrame
) -> None:
    names = sheet(found, words, edit("name", 2, name="Grooming"))
    assert [one.name for one in names[1:3]] == ["grooming (1)", "Grooming"]


def test_members_are_quoted_with_where_they_are(found: ClusterMap, words: pd.DataFrame) -> None:
    one = sheet(found, words)[0]
    assert one.medoid is not None
    assert len(one.quotes) == 2  # of three bouts one is the medoid's
    for quote in one.quotes:
        place = quote.place
        assert place.where == f"r m [{place.start}, {place.stop})"
        assert place.stop <= one.medoid.start or one.medoid.stop <= place.start
        inside = ROWS[(ROWS["start"] >= place.start) & (ROWS["stop"] <= place.stop)]
        assert set(inside["cluster"]) == {0}
        assert quote.sentence == f"It is walking in r from {place.start}."


def test_descriptions_without_words_do_not_count() -> None:
    empty = said_by(ROWS, {0: ("", "")}).assign(overall="")
    assert Said(empty).sources == ()
    assert Said(None).sources == ()
    carried = said_by(ROWS, SPOKEN).assign(words_source="rules")
    assert [source for source, _ in Said(carried).sources] == ["kinematic"]


def test_a_behaviour_that_was_accepted_under_a_name(found: ClusterMap) -> None:
    from napari_mousegpt.clusters.accepted import Accepted

    new = Accepted(4, "digging", found.micro[:3], 1.0, 9, ("r", "m", 0, 3))
    grown = replace(found, shares=found.shares[:, :4], accepted=(new,))
    one = sheet(grown, None)[4]
    assert (one.name, one.source) == ("digging", "user")
