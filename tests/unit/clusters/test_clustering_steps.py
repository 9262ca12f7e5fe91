"""What the verb ``cluster`` leaves: the same in any order, of a table and of a stream."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from napari_mousegpt.clusters import (
    MEMBERSHIPS,
    ClusterMap,
    ClusterParams,
    Groups,
    Levels,
    MemoryStream,
    ParquetStream,
    at_level,
    cluster,
    iter_cluster,
)
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.parquet import read_parquet, write_parquet
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError, MismatchError

from .conftest import QUICK, Made, make

PARAMS = replace(QUICK, refits=1, micro_clusters=60, partitions=20)
DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="module")
def made() -> Made:
    """Fewer windows than elsewhere: they are clustered again and again here."""
    return make(weights=(5, 4, 3, 2, 1), windows=250)


@pytest.fixture(scope="module")
def done(made: Made, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Groups]:
    place = tmp_path_factory.mktemp("cluster") / "run"
    return place, cluster(made.vectors, params=PARAMS, out=place)


def test_result_holds_labels_memberships_and_stability(
    made: Made, done: tuple[Path, Groups]
) -> None:
    place, groups = done
    again = groups.map.apply(made.vectors)
    rows = groups.assignments
    assert rows["range_id"].tolist() == again["range_id"].tolist()
    assert rows["cluster"].tolist() == again["cluster"].tolist()
    assert rows["strength"].tolist() == again["strength"].tolist()
    shares = read_parquet(place / "result" / MEMBERSHIPS).set_index("range_id")
    shares = shares.loc[rows["range_id"]]
    assert list(shares.columns) == [f"in_{cluster}" for cluster in groups.map.clusters]
    # A row sums to its strength, and the largest share is that of its cluster.
    assert np.allclose(shares.sum(axis=1), rows["strength"], atol=1e-6)
    inside = rows["cluster"].to_numpy() >= 0
    most = shares.to_numpy().argmax(axis=1)
    assert (most[inside] == rows["cluster"].to_numpy()[inside]).all()
    table = pd.read_csv(place / "result" / "stability.csv")
    assert table["kind"].value_counts().to_dict() == {
        "cluster": len(groups.map),
        "seed": 1,
        "subsample": 1,
    }
    card = json.loads((place / "result" / "run_card.json").read_text())
    assert card["outcome"]["stability"] == groups.stability.sentence  # type: ignore[union-attr]
    assert set(card["outcome"]["stability_ari"]) == {"seed", "subsample"}


def test_order_of_rows_and_threads_change_nothing(
    made: Made, done: tuple[Path, Groups], tmp_path: Path
) -> None:
    place, groups = done
    order = np.random.default_rng(2).permutation(len(made.vectors))
    with threadpool_limits(limits=2):
        other = cluster(made.vectors[order], params=PARAMS, out=tmp_path / "other")
    assert other.map.map_id == groups.map.map_id
    mine = groups.assignments.set_index("range_id")
    theirs = other.assignments.set_index("range_id").loc[mine.index]
    pd.testing.assert_frame_equal(mine, theirs)
    pd.testing.assert_frame_equal(groups.clusters, other.clusters)
    for name in ("stability.csv", MEMBERSHIPS):
        one, two = (folder / "result" / name for folder in (place, tmp_path / "other"))
        if name.endswith(".csv"):
            assert one.read_text() == two.read_text()
        else:
            pd.testing.assert_frame_equal(read_parquet(one), read_parquet(two))


def test_files_are_clustered_as_what_is_in_memory(
    made: Made, done: tuple[Path, Groups], tmp_path: Path
) -> None:
    files = []
    for name in ("b", "a"):
        files.append(tmp_path / f"{name}.parquet")
        mine = made.vectors.intervals.recording == name
        write_parquet(made.vectors[mine].to_table(), files[-1])
    stream = ParquetStream(files)
    parts = list(iter_cluster(stream, params=PARAMS, out=tmp_path / "run"))
    assert [part.name for part in parts] == [
        "map",
        "assigned/a",
        "assigned/b",
        "stability",
        "names",
    ]
    assert ClusterMap.load(tmp_path / "run" / "result" / "map").map_id == done[1].map.map_id
    found = read_parquet(tmp_path / "run" / "result" / "assignments.parquet")
    pd.testing.assert_frame_equal(
        found.sort_values("range_id", ignore_index=True),
        done[1].assignments.sort_values("range_id", ignore_index=True),
    )
    # Once more: every part is found finished.
    again = list(iter_cluster(ParquetStream(files[::-1]), params=PARAMS, out=tmp_path / "run"))
    assert all(part.resumed for part in again)


def test_animals_share_a_fit_that_cannot_look_at_all(tmp_path: Path) -> None:
    many = make(recordings=("a1", "a2", "a3", "b"), windows=120)
    animals = {"a1": "a", "a2": "a", "a3": "a", "b": "b"}
    few = replace(QUICK, max_rows=200, refits=0, micro_clusters=40, partitions=10)
    by_animal = cluster(many.vectors, params=few, animals=animals, out=tmp_path / "animals")
    every = cluster(many.vectors, params=few, out=tmp_path / "none")
    by_recording = cluster(
        many.vectors,
        params=replace(few, balance="recordings"),
        animals=animals,
        out=tmp_path / "recordings",
    )
    assert by_recording.map.map_id == every.map.map_id != by_animal.map.map_id
    assert by_animal.stability is None
    assert not (tmp_path / "animals" / "result" / "stability.csv").exists()


def test_a_map_of_the_first_version_labels_as_it_always_did() -> None:
    found = ClusterMap.load(DATA / "map_version_1")
    card = json.loads((DATA / "map_version_1" / "map.json").read_text())
    assert (found.map_id, card["version"]) == (card["map_id"], 1)
    told = found.apply(_first_vectors())
    known = pd.read_csv(DATA / "labels_version_1.csv")
    for column in ("start", "cluster", "nearest"):
        assert told[column].tolist() == known[column].tolist()
    assert np.allclose(told["strength"], known["strength"], atol=1e-12)


def test_parameters_of_today_make_a_map_that_says_so(made: Made, tmp_path: Path) -> None:
    params = replace(QUICK, engine="density", bout_s=0.3)
    place = cluster(made.vectors, params=replace(params, refits=0), out=tmp_path / "run").map.save(
        tmp_path / "map"
    )
    assert json.loads((place / "map.json").read_text())["version"] == 2
    assert ClusterMap.load(place).params.engine == "density"


def test_levels_have_names_and_the_ids_of_record_stay(
    made: Made, done: tuple[Path, Groups]
) -> None:
    groups = done[1]
    levels = Levels(groups.map)
    coarse = at_level(groups, 2, levels=levels)
    assert len(coarse.table) == 2
    assert coarse.table["share"].sum() == pytest.approx(1)
    assert coarse.groups.assignments["cluster"].tolist() == groups.assignments["cluster"].tolist()
    assert set(coarse.ethogram().bouts.column("label")) == set(coarse.table["name"])
    held = [one for text in coarse.table["clusters"] for one in text.split(";")]
    assert sorted(map(int, held)) == list(range(len(groups.map)))
    with pytest.raises(InputError, match="the vectors, to split"):
        at_level(groups, levels.record + 1, levels=levels)
    if levels.most > levels.record:
        fine = at_level(groups, levels.record + 1, made.vectors, levels)
        assert len(fine.table) >= levels.record
        with pytest.raises(InputError, match="of them missing"):
            at_level(groups, levels.record + 1, made.vectors[:50], levels)


@pytest.mark.parametrize("missing", ["few", "constant", "nan", "mixed"])
def test_bad_input_is_said_and_leaves_no_result(made: Made, missing: str, tmp_path: Path) -> None:
    vectors, said, error = made.vectors[:8], "at least 10", InputError
    if missing in ("constant", "nan"):
        value = 1.0 if missing == "constant" else np.nan
        values = np.full(made.vectors.values.shape, value, dtype=np.float32)
        vectors = Vectors(made.vectors.intervals, values, made.vectors.names, "made", "1")
        said = "all constant or mostly missing"
    out = tmp_path / "run"
    if missing == "mixed":
        half = made.vectors[:250]
        other = Vectors(half.intervals, half.values, half.names, "another", "1")
        for name, one in (("a", other), ("b", made.vectors[250:])):
            write_parquet(one.to_table(), tmp_path / f"{name}.parquet")
        with pytest.raises(MismatchError, match="rows of one model"):
            ParquetStream([tmp_path / "a.parquet", tmp_path / "b.parquet"])
        return
    with pytest.raises(error, match=said):
        cluster(vectors, params=PARAMS, out=out)
    assert not (out / "result" / "clusters.csv").exists()
    # The folder is not spoiled: with other parameters it says what stands there.
    with pytest.raises(error, match=said):
        cluster(vectors, params=PARAMS, out=out)


def test_all_noise_is_kept_and_said(tmp_path: Path) -> None:
    cloud = make(recordings=("a",), behaviours=1, windows=300)
    never = ClusterParams(
        **{**vars(QUICK), "min_cluster_share": 0.5, "min_cluster_size": 30, "refits": 1}
    )
    with pytest.warns(UserWarning, match="every interval is noise"):
        noise = cluster(cloud.vectors, params=never, out=tmp_path / "noise")
    assert (noise.assignments["cluster"] == -1).all()
    assert len(noise.assignments) == 300
    assert len(noise.clusters) == 0
    card = json.loads((tmp_path / "noise" / "result" / "run_card.json").read_text())
    assert "every interval is noise" in card["outcome"]["cluster_notes"][0]
    assert (tmp_path / "noise" / "result" / MEMBERSHIPS).is_file()


def _first_vectors() -> Vectors:
    """Rows from arithmetic alone, as when the first map was made."""
    row = np.arange(240)
    places = np.asarray([[0, 0, 0, 0], [4, 0, 2, 0], [0, 5, 0, 1], [3, 3, -4, 2]], dtype=float)
    wiggle = np.stack([(row * k % 17 - 8) / 20 for k in (3, 5, 7, 11)], axis=1)
    start = row * 3
    seconds = {"start_s": start / 30, "stop_s": (start + 3) / 30}
    ranges = Intervals.build("old", start, start + 3, "m", **seconds)
    values = (places[(row // 12 * 7 % 5) % 4] + wiggle).astype(np.float32)
    return Vectors(ranges, values, ("a", "b", "c", "d"), "made", "1")


def test_a_stream_in_memory_is_taken(made: Made, done: tuple[Path, Groups], tmp_path: Path) -> None:
    found = cluster(MemoryStream(made.vectors), params=PARAMS, out=tmp_path / "run")
    assert found.map.map_id == done[1].map.map_id


def test_one_giant_cluster_is_said_in_the_run_card(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    start = np.arange(1200) * 100
    place = np.where(np.arange(1200)[:, None] % 40 == 0, 30.0, 0.0)
    values = (place + draw.normal(0, 0.3, (1200, 4))).astype(np.float32)
    vectors = Vectors(Intervals.build("r", start, start + 10), values, (), "made", "1")
    whole = replace(QUICK, engine="density", max_cluster_share=1.0, abstain_below=0.0, refits=0)
    with pytest.warns(UserWarning, match="one cluster holds"):
        cluster(vectors, params=whole, out=tmp_path / "run")
    card = json.loads((tmp_path / "run" / "result" / "run_card.json").read_text())
    assert "one cluster holds" in card["outcome"]["cluster_notes"][0]
