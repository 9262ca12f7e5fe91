"""A published map: whole, readable without pickles, discreet, and honest about what is broken."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_mousegpt.clusters import ClusterMap, fit
from napari_mousegpt.clusters.published import inspect_map, is_published, load_published
from napari_mousegpt.clusters.published_files import FILES, MANIFEST
from napari_mousegpt.clusters.publishing import About, publish
from napari_mousegpt.clusters.streams import MemoryStream
from napari_mousegpt.core.provenance import digest
from napari_mousegpt.errors import (
    FormatError,
    InputError,
    MismatchError,
    OutputExistsError,
    StorageError,
)

from .conftest import QUICK, Made, make

ABOUT = About("Mice of the tests", ("A. Person", "B. Person"), "CC-BY-4.0", "Person 2026")


@pytest.fixture(scope="module")
def lab() -> Made:
    """Four recordings with names that nobody else should read."""
    return make(recordings=("secret1", "secret2", "secret3", "secret4"), windows=300)


@pytest.fixture(scope="module")
def fitted(lab: Made) -> ClusterMap:
    return fit(lab.vectors, QUICK)


@pytest.fixture(scope="module")
def original(fitted: ClusterMap, lab: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = pd.DataFrame({"cluster": [0], "name": ["tail chase"], "keywords": ["fast;turning"]})
    return publish(fitted, lab.vectors, tmp_path_factory.mktemp("pub") / "map", ABOUT, names)


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    import shutil

    return Path(shutil.copytree(original, tmp_path / "copy"))


def test_every_file_is_there_and_explained(original: Path) -> None:
    assert {path.name for path in original.iterdir()} == FILES
    text = (original / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in FILES)
    assert "tail chase" in text
    assert "CC-BY-4.0" in text


def test_it_labels_as_the_map_of_record(original: Path, fitted: ClusterMap, lab: Made) -> None:
    found = load_published(original)
    pd.testing.assert_frame_equal(found.map.apply(lab.vectors), fitted.apply(lab.vectors))
    assert found.map.map_id == fitted.map_id
    assert ClusterMap.load(original).map_id == fitted.map_id
    assert found.names[0] == "tail chase"
    assert found.names[1] == "unnamed behaviour 1"


def test_no_names_and_no_paths(original: Path, fitted: ClusterMap, tmp_path: Path) -> None:
    content = b"".join(path.read_bytes() for path in original.iterdir())
    assert b"secret" not in content
    assert str(tmp_path.parents[1]).encode() not in content
    medoid = load_published(original).behaviours[0]["medoid"]
    assert medoid["recording"] == f"recording-{digest(fitted.medoids[0][0])}"
    assert [medoid["start"], medoid["stop"]] == list(fitted.medoids[0][2:])


def test_names_when_asked_for(fitted: ClusterMap, lab: Made, tmp_path: Path) -> None:
    named = publish(fitted, lab.vectors, tmp_path / "named", ABOUT, named=True)
    assert load_published(named).map.medoids == fitted.medoids
    assert set(load_published(named).usage["recording"]) == set(lab.vectors.intervals.recording)


def test_no_pickles(original: Path) -> None:
    for path in original.glob("*.npz"):
        with np.load(path, allow_pickle=False) as arrays:
            assert all(arrays[name].dtype != object for name in arrays.files)


def test_reference_and_centroids_are_those_of_the_recordings(
    original: Path, fitted: ClusterMap, lab: Made
) -> None:
    found = load_published(original)
    values = lab.vectors.values.astype(np.float64)
    np.testing.assert_allclose(found.reference.mean, values.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(found.reference.quantiles[50], np.median(values, axis=0), atol=1e-6)
    cluster = fitted.apply(lab.vectors)["cluster"].to_numpy()
    np.testing.assert_allclose(
        found.centroids["features"][2], values[cluster == 2].mean(axis=0), atol=1e-6
    )
    assert found.usage["share_0"].mean() == pytest.approx((cluster == 0).mean())


def test_inspect_tells_what_it_is(original: Path, lab: Made) -> None:
    found = inspect_map(original, MemoryStream(lab.vectors))
    assert found.problems == []
    text = "\n".join(found.lines)
    assert "Mice of the tests" in text
    assert "0  tail chase  (fast, turning)" in text
    assert "7 files whole" in text


@pytest.mark.parametrize("name", sorted(FILES - {MANIFEST}))
def test_one_changed_byte_is_found(folder: Path, name: str) -> None:
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(bytes(data))
    assert f"{name} is damaged" in inspect_map(folder).problems[0]
    with pytest.raises(FormatError, match=f"{name} is damaged or was changed"):
        load_published(folder)


def test_a_missing_file(folder: Path) -> None:
    (folder / "reference.npz").unlink()
    assert inspect_map(folder).problems[0] == "reference.npz is missing"
    with pytest.raises(FormatError, match=r"reference.npz is missing\. Ask for a new copy"):
        load_published(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 9}, r"found version 9\. Update napari-mousegpt"),
        ({"kind": "x"}, "found another file"),
        ({"map_id": "0"}, "found another checksum"),
    ],
)
def test_a_changed_manifest(folder: Path, change: dict[str, object], message: str) -> None:
    body = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    (folder / MANIFEST).write_text(json.dumps({**body, **change}), encoding="utf-8")
    with pytest.raises(FormatError, match=message):
        load_published(folder)
    assert inspect_map(folder).problems


def test_an_empty_folder_and_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found an empty folder"):
        inspect_map(tmp_path)
    with pytest.raises(InputError, match="found no such folder"):
        load_published(tmp_path / "none")
    assert not is_published(tmp_path)


def test_vectors_of_another_model_or_feature_set(original: Path, lab: Made) -> None:
    other = replace(lab.vectors, model="clip-b32")
    told = inspect_map(original, MemoryStream(other)).problems
    assert "expected model made 1, found clip-b32 1" in told[0]
    few = replace(lab.vectors, values=lab.vectors.values[:, :5], names=lab.vectors.names[:5])
    told = inspect_map(original, MemoryStream(few)).problems
    assert "expected the 12 of this cluster map, found 5, without n5" in told[0]


def test_nothing_stays_when_it_fails(
    fitted: ClusterMap, lab: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("napari_mousegpt.clusters.publishing.write_parquet", full)
    with pytest.raises(StorageError, match="The disk is full"):
        publish(fitted, lab.vectors, tmp_path / "out", ABOUT)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_replaced(fitted: ClusterMap, lab: Made, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.warns(UserWarning, match="no cluster was found"):
        empty = fit(lab.vectors, replace(QUICK, min_cluster_share=0.5))
    with pytest.raises(InputError, match="expected behaviours, found none"):
        publish(empty, lab.vectors, tmp_path / "empty", ABOUT)
    with pytest.raises(OutputExistsError, match="a published map is never changed"):
        publish(fitted, lab.vectors, tmp_path, ABOUT)
    strange = pd.DataFrame({"cluster": [77], "name": ["x"]})
    with pytest.raises(MismatchError, match="cluster 77"):
        publish(fitted, lab.vectors, tmp_path / "new", ABOUT, strange)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.txt"]


@pytest.mark.parametrize("field", ["title", "authors", "licence"])
def test_what_others_need_to_know(field: str) -> None:
    with pytest.raises(InputError, match=field):
        replace(ABOUT, **{field: ()})  # type: ignore[arg-type]


def test_an_unpublished_map(fitted: ClusterMap, tmp_path: Path) -> None:
    place = fitted.save(tmp_path / "plain")
    told = inspect_map(place)
    assert "not published" in told.lines[0]
    (place / "arrays.npz").write_bytes(b"")
    assert "undamaged" in inspect_map(place).problems[0]
