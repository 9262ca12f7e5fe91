from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from napari_mousegpt.cli.main import main
from napari_mousegpt.core.study import Study
from napari_mousegpt.errors import InputError, OutputExistsError
from napari_mousegpt.io.samples import make_sample
from napari_mousegpt.io.study import load_study
from napari_mousegpt.runs import RunParams, iter_run_study, load_study_run, run_study
from napari_mousegpt.runs.study_clusters import misfits
from napari_mousegpt.runs.study_estimates import estimate_study

ROWS = """recording,animal,group,video,pose
a/1,m1,x,a.mp4,a.csv
lost,m3,y,none.mp4,
b,m2,y,b.mp4,b.csv
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two generated recordings, and a table that names a third one."""
    place = tmp_path_factory.mktemp("study")
    for number, name in enumerate("ab"):
        made = make_sample(place / name, seconds=20, size=(96, 128), seed=number)
        made.video.rename(place / f"{name}.mp4")
        made.pose.rename(place / f"{name}.csv")
    (place / "study.csv").write_text(ROWS)
    return place


@pytest.fixture(scope="module")
def done(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "study"
    run_study(folder / "study.csv", out)
    return out


def test_one_bad_recording_does_not_stop_the_rest(done: Path) -> None:
    result = load_study_run(done)
    table = result.outcomes.set_index("recording")
    assert list(table["state"]) == ["done", "failed", "done"]
    assert list(table["group"]) == ["x", "y", "y"]
    assert table["frames"].tolist() == [600, 0, 600]
    assert list(result.failures) == ["lost"]
    assert "none.mp4: expected a file, found none there" in result.failures["lost"]
    assert result.exit_code == 2
    assert result.summary()[0] == "2 of 3 recordings done."
    assert any(line.startswith("! lost: ") for line in result.summary())
    written = pd.read_csv(done / "result" / "study.csv")
    assert list(written["recording"]) == ["a/1", "lost", "b"]
    with pytest.raises(InputError, match="it failed"):
        result.load("lost")
    with pytest.raises(InputError, match="not in the study"):
        result.load("nobody")


def test_clusters_mean_the_same_in_every_recording(done: Path) -> None:
    result = load_study_run(done)
    assert result.clusters is not None
    names = dict(zip(result.clusters["cluster"], result.clusters["name"], strict=True))
    seconds = dict.fromkeys(names, 0.0)
    maps = set()
    for recording in ("a/1", "b"):
        run = result.load(recording)
        try:
            assert run.groups is not None
            maps.add(run.groups.map.map_id)
            for row in run.groups.clusters.itertuples():
                assert row.name == names[row.cluster]
                assert row.medoid_recording == recording
                seconds[row.cluster] += row.seconds
            # The frozen rule of the study gives these very labels.
            again = run.groups.map.apply(run.vectors)
            assert (again["cluster"].values == run.groups.assignments["cluster"].values).all()
            assert len(run.descriptions)
        finally:
            run.recording.video.close()  # type: ignore[union-attr]
    assert len(maps) == 1
    for row in result.clusters.itertuples():
        assert seconds[row.cluster] == pytest.approx(row.seconds, abs=0.2)


def test_it_goes_on_where_it_was_and_with_a_mended_table(folder: Path, tmp_path: Path) -> None:
    table, out = tmp_path / "study.csv", tmp_path / "out"
    rows = ROWS.replace("a.mp4,a.csv", f"{folder}/a.mp4,{folder}/a.csv").splitlines()
    table.write_text("\n".join(rows[:3]) + "\n")
    params = RunParams(make="clusters")
    parts = iter_run_study(table, out, params)
    for part in parts:
        if part.step == "vectors":
            break
    parts.close()  # type: ignore[attr-defined]
    with pytest.raises(InputError, match="finished study"):
        load_study_run(out)
    resumed = [part for part in iter_run_study(table, out, params) if part.step == "vectors"]
    assert [part.resumed for part in resumed] == [True]
    first = load_study_run(out)
    # The lost one is found, and joins the map: the fit is another one.
    table.write_text("\n".join([*rows[:2], f"lost,m3,y,{folder}/b.mp4,{folder}/b.csv"]) + "\n")
    steps = [(p.recording, p.step) for p in iter_run_study(table, out, params) if not p.resumed]
    assert ("a/1", "features") not in steps
    assert ("a/1", "results") in steps
    second = load_study_run(out)
    assert second.failures == {}
    assert second.exit_code == 0
    assert first.clusters is not None
    assert second.clusters is not None
    assert second.clusters["seconds"].sum() > 1.5 * first.clusters["seconds"].sum()
    # And once more: nothing is left to do.
    assert all(part.resumed for part in iter_run_study(table, out, params))
    with pytest.raises(OutputExistsError, match="another run"):
        run_study(table, out, RunParams(make="words"))


def test_parts_tell_how_much_of_the_study_is_done(folder: Path, done: Path) -> None:
    parts = list(iter_run_study(folder / "study.csv", done))
    shares = [part.share for part in parts]
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] == pytest.approx(1)
    (failed,) = [part for part in parts if part.problem]
    assert (failed.recording, failed.number, failed.of, failed.step) == ("lost", 2, 3, "failed")
    assert failed.table.empty
    assert not failed.resumed


def test_words_alone_and_poses_cleaned(folder: Path, tmp_path: Path) -> None:
    study = Study(load_study(folder / "study.csv").to_pandas().iloc[:1], folder)
    opening = {"pose_format": "DeepLabCut", "steps": ["median:0.1"]}
    result = run_study(study, tmp_path / "out", RunParams(make="words"), opening=opening)
    assert result.failures == {}
    assert result.clusters is None
    run = result.load("a/1")
    assert [step["name"] for step in run.recording.pose.attrs["steps"]] == ["median"]  # type: ignore[union-attr]
    run.recording.video.close()  # type: ignore[union-attr]
    with pytest.raises(OutputExistsError, match="input opening differs"):
        run_study(study, tmp_path / "out", RunParams(make="words"))


def test_unexpected_errors_are_told_as_such(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("by mistake")

    monkeypatch.setattr("napari_mousegpt.runs.study_opening.open_recording", broken)
    result = run_study(folder / "study.csv", tmp_path / "out", RunParams(make="words"))
    assert "unexpected KeyError" in result.failures["b"]
    assert result.exit_code == 1
    assert result.summary()[0] == "0 of 3 recordings done."


def test_recordings_measured_otherwise_are_named() -> None:
    from napari_mousegpt.core.intervals import Intervals
    from napari_mousegpt.core.vectors import Vectors

    def vectors(*names: str) -> Vectors:
        return Vectors(Intervals.build("r", [0], [3]), [[0.0] * len(names)], names, "k", "1")  # type: ignore[arg-type]

    told = misfits({"a": vectors("x", "y"), "b": vectors("x", "y"), "c": vectors("x", "z")})
    assert list(told) == ["c"]
    assert "without y; with z" in told["c"]
    assert misfits({}) == {}


def test_a_recording_that_does_not_fit_the_others_is_told(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "napari_mousegpt.runs.study_runs.misfits", lambda _: {"b": "it was measured otherwise"}
    )
    parts = list(iter_run_study(folder / "study.csv", tmp_path / "out"))
    told = [(part.recording, part.number, part.problem) for part in parts if part.problem]
    assert told[1:] == [("b", 3, "it was measured otherwise")]
    shares = [part.share for part in parts]
    assert shares == sorted(shares)
    assert "! b: it was measured otherwise" in load_study_run(tmp_path / "out").summary()


def test_an_estimate_looks_at_some_recordings(folder: Path, tmp_path: Path) -> None:
    study = load_study(folder / "study.csv")
    found = estimate_study(study, RunParams(make="words"))
    assert found.recordings == 3
    assert found.basis.startswith("2 of 3 recordings: ")
    assert found.seconds > 0
    nobody = Study(study.to_pandas().iloc[1:2], folder)
    with pytest.raises(InputError, match="none of the 1 that were tried"):
        estimate_study(nobody)


def test_the_command_runs_a_study_and_says_what_failed(
    folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    table = str(folder / "study.csv")
    assert main(["run", table, "--only", "words", "-o", str(tmp_path / "out")]) == 2
    told = capsys.readouterr()
    assert "2 of 3 recordings done." in told.out
    assert "[2/3] lost: failed: video" in told.err
    assert "[1/3] a/1: words in" in told.err
    assert main(["run", table, "--estimate"]) == 0
    assert "Kinematic rules, no model needed, on the CPU.\nAbout " in capsys.readouterr().out
    one = ["run", str(folder / "a.mp4"), "--pose", str(folder / "a.csv"), "--estimate", "--json"]
    assert main(one) == 0
    assert '"memory_mb"' in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ([], "-o/--out: expected a run folder"),
        (["-o", "OUT", "--pose", "x.csv"], "in the columns of the study table"),
        (["-o", "OUT", "--window", "30f"], "frame rates of a study may differ"),
    ],
)
def test_options_that_do_not_fit_a_study(
    folder: Path,
    tmp_path: Path,
    more: list[str],
    told: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = [str(tmp_path / "out") if word == "OUT" else word for word in more]
    assert main(["run", str(folder / "study.csv"), *words]) == 2
    assert told in capsys.readouterr().err
