from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from napari_mousegpt._napari.label_layer import label_layer
from napari_mousegpt._napari.writers import write_boris, write_bouts
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import InputError, StorageError
from napari_mousegpt.io.boris import read_boris
from napari_mousegpt.io.labels import read_bouts


@pytest.fixture
def labels(recording: Recording, ethogram: Ethogram) -> tuple[Any, dict[str, Any]]:
    data, attributes, _ = label_layer(ethogram, recording)
    return data, attributes


@pytest.mark.parametrize("suffix", [".bouts.csv", ".bouts.tsv", ".parquet"])
def test_all_bouts_are_written_not_only_the_window(
    tmp_path: Path, labels: Any, ethogram: Ethogram, suffix: str
) -> None:
    path = tmp_path / f"m1{suffix}"
    assert write_bouts(str(path), *labels) == [str(path)]
    again = read_bouts(path)
    assert len(again) == len(ethogram) == 3
    assert list(again.bouts.stop) == list(ethogram.bouts.stop)
    assert set(again.bouts.column("bout_id")) == set(ethogram.bouts.column("bout_id"))


def test_seconds_stand_beside_the_frames(tmp_path: Path, labels: Any) -> None:
    path = tmp_path / "m1.bouts.csv"
    write_bouts(path, *labels)
    table = pd.read_csv(path)
    assert table["stop_s"].tolist() == pytest.approx((table["stop"] / 30).tolist())


def test_boris_gets_its_events(tmp_path: Path, labels: Any, recording: Recording) -> None:
    path = tmp_path / "m1.boris.csv"
    assert write_boris(str(path), *labels) == [str(path)]
    again = read_boris(path, recording.timebase)
    assert sorted(again.labels) == ["still", "walking"]
    assert sorted(zip(again.bouts.start, again.bouts.stop, strict=True)) == [(0, 400), (300, 1000)]


def test_other_points_are_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "points.bouts.csv"
    with pytest.raises(InputError, match=r"layer 'my points': expected labels or clusters"):
        write_bouts(path, np.zeros((2, 3)), {"name": "my points", "metadata": {}})
    assert not path.exists()


def test_a_folder_that_is_not_there_loses_nothing(tmp_path: Path, labels: Any) -> None:
    with pytest.raises(StorageError, match="make it first"):
        write_bouts(tmp_path / "none" / "m1.parquet", *labels)
    assert list(tmp_path.iterdir()) == []
