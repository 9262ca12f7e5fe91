from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from napari_mousegpt.vectors import clip_cache
from napari_mousegpt.vectors.clip_cache import ClipCache, ClipVector


def vector(seed: int, actions: int = 3) -> ClipVector:
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=actions).astype(np.float32)
    return ClipVector(rng.normal(size=8).astype(np.float16), logits, bool(seed % 2))


@pytest.mark.parametrize("actions", [0, 3])
def test_clips_come_back_as_they_were(tmp_path: Path, actions: int) -> None:
    cache = ClipCache("key", tmp_path)
    spans = [("", 0, 8), ("Mäuschen", 4, 12)]
    for seed, span in enumerate(spans):
        cache.add(span, vector(seed, actions))
    assert not list(tmp_path.rglob("*.npz"))
    cache.flush()
    again = ClipCache("key", tmp_path)
    assert len(again) == 2
    for seed, span in enumerate(spans):
        assert span in again
        np.testing.assert_array_equal(again[span].features, vector(seed, actions).features)
        np.testing.assert_array_equal(again[span].logits, vector(seed, actions).logits)
        assert again[span].features.dtype == np.float16
        assert again[span].damaged is bool(seed % 2)
    assert len(ClipCache("other", tmp_path)) == 0


def test_many_clips_are_written_as_they_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_cache, "_PER_FILE", 3)
    cache = ClipCache("key", tmp_path)
    for start in range(7):
        cache.add(("", start, start + 8), vector(start))
    assert len(ClipCache("key", tmp_path)) == 6
    cache.flush()
    cache.flush()
    assert len(list(tmp_path.rglob("*.npz"))) == 3


def test_files_that_another_process_removes_are_no_error(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "gone.npz").symlink_to(tmp_path / "removed")  # listed, but not there
    cache = ClipCache("mine", tmp_path)
    cache.add(("", 0, 8), vector(1))
    cache.flush()
    assert len(ClipCache("mine", tmp_path)) == 1


def test_the_oldest_sets_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for age, key in enumerate(("new", "old", "older")):
        cache = ClipCache(key, tmp_path)
        cache.add(("", 0, 8), vector(age))
        cache.flush()
        for path in (tmp_path / key).iterdir():
            os.utime(path, (1e9 - age, 1e9 - age))
    size = sum(path.stat().st_size for path in (tmp_path / "new").iterdir())
    monkeypatch.setattr(clip_cache, "_MOST_BYTES", 2.5 * size)
    cache = ClipCache("now", tmp_path)
    cache.add(("", 0, 8), vector(9))
    cache.flush()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "now"]
