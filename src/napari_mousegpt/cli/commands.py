"""What each command does. Options mirror the parameter objects of the verbs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import napari_mousegpt as mg
from napari_mousegpt.cli.answers import Answer, Command, wrote
from napari_mousegpt.cli.blind_commands import (
    add_blind_options,
    add_unblind_options,
    blind_study,
    unblind_study,
)
from napari_mousegpt.cli.certify_commands import add_certify_options, certify_model
from napari_mousegpt.cli.correction_commands import add_correction_options, report_corrections
from napari_mousegpt.cli.describe_commands import add_describe_options, describe_recording
from napari_mousegpt.cli.encoder_options import add_encoder
from napari_mousegpt.cli.epoch_commands import add_epoch_options, report_epochs
from napari_mousegpt.cli.label_commands import add_label_options, report_labels
from napari_mousegpt.cli.model_commands import add_model_options, report_models
from napari_mousegpt.cli.movie_commands import (
    add_annotate_options,
    add_exemplar_options,
    write_annotated,
    write_exemplars,
)
from napari_mousegpt.cli.options import (
    add_output,
    add_windows,
)
from napari_mousegpt.cli.progress import shown
from napari_mousegpt.cli.project_commands import add_project_options, project_recording
from napari_mousegpt.cli.propagate_commands import (
    add_calibrate_options,
    add_propagate_options,
    calibrate_from_run,
    propagate_run,
)
from napari_mousegpt.cli.run_commands import add_run_options, answer_run, run_recording
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


def _cluster_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "vectors",
        type=Path,
        nargs="+",
        help="vectors of one or more recordings: folders of 'project', or vectors.parquet files",
    )
    parser.add_argument(
        "--words",
        type=Path,
        nargs="*",
        default=[],
        help="descriptions that name the clusters: folders of 'describe', or descriptions.parquet",
    )
    add_output(parser)


def _cluster(options: Options) -> Answer:
    import pandas as pd

    from napari_mousegpt.core.vectors import Vectors

    tables = [_table_of(path, "vectors.parquet") for path in options.vectors]
    words = [_table_of(path, "descriptions.parquet") for path in options.words]
    parts = mg.iter_cluster(
        Vectors.concat([Vectors.from_table(table) for table in tables]),
        pd.concat(words, ignore_index=True) if words else None,
        out=options.out,
        overwrite=options.overwrite,
    )
    rows = {part.name: len(part.table) for part in shown(parts, quiet=options.quiet)}
    return wrote(
        options.out,
        {"clusters.csv": rows["names"], "assignments.csv": rows["assignments"]},
    )


def _export_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, help="finished run, or an ethogram file")
    parser.add_argument("file", type=Path, help="file to write")
    parser.add_argument(
        "--format",
        choices=("bouts", "frames", "boris", "boris-project", "boris-binary"),
        default=None,
        help="what to write; by default bouts, as csv, parquet or a BORIS project by the ending",
    )
    parser.add_argument(
        "--source",
        choices=("model", "cluster", "human", "import"),
        help="only bouts of this source (model: words; cluster: clusters)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the file if it is there")


def _export(options: Options) -> Answer:
    ethogram, clocks = mg.load_ethogram(options.run)
    if options.source:
        ethogram = ethogram.select(source=options.source)
    path = mg.export(
        ethogram, options.file, clocks, format=options.format, overwrite=options.overwrite
    )
    return Answer([f"{path}: {len(ethogram)} bouts"], {"file": str(path), "bouts": len(ethogram)})


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


def _table_of(path: Path, name: str) -> Any:
    import pandas as pd

    place = path / "result" / name if path.is_dir() else path
    if not place.is_file():
        raise InputError(
            path,
            expected=f"a folder with result/{name}, or such a file",
            found="no such file",
            remedy="Name the folder given to -o before.",
        )
    try:
        return pd.read_parquet(place)
    except (OSError, ValueError) as error:
        raise InputError(place, expected="a parquet table", found=str(error)) from error


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
    "cluster": Command("find and name clusters of vectors", _cluster_options, _cluster),
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
    "export": Command("write the bouts of a run for other programs", _export_options, _export),
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
