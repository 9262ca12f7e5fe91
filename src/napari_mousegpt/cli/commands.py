"""What each command does. Options mirror the parameter objects of the verbs."""

from __future__ import annotations

import argparse
from pathlib import Path

import napari_mousegpt as mg
from napari_mousegpt.cli.answers import Answer, Command
from napari_mousegpt.cli.blind_commands import (
    add_blind_options,
    add_unblind_options,
    blind_study,
    unblind_study,
)
from napari_mousegpt.cli.certify_commands import add_certify_options, certify_model
from napari_mousegpt.cli.cluster_commands import add_cluster_options, cluster_vectors
from napari_mousegpt.cli.cluster_options import add_clustering
from napari_mousegpt.cli.correction_commands import add_correction_options, report_corrections
from napari_mousegpt.cli.describe_commands import add_describe_options, describe_recording
from napari_mousegpt.cli.encoder_options import add_encoder
from napari_mousegpt.cli.epoch_commands import add_epoch_options, report_epochs
from napari_mousegpt.cli.export_commands import add_export_options, export_bouts
from napari_mousegpt.cli.label_commands import add_label_options, report_labels
from napari_mousegpt.cli.map_commands import (
    add_apply_options,
    add_map_options,
    add_refit_options,
    apply_to_recordings,
    refit_on_recordings,
    work_on_map,
)
from napari_mousegpt.cli.merge_commands import add_merge_options, report_merges
from napari_mousegpt.cli.model_commands import add_model_options, report_models
from napari_mousegpt.cli.movie_commands import (
    add_annotate_options,
    add_exemplar_options,
    write_annotated,
    write_exemplars,
)
from napari_mousegpt.cli.name_commands import add_name_options, report_names
from napari_mousegpt.cli.novel_commands import add_novel_options, find_novelty
from napari_mousegpt.cli.options import (
    add_output,
    add_windows,
)
from napari_mousegpt.cli.project_commands import add_project_options, project_recording
from napari_mousegpt.cli.propagate_commands import (
    add_calibrate_options,
    add_propagate_options,
    calibrate_from_run,
    propagate_run,
)
from napari_mousegpt.cli.run_commands import add_run_options, answer_run, run_recording
from napari_mousegpt.cli.search_commands import add_search_options, search_runs
from napari_mousegpt.cli.study_commands import (
    add_relocate_options,
    add_study_options,
    report_relocation,
    report_study,
)
from napari_mousegpt.cli.words_options import add_words
from napari_mousegpt.cli.zone_commands import add_zone_options, report_zones
from napari_mousegpt.errors import InputError

__all__ = ["COMMANDS"]

Options = argparse.Namespace


def _demo_options(parser: argparse.ArgumentParser) -> None:
    add_output(parser)
    add_windows(parser)
    add_encoder(parser)
    add_clustering(parser)
    add_words(parser)
    parser.set_defaults(windows=False, body=[], only=None, estimate=False)


def _demo(options: Options) -> Answer:
    return run_recording(mg.sample(), options)


def _info_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="video, pose, labels or study table")


def _info(options: Options) -> Answer:
    report = mg.info(options.file)
    return Answer(report.lines(), report.facts(), 2 if report.problems else 0)


def _doctor_options(parser: argparse.ArgumentParser) -> None:
    del parser  # it takes none


def _doctor(_: Options) -> Answer:
    findings = mg.doctor()
    width = max(len(finding.topic) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{finding.topic:<{width}}  {finding.text}")
        if finding.problem:
            lines.append(f"{'':<{width}}  ! {finding.problem}")
    problems = [finding for finding in findings if finding.problem]
    lines.append(f"{len(problems)} problem(s)." if problems else "No problems.")
    facts = {
        finding.topic: {"found": finding.text, "problem": finding.problem} for finding in findings
    }
    return Answer(lines, facts)


def _show_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, help="finished run")


def _show(options: Options) -> Answer:
    from napari_mousegpt.runs import load_run

    result = load_run(options.run)
    _require_display()
    import napari

    viewer = napari.Viewer(title=f"napari-mousegpt: {result.recording.id}")
    mg.show(viewer, result.recording, result.ethogram)
    napari.run()
    return Answer([])


def _require_display() -> None:
    """Qt ends the whole process when it finds no screen, so look before it does."""
    import os
    import sys
    from importlib.util import find_spec

    if not any(find_spec(name) for name in ("PySide6", "PyQt6", "PyQt5")):
        raise InputError(
            "viewer",
            expected="a Qt binding",
            found="none",
            remedy='Install one: pip install "napari-mousegpt[gui]".',
        )
    if sys.platform == "linux" and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        raise InputError(
            "viewer",
            expected="a display",
            found="none",
            remedy="Run it on a desktop, or under xvfb-run.",
        )


#: Every command by name. A test holds this against the public verbs and the manifest.
COMMANDS = {
    "run": Command(
        "describe, cluster and export a recording or a study", add_run_options, answer_run
    ),
    "demo": Command("do the same with a generated mouse", _demo_options, _demo),
    "info": Command("say what a file is and what is wrong with it", _info_options, _info),
    "doctor": Command("look over the installation", _doctor_options, _doctor),
    "models": Command(
        "list models by hardware, check one, agree to its download, fetch it",
        add_model_options,
        report_models,
    ),
    "certify": Command(
        "try on drawn clips what a model can be trusted with, and keep its trust card",
        add_certify_options,
        certify_model,
    ),
    "calibrate": Command(
        "fit how far a model is to be believed to labels that people accepted",
        add_calibrate_options,
        calibrate_from_run,
    ),
    "propagate": Command(
        "describe some stretches of a finished run with a model, and carry the words to the rest",
        add_propagate_options,
        propagate_run,
    ),
    "describe": Command(
        "put windows of a recording into words", add_describe_options, describe_recording
    ),
    "project": Command(
        "turn windows of a recording into vectors", add_project_options, project_recording
    ),
    "cluster": Command("find and name clusters of vectors", add_cluster_options, cluster_vectors),
    "names": Command(
        "show what clusters are called and why; name them, undo", add_name_options, report_names
    ),
    "merge": Command(
        "suggest clusters that may be one, merge them, undo", add_merge_options, report_merges
    ),
    "refit": Command(
        "fit a map again on other recordings, so that behaviours keep their ids",
        add_refit_options,
        refit_on_recordings,
    ),
    "map": Command(
        "publish a map for others, inspect one, compare two", add_map_options, work_on_map
    ),
    "apply": Command(
        "label recordings by a frozen map, and say how far it holds for them",
        add_apply_options,
        apply_to_recordings,
    ),
    "search": Command(
        "find stretches of finished runs by words, by an example, by filters",
        add_search_options,
        search_runs,
    ),
    "novel": Command(
        "find what new recordings hold that a reference does not", add_novel_options, find_novelty
    ),
    "study": Command("name everything wrong with a study table", add_study_options, report_study),
    "relocate": Command(
        "find the files of a study table again; shows what would change",
        add_relocate_options,
        report_relocation,
    ),
    "blind": Command(
        "hide the recordings of a study behind codes, for scoring", add_blind_options, blind_study
    ),
    "unblind": Command(
        "say which recording each code is; that is written down",
        add_unblind_options,
        unblind_study,
    ),
    "zones": Command("measure visits to the zones of an arena", add_zone_options, report_zones),
    "labels": Command(
        "read labels of another program, and write them as bouts", add_label_options, report_labels
    ),
    "corrections": Command(
        "list what people corrected, with an audit trail, and apply it",
        add_correction_options,
        report_corrections,
    ),
    "epochs": Command(
        "put injections, cues and pulses of a table on the frames of a video",
        add_epoch_options,
        report_epochs,
    ),
    "export": Command(
        "write the bouts of a run, study or clustering for other programs",
        add_export_options,
        export_bouts,
    ),
    "exemplars": Command(
        "write a movie of the bouts that stand for a label, side by side",
        add_exemplar_options,
        write_exemplars,
    ),
    "annotate": Command(
        "write the video with its labels drawn on it", add_annotate_options, write_annotated
    ),
    "show": Command("open a finished run in napari", _show_options, _show),
}
