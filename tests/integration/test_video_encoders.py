"""A tiny encoder that was taught, from files on disk through verbs and command line to clusters."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import napari_mousegpt as mg
from napari_mousegpt.cli.main import main
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.parquet import read_parquet
from napari_mousegpt.core.provenance import RunCard
from napari_mousegpt.errors import DependencyError, InputError, OutputExistsError
from napari_mousegpt.models import device as device_room
from napari_mousegpt.models import needs
from napari_mousegpt.models.encoders import VideoEncoder
from napari_mousegpt.models.engine import Cancelled
from napari_mousegpt.runs import RunParams, load_run
from napari_mousegpt.vectors import Projected, ProjectParams, VideoParams, find_encoder
from support.encoder_fixtures import one_thread, parade, taught
from support.tiny_encoders import FRAMES, MOTIONS, tiny_encoder

__all__ = ["one_thread", "taught"]

#: Which way the figure of the film goes, second by second.
WAYS = [MOTIONS[number // 2 % 2] for number in range(16)]
SECOND = VideoParams(stride_s=1 / FRAMES)


@pytest.fixture(autouse=True)
def _empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NAPARI_MOUSEGPT_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return parade(tmp_path_factory.mktemp("films") / "parade.mp4", WAYS)


@pytest.fixture
def walk(film: Path) -> Iterator[mg.Recording]:
    opened = mg.open_recording(film)
    yield opened
    opened.video.close()  # type: ignore[union-attr]


@pytest.fixture
def field(example_data: Path) -> Iterator[mg.Recording]:
    opened = mg.open_recording(example_data / "openfield.mp4", example_data / "openfield.csv")
    yield opened
    opened.video.close()  # type: ignore[union-attr]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How often an encoder was loaded, and how many clips it saw."""
    counts = {"loaded": 0, "clips": 0}
    load, encode = VideoEncoder.load.__func__, VideoEncoder.encode  # type: ignore[attr-defined]

    def loading(cls: Any, *args: Any, **kwargs: Any) -> VideoEncoder:
        counts["loaded"] += 1
        return load(cls, *args, **kwargs)  # type: ignore[no-any-return]

    def encoding(self: VideoEncoder, clips: Any) -> Any:
        counts["clips"] += len(clips)
        return encode(self, clips)

    monkeypatch.setattr(VideoEncoder, "load", classmethod(loading))
    monkeypatch.setattr(VideoEncoder, "encode", encoding)
    return counts


def card_of(out: Path) -> RunCard:
    return RunCard.from_json((out / "result" / "run_card.json").read_text(encoding="utf-8"))


def said(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_the_command_project_tells_motions_of_a_film_apart(
    taught: Path, film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["project", film, "--encoder", taught, "--window", "1s", "--stride", 1 / FRAMES]
    code, text, _ = said(capsys, *words, "-o", out, "-q", "--json")
    assert code == 0
    facts = json.loads(text)
    assert set(facts["actions"]) == set(MOTIONS)
    table = read_parquet(out / "result" / "vectors.parquet")
    assert {table[name].dtype for name in table if name.startswith("v_")} == {np.dtype("float16")}
    found = Projected.from_table(table)
    assert found.probabilities is not None
    seen = [MOTIONS[at] for at in found.probabilities.argmax(axis=1)]
    assert sum(a == b for a, b in zip(seen, WAYS, strict=True)) >= 15
    card = card_of(out)
    assert card.inputs["encoder"].startswith("blake2b-weights:")
    assert card.inputs["encoder"].endswith("float32")
    assert card.models["encoder"] == taught.name
    assert "ask its publisher" in card.models["encoder_licence"]
    assert card.models["encoder_device"].startswith("cpu")
    assert card.models["encoder_revision"] in card.inputs["encoder"]
    assert "never tried" in card.models["encoder_trust"]
    assert card.params["video"]["stride_s"] == 1 / FRAMES


def test_other_weights_at_the_same_place_are_another_run(
    taught: Path, walk: mg.Recording, tmp_path: Path, counted: dict[str, int]
) -> None:
    weights = shutil.copytree(taught, tmp_path / "weights")
    params = ProjectParams(str(weights), video=SECOND)
    first = mg.project(walk, params=params, out=tmp_path / "out")
    assert counted["loaded"] == 1
    again = mg.project(walk, params=params, out=tmp_path / "out")
    # What is finished needs no model.
    assert counted["loaded"] == 1
    assert (again.values == first.values).all()
    shutil.rmtree(weights)
    tiny_encoder("swin3d", weights)
    with pytest.raises(OutputExistsError, match="input encoder differs"):
        mg.project(walk, params=params, out=tmp_path / "out")
    other = mg.project(walk, params=params)
    assert other.revision != first.revision


def test_windows_are_as_long_as_a_clip_unless_others_are_asked_for(
    taught: Path, walk: mg.Recording
) -> None:
    asked = Intervals.build(walk.id, [0, 24], [24, 48])
    given = mg.project(walk, asked, ProjectParams(str(taught), video=SECOND))
    assert given.intervals.start.tolist() == [0, 24]
    own = mg.project(walk, params=ProjectParams(str(taught), video=SECOND))
    assert set(own.intervals.length) == {24}
    assert own.intervals.start.tolist()[:3] == [0, 12, 24]
    wide = VideoParams(stride_s=1 / FRAMES, step_s=2)
    far = mg.project(walk, params=ProjectParams(str(taught), video=wide))
    assert far.intervals.start.tolist()[:3] == [0, 48, 96]


def test_a_run_on_the_real_open_field_gives_clusters_and_actions(
    taught: Path,
    example_data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    field: mg.Recording,
    counted: dict[str, int],
) -> None:
    out = tmp_path / "out"
    words = ["run", example_data / "openfield.mp4", "--pose", example_data / "openfield.csv"]
    words += ["--encoder", str(taught), "--device", "cpu", "--every", "0.5"]
    code, text, _ = said(capsys, *words, "--estimate")
    assert code == 0
    assert "swin3d" in text
    assert "Licence: not stated" in text
    assert "It runs on cpu" in text
    assert "a short probe" in text
    counted.update(loaded=0, clips=0)
    code, text, _ = said(capsys, *words, "-q", "-o", out)
    assert code == 0
    assert counted["loaded"] == 1
    result = load_run(out, field)
    assert result.groups is not None
    assert len(result.groups.clusters) > 1
    assert result.groups.map.model == taught.name
    assert result.projected is not None
    assert result.projected.actions == MOTIONS
    assert len(result.projected) == len(result.groups.assignments) == counted["clips"]
    starts = result.vectors.intervals.start
    assert set(np.diff(starts)) == {15}
    # They lie on the recording like any other, and lead to its frames.
    bouts = result.ethogram.bouts.select(source="cluster")
    assert set(bouts.column("label")) <= set(result.groups.clusters["name"])
    assert result.card.models["encoder"] == taught.name
    assert result.card.inputs["encoder"]


@pytest.mark.slow
def test_a_study_loads_the_encoder_once(
    taught: Path, film: Path, tmp_path: Path, counted: dict[str, int]
) -> None:
    second = parade(tmp_path / "second.mp4", [*reversed(WAYS)])
    table = tmp_path / "study.csv"
    table.write_text(f"recording,animal,video\na,m1,{film}\nb,m2,{second}\n")
    params = RunParams(
        make="clusters", encoder=str(taught), video=VideoParams(stride_s=1 / FRAMES, step_s=0.25)
    )
    result = mg.run_study(mg.load_study(table), tmp_path / "all", params)
    assert result.failures == {}
    assert counted["loaded"] == 1
    assert result.clusters is not None
    one, two = result.load("a"), result.load("b")
    assert one.groups is not None
    assert two.groups is not None
    assert one.groups.map.map_id == two.groups.map.map_id
    shutil.rmtree(tmp_path / "all" / "clusters")
    counted["clips"] = 0
    mg.run_study(mg.load_study(table), tmp_path / "all", params)
    assert counted == {"loaded": 1, "clips": 0}


def test_a_run_stops_within_a_part_and_loses_nothing(
    taught: Path, walk: mg.Recording, tmp_path: Path, counted: dict[str, int]
) -> None:
    params = ProjectParams(str(taught), video=VideoParams(stride_s=1 / FRAMES, batch=2))
    total = 2 * len(WAYS) - 1

    def enough() -> bool:
        return counted["clips"] >= 4

    with pytest.raises(Cancelled):
        list(mg.iter_project(walk, None, params, out=tmp_path / "out", cancelled=enough))
    begun = counted["clips"]
    assert 4 <= begun < total / 2
    found = mg.project(walk, None, params, out=tmp_path / "out")
    assert len(found) == counted["clips"] == total


def _without_agreement(_: pytest.MonkeyPatch, __: Path) -> tuple[list[str], str]:
    return ["swin3d-b"], "Agree with: napari-mousegpt models agree swin3d-b"


def _no_such_model(_: pytest.MonkeyPatch, __: Path) -> tuple[list[str], str]:
    return ["swin3d-x"], "Did you mean"


def _torchvision_is_missing(monkeypatch: pytest.MonkeyPatch, taught: Path) -> tuple[list[str], str]:
    monkeypatch.setattr(needs, "torchvision_problem", lambda: "torchvision is not installed")
    return [str(taught)], "torchvision is not installed"


def _no_card(monkeypatch: pytest.MonkeyPatch, taught: Path) -> tuple[list[str], str]:
    only = device_room.Device("cpu", "cpu", 16 * 10**9, ("float32",))
    monkeypatch.setattr(device_room, "devices", lambda: (only,))
    return [str(taught), "--device", "cuda"], "expected a device of this machine, found cpu"


def _numbers_it_lacks(monkeypatch: pytest.MonkeyPatch, taught: Path) -> tuple[list[str], str]:
    only = device_room.Device("cpu", "cpu", 16 * 10**9, ("float32",))
    monkeypatch.setattr(device_room, "devices", lambda: (only,))
    return [str(taught), "--dtype", "float16"], "or one that cpu, 16 GB calculates in: float32"


@pytest.mark.parametrize("verb", ["project", "run"])
@pytest.mark.parametrize(
    "case",
    [_without_agreement, _no_such_model, _torchvision_is_missing, _no_card, _numbers_it_lacks],
)
def test_what_cannot_be_used_is_told_in_a_sentence(
    case: Callable[[pytest.MonkeyPatch, Path], tuple[list[str], str]],
    verb: str,
    taught: Path,
    film: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words, sentence = case(monkeypatch, taught)
    code, _, told = said(capsys, verb, film, "--encoder", *words, "-o", tmp_path / "out")
    assert code == 2
    assert sentence in told
    assert "Traceback" not in told
    assert not (tmp_path / "out").exists()


def test_a_pose_alone_cannot_be_seen(taught: Path, example_data: Path) -> None:
    blind = mg.open_recording(None, example_data / "openfield.csv", fps=30)
    with pytest.raises(InputError, match="expected a video for the encoder"):
        mg.project(blind, params=ProjectParams(str(taught)))
    with pytest.raises(InputError, match="expected a video for the encoder"):
        mg.run(blind, params=RunParams(make="clusters", encoder=str(taught)))


def test_words_alone_need_no_encoder(field: mg.Recording) -> None:
    params = RunParams(make="words", encoder="swin3d-b")
    assert len(mg.run(field, params=params).descriptions)
    with pytest.raises(InputError, match="expected 'kinematic', a preset, a folder"):
        RunParams(encoder=" ")


@pytest.mark.slow
def test_what_was_measured_for_words_is_not_measured_again_for_an_encoder(
    taught: Path, walk: mg.Recording, counted: dict[str, int]
) -> None:
    mg.run(walk, params=RunParams(make="words"))
    parts = list(mg.iter_run(walk, params=RunParams(encoder=str(taught), video=SECOND)))
    assert {part.resumed for part in parts if part.step == "features"} == {True}
    assert counted["clips"] == 2 * len(WAYS) - 1


def test_a_missing_library_is_for_the_user_to_mend() -> None:
    assert DependencyError("torch").exit_code == 2


def test_the_table_keeps_what_cannot_be_seen_of_vectors(taught: Path, walk: mg.Recording) -> None:
    parts = list(mg.iter_project(walk, None, ProjectParams(str(taught), ranges_per_part=10)))
    assert [len(part.table) for part in parts[:2]] == [10, 10]
    assert (ProjectParams().part_size, ProjectParams("swin3d-t").part_size) == (20_000, 500)
    whole = Projected.concat([Projected.from_table(part.table) for part in parts])
    assert whole.actions == MOTIONS
    assert whole.probabilities is not None
    assert np.allclose(whole.probabilities.sum(axis=1), 1, atol=1e-5)
    assert (whole.clips == 1).all()
    assert not whole.damaged.any()
    assert whole.vectors.model == find_encoder(str(taught)).weights.name
    pd.testing.assert_frame_equal(
        Projected.from_table(whole.to_table()).to_table(), whole.to_table()
    )
