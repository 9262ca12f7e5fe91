"""The command ``cluster``: spaces, weights, animals, levels, and what it refuses."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest

from napari_mousegpt.cli.main import main
from napari_mousegpt.clusters import ClusterMap
from napari_mousegpt.core.parquet import read_parquet, write_parquet
from napari_mousegpt.core.tables import DESCRIPTIONS
from napari_mousegpt.core.vectors import Vectors
from support.novelty_worlds import make

SAID = ("rears", "walks", "grooms", "sits")
HOW = ("slowly", "briefly", "calmly", "eagerly", "again", "alone", "first", "twice")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Vectors of two recordings, and sentences for the same stretches."""
    folder = tmp_path_factory.mktemp("files")
    vectors, truth = make("r", 2, (0, 1, 2, 3), windows=150, seed=1)
    table = vectors.to_table()
    write_parquet(table.assign(model="kinematic"), folder / "vectors.parquet")
    other = Vectors(vectors.intervals, vectors.values, vectors.names, "another", "1")
    write_parquet(other.to_table(), folder / "other.parquet")
    names = [SAID[int(one) % 4] for one in truth]
    rows = table[["range_id", "recording", "individual", "start", "stop"]].assign(
        label=names,
        overall=[f"The mouse {name} {HOW[row % 8]}." for row, name in enumerate(names)],
        confidence=0.9,
    )
    for column in DESCRIPTIONS.needed:
        if column not in rows:
            rows[column] = ""
    write_parquet(DESCRIPTIONS.check(rows), folder / "descriptions.parquet")
    recordings = sorted(set(table["recording"]))
    study = pd.DataFrame({"recording": recordings, "animal": ["m1", "m2"]})
    study.assign(video="none.mp4").to_csv(folder / "study.csv", index=False)
    return folder


def test_levels_and_stability_are_told_and_kept(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["cluster", str(files / "vectors.parquet"), "-o", str(tmp_path / "run"), "-q"]
    assert main([*words, "--refits", "1", "--level", "2"]) == 0
    told = capsys.readouterr().out
    assert "Stability: ARI" in told
    assert "At 2 groups" in told
    result = tmp_path / "run" / "result"
    before = (result / "map" / "map.json").stat().st_mtime_ns
    # Another level of the same map: nothing is fitted again.
    assert main([*words, "--refits", "1", "--level", "1", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert [row["share"] for row in facts["level"]] == [1.0]
    assert set(facts["stability"]) == {"seed", "subsample"}
    assert (result / "map" / "map.json").stat().st_mtime_ns == before
    assert {"level_1.csv", "level_2_groups.csv", "stability.csv"} <= {
        path.name for path in result.iterdir()
    }
    assert main([*words, "--refits", "1", "--level", "900"]) == 2
    assert "900 groups: expected 1 to" in capsys.readouterr().err


def test_words_are_clustered_and_fused(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = str(files / "descriptions.parquet")
    out = ["--refits", "0", "-q", "-o"]
    assert main(["cluster", said, *out, str(tmp_path / "words")]) == 0
    rows = read_parquet(tmp_path / "words" / "result" / "assignments.parquet")
    labels = read_parquet(files / "descriptions.parquet").set_index("range_id")["label"]
    # No cluster mixes two things that are said.
    pairs = {(int(c), labels[r]) for c, r in zip(rows["cluster"], rows["range_id"], strict=True)}
    inside = [cluster for cluster, _ in pairs if cluster >= 0]
    assert len(set(inside)) == len(inside) >= 4
    fuse = ["--fuse", f"words={said}", "--weights", "kinematic=0.6,words=0.4"]
    vectors = str(files / "vectors.parquet")
    assert main(["cluster", vectors, *fuse, *out, str(tmp_path / "fused")]) == 0
    found = ClusterMap.load(tmp_path / "fused" / "result" / "map")
    assert found.params.weights == (("kinematic", 0.6), ("words", 0.4))
    assert any(name.startswith("words:") for name in found.names)
    capsys.readouterr()


def test_animals_come_from_the_study(files: Path, tmp_path: Path) -> None:
    words = ["cluster", str(files / "vectors.parquet"), "--refits", "0", "-q"]
    study = ["--study", str(files / "study.csv")]
    assert main([*words, *study, "-o", str(tmp_path / "run")]) == 0
    plan = json.loads((tmp_path / "run" / "plan.json").read_text())
    assert plan["inputs"]["animals"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["vectors", "--weights", "kinematic=0.5,words=0.5"], "--weights"),
        (["vectors", "--fuse", "words=WORDS"], "a share for each of kinematic, words"),
        (["vectors", "--fuse", "kinematic=WORDS", "--weights", "kinematic=1"], "another space"),
        (["vectors", "--fuse", "video=VECTORS", "--weights", "a=1"], "other vectors than those of"),
        (["vectors", "--fuse", "words=VECTORS", "--weights", "a=1"], "other vectors than those of"),
        (["vectors", "--weights", "kinematic"], "SPACE=SHARE"),
        (["vectors", "--weights", "kinematic=much"], "SPACE=SHARE"),
        (["vectors", "other"], "rows of one model and revision"),
        (["vectors", "descriptions"], "descriptions, as the other paths are"),
        (["vectors", "--min-cluster-share", "0.9"], "min_cluster_share=0.9"),
        (["vectors", "--refits", "-1"], "refits=-1"),
        (["gone"], "no such file"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    files: Path,
    words: list[str],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = {one: str(files / f"{one}.parquet") for one in ("vectors", "other", "descriptions")}
    given = [names.get(one, one) for one in words]
    for kind, name in (("WORDS", "descriptions"), ("VECTORS", "vectors")):
        given = [one.replace(kind, names[name]) for one in given]
    out = tmp_path / "run"
    assert main(["cluster", *given, "-o", str(out), "-q"]) == 2
    told, err = capsys.readouterr()
    assert said in err, err
    assert not told
    assert not out.exists()


def test_too_few_windows_are_a_sentence(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = read_parquet(files / "vectors.parquet").iloc[:6]
    write_parquet(few, tmp_path / "few.parquet")
    assert main(["cluster", str(tmp_path / "few.parquet"), "-o", str(tmp_path / "o"), "-q"]) == 2
    assert "expected at least 10" in capsys.readouterr().err


def test_a_run_is_named_by_its_own_words(files: Path, tmp_path: Path) -> None:
    result = tmp_path / "made" / "result"
    result.mkdir(parents=True)
    for name in ("vectors", "descriptions"):
        shutil.copy(files / f"{name}.parquet", result)
    words = ["cluster", str(tmp_path / "made"), "-q", "--refits", "0", "-o"]
    assert main([*words, str(tmp_path / "a")]) == 0
    named = pd.read_csv(tmp_path / "a" / "result" / "clusters.csv")["name"]
    assert set(named.str.split(",").str[0]) & {"rear", "rears", "walks", "grooms", "sits"}
    assert main([*words, str(tmp_path / "b"), "--words"]) == 0
    plain = pd.read_csv(tmp_path / "b" / "result" / "clusters.csv")["name"]
    assert not set(plain) & set(named)


def test_of_a_run_its_words_are_fused_where_words_are_asked_for(
    files: Path, tmp_path: Path
) -> None:
    result = tmp_path / "made" / "result"
    result.mkdir(parents=True)
    for name in ("vectors", "descriptions"):
        shutil.copy(files / f"{name}.parquet", result)
    run, out = str(tmp_path / "made"), tmp_path / "found"
    fuse = ["--fuse", f"words={run}", "--weights", "kinematic=0.6,words=0.4"]
    assert main(["cluster", run, *fuse, "--refits", "0", "-q", "-o", str(out)]) == 0
    card = json.loads((out / "result" / "run_card.json").read_text())
    assert card["sources"] == {
        "fused/kinematic/vectors/1": str(result / "vectors.parquet"),
        "fused/words/words/1": str(result / "descriptions.parquet"),
    }


def test_what_cannot_be_done_is_said_before_anything_is_written(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors, out = str(files / "vectors.parquet"), tmp_path / "run"
    asked = ["cluster", vectors, "-q", "-o", str(out)]
    monkeypatch.setitem(sys.modules, "fast_hdbscan", None)
    assert main([*asked, "--engine", "fast"]) == 2
    assert "fast-hdbscan" in capsys.readouterr().err
    assert main([*asked, "--level", "0"]) == 2
    assert "1 group or more" in capsys.readouterr().err
    assert main(["cluster", vectors, vectors, "-o", str(out)]) == 2
    assert "named twice" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("wrong", ["recording", "individual"])
def test_a_space_of_other_recordings_or_animals_is_refused(
    files: Path, tmp_path: Path, wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said, out = tmp_path / "descriptions.parquet", tmp_path / "run"
    rows = read_parquet(files / "descriptions.parquet")
    write_parquet(rows.assign(**{wrong: "elsewhere " + rows[wrong].astype(str)}), said)
    fuse = ["--fuse", f"words={said}", "--weights", "kinematic=0.6,words=0.4"]
    asked = ["cluster", str(files / "vectors.parquet"), *fuse, "--refits", "0", "-q"]
    assert main([*asked, "-o", str(out)]) == 2
    assert "space 'words': expected frames that overlap" in capsys.readouterr().err
    assert not out.exists()


def test_a_study_of_other_recordings_is_refused(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = tmp_path / "study.csv"
    study.write_text("recording,animal,video\nother,m1,none.mp4\n", encoding="utf-8")
    asked = ["cluster", str(files / "vectors.parquet"), "--study", str(study), "-q"]
    assert main([*asked, "-o", str(tmp_path / "run")]) == 2
    assert "found none of them" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
