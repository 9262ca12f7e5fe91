from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_mousegpt.clusters import name_clusters
from napari_mousegpt.clusters.spoken import _unique
from napari_mousegpt.core.intervals import range_ids
from napari_mousegpt.core.tables import DESCRIPTIONS
from napari_mousegpt.errors import InputError


def assigned(
    clusters: list[int], *, size: int = 10, recording: str = "r", timed: bool = True
) -> pd.DataFrame:
    """Return windows of 10 frames at 20 per second, one cluster each."""
    start = np.arange(len(clusters)) * size
    table = pd.DataFrame(
        {
            "range_id": range_ids(
                [recording] * len(start), ["m"] * len(start), start, start + size
            ),
            "recording": recording,
            "individual": "m",
            "start": start,
            "stop": start + size,
            "cluster": clusters,
            "strength": 0.8,
        }
    )
    return table.assign(start_s=start / 20, stop_s=(start + size) / 20) if timed else table


def told(*rows: tuple[int, int, str, str], recording: str = "r") -> pd.DataFrame:
    """Return descriptions from (start, stop, label, keywords)."""
    table = pd.DataFrame(rows, columns=["start", "stop", "label", "keywords"])
    table = table.assign(recording=recording, individual="m")
    for column in DESCRIPTIONS.columns:
        if column.name not in table.columns and column.required:
            table[column.name] = 0.5 if column.kind == "float" else ""
    table["overall"] = [f"It is {label} from {start}." for start, _, label, _ in rows]
    return table


SCENE = assigned([0, 0, 1, 1, 0, 2, 2, -1])
WORDS = told(
    (0, 20, "walking", "walking;fast;straight"),
    (20, 40, "grooming", "grooming;still"),
    (40, 50, "walking", "walking;fast"),
    (50, 70, "walking", "walking;slow;turning left"),
    (70, 80, "rearing", "rearing;tall"),
)


def test_names_say_what_sets_a_cluster_apart() -> None:
    found = name_clusters(SCENE, WORDS)
    assert found["cluster"].tolist() == [0, 1, 2]
    assert found["name"].tolist() == [
        "walking, fast, straight",
        "grooming, still",
        "walking, slow, turning left",
    ]
    assert found["coverage"].tolist() == [1.0, 1.0, 1.0]
    assert "rearing" not in ";".join(found["keywords"])


def test_words_are_joined_by_frames_not_by_rows() -> None:
    found = name_clusters(SCENE, WORDS)
    mixed = WORDS.iloc[[3, 0, 4, 2, 1]].set_index(pd.Index([9, 9, 1, 0, 5]))
    again = name_clusters(SCENE.iloc[::-1], mixed)
    pd.testing.assert_frame_equal(again, found)
    other = name_clusters(SCENE, WORDS.assign(recording="elsewhere"))
    assert other["name"].tolist() == [f"unnamed behaviour {i}" for i in range(3)]
    assert other["coverage"].tolist() == [0.0, 0.0, 0.0]


def test_times_and_medoids() -> None:
    found = name_clusters(SCENE, WORDS).set_index("cluster")
    assert found["n_ranges"].tolist() == [3, 2, 2]
    assert found["n_bouts"].tolist() == [2, 1, 1]
    assert found["seconds"].tolist() == pytest.approx([1.5, 1.0, 1.0])
    assert found["median_bout_s"].tolist() == pytest.approx([0.75, 1.0, 1.0])
    assert found.loc[1, "medoid_start"] == 20
    assert found.loc[1, "sentence"] == "It is grooming from 20."
    ids = SCENE.set_index("range_id")["cluster"]
    assert [ids[key] for key in found["medoid_range_id"]] == [0, 1, 2]


def test_overlapping_windows_are_not_counted_twice() -> None:
    table = assigned([0, 0, 0, 0])
    table["start"], table["stop"] = [0, 5, 10, 15], [10, 15, 20, 25]
    table["start_s"], table["stop_s"] = table["start"] / 20, table["stop"] / 20
    found = name_clusters(table, told((0, 5, "walking", "")))
    assert found["seconds"].tolist() == pytest.approx([1.25])
    assert found["coverage"].tolist() == pytest.approx([0.2])


def test_windows_that_overlap_at_a_change_share_the_time() -> None:
    table = assigned([0, 1, 0, -1])
    table["start"], table["stop"] = [0, 5, 10, 15], [10, 15, 20, 25]
    table["start_s"], table["stop_s"] = table["start"] / 20, table["stop"] / 20
    found = name_clusters(table, WORDS)
    assert found["n_bouts"].tolist() == [2, 1]
    assert found["seconds"].tolist() == pytest.approx([12.5 / 20, 5 / 20])


def test_without_seconds_times_stay_open() -> None:
    found = name_clusters(assigned([0, 0, 1], timed=False), WORDS)
    assert found["seconds"].isna().all()
    assert found["n_bouts"].tolist() == [1, 1]


def test_names_are_unique() -> None:
    same = told(*[(start, start + 10, "walking", "walking") for start in range(0, 80, 10)])
    names = name_clusters(SCENE, same)["name"].tolist()
    assert names == ["walking", "walking (1)", "walking (2)"]
    apart = told((0, 20, "walking", ""), (20, 30, "walking", ""), (30, 40, "walking", "backwards"))
    names = name_clusters(assigned([0, 0, 1, 1]), apart)["name"].tolist()
    assert names == ["walking", "walking, backwards"]


def test_sentences_help_where_there_is_no_keyword() -> None:
    words = told((0, 20, "", ""), (20, 40, "", ""))
    words["overall"] = ["The mouse digs in the bedding.", "The animal licks its paw."]
    words["head"] = "not visible"
    found = name_clusters(assigned([0, 0, 1, 1]), words)
    assert found["name"].tolist() == ["digs bedding", "licks paw"]
    assert not {"mouse", "animal", "the", "visible"} & set(";".join(found["keywords"]).split(";"))


def test_a_rare_label_does_not_head_the_name() -> None:
    words = told((0, 10, "rearing", ""), (10, 40, "", "curled"), (40, 80, "walking", "walking"))
    found = name_clusters(assigned([0, 0, 0, 0, 1, 1, 1, 1]), words)
    assert found["name"].tolist() == ["curled", "walking"]


def test_no_words_at_all_and_no_clusters_at_all() -> None:
    nothing = told().astype({"start": int, "stop": int})
    assert name_clusters(SCENE, nothing)["name"].tolist() == [
        f"unnamed behaviour {i}" for i in range(3)
    ]
    assert name_clusters(SCENE, nothing)["sentence"].tolist() == ["", "", ""]
    assert len(name_clusters(SCENE.assign(cluster=-1), WORDS)) == 0


def test_a_table_without_its_columns() -> None:
    with pytest.raises(InputError, match="cluster assignments table: expected columns range_id"):
        name_clusters(SCENE.drop(columns="strength"), WORDS)
    with pytest.raises(InputError, match="found no overall"):
        name_clusters(SCENE, WORDS.drop(columns="overall"))


def test_a_side_is_named_only_where_it_holds() -> None:
    words = WORDS.copy()
    turns = words["keywords"].str.contains("turning left")
    assert turns.any()
    one = words.index[turns][0]
    mixed = pd.concat(
        [
            words,
            words.loc[[one]].assign(
                range_id="other side",
                keywords=words.loc[one, "keywords"].replace("turning left", "turning right"),
            ),
        ],
        ignore_index=True,
    )
    assert "turning left" in ";".join(name_clusters(SCENE, words)["name"])
    names = ";".join(name_clusters(SCENE, mixed)["name"])
    assert "turning" in names
    assert "left" not in names
    assert "right" not in names


def test_the_same_terms_in_another_order_are_no_other_name() -> None:
    clusters = np.array([0, 1])
    assert _unique(clusters, [["walking", "fast"], ["fast", "walking"]], [[], []]) == [
        "walking, fast",
        "fast, walking (1)",
    ]
    spares = [[], ["stretched"]]
    assert _unique(clusters, [["walking", "fast"], ["fast", "walking"]], spares) == [
        "walking, fast",
        "fast, walking, stretched",
    ]
