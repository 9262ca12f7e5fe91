"""What a run leaves behind, written and read back."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from napari_mousegpt.clusters import FUSED, Groups, ethogram, outcome_of, write_groups
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.files import replacing
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.parquet import read_parquet, write_parquet
from napari_mousegpt.core.provenance import RunCard
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.core.tables import DESCRIPTIONS
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError
from napari_mousegpt.features import FrameFeatures, tail_first_share
from napari_mousegpt.io.boris import write_boris
from napari_mousegpt.io.labels import write_bouts
from napari_mousegpt.io.recordings import open_recording
from napari_mousegpt.reports import draw_ethogram, write_report
from napari_mousegpt.runs.named_results import groups_in_run, results_now
from napari_mousegpt.store import Part, RunFolder, write_table
from napari_mousegpt.vectors import KINEMATIC, Projected
from napari_mousegpt.words.described import worth_asking_again

if TYPE_CHECKING:
    from napari_mousegpt.runs.chain import Gathered

__all__ = ["RunResult", "load_run", "write_results"]

_SHOWN_LABELS = 8
#: What a video encoder made, where the clustered vectors are fused ones.
_PROJECTED = "projected.parquet"
#: Shares above which the tracks of an animal are called doubtful. Of twelve animals whose tracks
#: were looked at, eleven go tail first in 0 to 8 % of their travelling; the one whose ends are
#: swapped at times in more than 20 %.
_MAX_TAIL_FIRST = 0.15
_MAX_UNSEEN = 0.25


@dataclass(frozen=True, eq=False)
class RunResult:
    """The results of one finished run.

    Parameters
    ----------
    path : Path
        Run folder.
    recording : Recording
        What it is about.
    card : RunCard
        Inputs, parameters, versions, outcome.
    descriptions : DataFrame
        Words, :data:`napari_mousegpt.core.tables.DESCRIPTIONS`.
    groups : Groups or None
        Clusters, by the names and merges of now; None when none could be found, the card says
        why.
    ethogram : Ethogram
        Bouts of the words (source ``"model"``) and of the clusters (source ``"cluster"``).
    """

    path: Path
    recording: Recording
    card: RunCard
    descriptions: pd.DataFrame
    groups: Groups | None
    ethogram: Ethogram

    @property
    def files(self) -> dict[str, Path]:
        """Every file of the result folder by name."""
        return {file.name: file for file in sorted((self.path / "result").iterdir())}

    @cached_property
    def vectors(self) -> Vectors:
        """Vectors of the clustered pieces, read when asked for."""
        return Vectors.from_table(read_parquet(self.path / "result" / "vectors.parquet"))

    @cached_property
    def projected(self) -> Projected | None:
        """What a video encoder made of the clustered pieces; None when it was none."""
        file = self.path / "result" / _PROJECTED
        if not file.exists():
            file = self.path / "result" / "vectors.parquet"
        if self.card.params.get("encoder", KINEMATIC) == KINEMATIC or not file.exists():
            return None
        return Projected.from_table(read_parquet(file))

    def shares(self, source: str) -> dict[str, float]:
        """Return the share of observed time of each label, largest first."""
        bouts = self.ethogram.bouts.select(source=source)
        observed = int(self.ethogram.observed.length.sum()) or 1
        frames = pd.Series(bouts.length).groupby(bouts.column("label")).sum()
        return {str(k): float(v) / observed for k, v in frames.sort_values(ascending=False).items()}

    def summary(self) -> list[str]:
        """Return what a person wants to know first, as lines."""
        recording = self.recording
        lines = [
            f"{recording.id}: {recording.timebase.duration:.1f} s, {recording.n_frames} frames, "
            f"{', '.join(recording.individuals) or 'no pose (silhouette)'}",
        ]
        if "descriptions" in self.card.outcome:
            words = _listed(self.shares("model")) or "nothing could be told"
            lines.append(f"words:    {words}")
        if self.groups is None:
            if self.card.params.get("make") != "words":
                lines.append(f"clusters: none ({self.card.outcome.get('clusters_problem', '')})")
        else:
            lines.append(
                f"clusters: {len(self.groups.clusters)}: {_listed(self.shares('cluster'))}"
            )
        if "stability" in self.card.outcome:
            lines.append(f"stability: {self.card.outcome['stability']}")
        lines += [f"! {text}" for text in self.card.outcome.get("warnings", ())]
        lines.append(f"results:  {self.path / 'result'}")
        return lines

    def facts(self) -> dict[str, Any]:
        """Return the same as plain values for ``--json``."""
        return {
            "recording": self.recording.id,
            "seconds": self.recording.timebase.duration,
            "frames": self.recording.n_frames,
            "run_id": self.card.run_id,
            "words": self.shares("model"),
            "clusters": self.shares("cluster"),
            "noise": self.card.outcome.get("noise"),
            "stability": self.card.outcome.get("stability_ari"),
            "warnings": self.card.outcome.get("warnings", []),
            "files": {name: str(path) for name, path in self.files.items()},
        }


def write_results(
    folder: RunFolder,
    recording: Recording,
    known: Gathered,
    found: Groups | str,
    **further: Any,
) -> Iterator[Part]:
    """Write everything people read into the result folder.

    Parameters
    ----------
    folder : RunFolder
        Open folder of the run.
    recording : Recording
        What the run is about.
    known : Gathered
        Measures, words and vectors, as far as they are wanted.
    found : Groups or str
        Clusters, or why there are none.
    **further
        More to keep in the outcome of the run card.

    Yields
    ------
    Part
        One, when all is written: the ethogram.
    """
    begun = time.perf_counter()
    result, clock, run_id = folder.result, recording.timebase, folder.card.run_id
    groups = None if isinstance(found, str) else found
    descriptions = known.descriptions
    ethograms = {}
    outcome: dict[str, Any] = dict(further)
    if descriptions is not None:
        write_table(descriptions, result / "descriptions", run_id=run_id)
        outcome["descriptions"] = len(descriptions)
        outcome["without_a_label"] = float((descriptions["label"] == "").mean())
        ethograms["words"] = ethogram(descriptions)
    if known.vectors is not None:
        fused = known.vectors.model == FUSED
        rows = known.vectors if known.projected is None or fused else known.projected
        write_parquet(rows.to_table(), result / "vectors.parquet", run_id=run_id)
        if fused and known.projected is not None:
            write_parquet(known.projected.to_table(), result / _PROJECTED, run_id=run_id)
    if groups is None:
        outcome["clusters_problem"] = found
    else:
        write_groups(groups, result)
        outcome["clusters"] = len(groups.clusters)
        outcome["noise"] = float((groups.assignments["cluster"] < 0).mean())
        outcome |= outcome_of(groups)
        ethograms["clusters"] = ethogram(groups)
    bouts = _joined(list(ethograms.values()))
    outcome["warnings"] = [
        *_doubts(known.measured, bouts.observed),
        *_silent(descriptions),
        *outcome.get("cluster_notes", ()),
    ]
    clocks = {recording.id: clock}
    media = {recording.id: Path(recording.primary.sources.get("video", recording.id)).name}
    for name in ("ethogram.parquet", "ethogram.csv"):
        write_bouts(result / name, bouts, clocks=clocks)
    # One file each: BORIS tells behaviours apart by name only, and words and clusters share some.
    for title, name in (("words", "boris.csv"), ("clusters", "boris_clusters.csv")):
        if title in ethograms:
            write_boris(result / name, ethograms[title], clocks, media=media)
    _write_opening(recording, result / "recording.json")
    if ethograms:
        draw_ethogram(
            result / "ethogram.png",
            ethograms,
            clock,
            traces=_speeds(known.measured),
            title=recording.id,
        )
    card = folder.finish(**outcome)
    said = DESCRIPTIONS.empty() if descriptions is None else descriptions
    write_report(result / "report.md", recording, card, said, groups, ethograms)
    table = bouts.to_pandas(clocks)
    yield Part("results", "ethogram", table, 1, 1, False, time.perf_counter() - begun)


def load_run(path: str | os.PathLike[str], recording: Recording | None = None) -> RunResult:
    """Read a finished run back.

    Parameters
    ----------
    path : path-like
        Run folder, as given to ``run``.
    recording : Recording, optional
        Its recording, if it is open; else it is opened again from where it was.

    Raises
    ------
    InputError
        When there is no finished run, or the recording is no longer where it was.
    """
    place = Path(path)
    result = place / "result"
    try:
        card = RunCard.from_json((result / "run_card.json").read_text(encoding="utf-8"))
        descriptions = DESCRIPTIONS.empty()
        if "descriptions" in card.outcome:
            descriptions = read_parquet(result / "descriptions.parquet")
        written = groups_in_run(place) if "clusters" in card.outcome else None
        groups, bouts = results_now(place, written)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            place,
            expected="the folder of a finished run",
            found=str(error),
            remedy="Name the folder given to -o; if the run was stopped, start it again to finish.",
        ) from error
    opened = _reopen(result / "recording.json") if recording is None else recording
    return RunResult(place, opened, card, descriptions, groups, bouts)


def _joined(ethograms: list[Ethogram]) -> Ethogram:
    if len(ethograms) == 1:
        return ethograms[0]
    none = Intervals.build([], [], [], [], label=[])
    return Ethogram(
        Intervals.concat([one.bouts for one in ethograms] or [none]),
        Intervals.concat([one.observed for one in ethograms]),
    )


def _doubts(measured: Mapping[str, FrameFeatures], observed: Intervals) -> list[str]:
    """What speaks against trusting these tracks, in sentences."""
    doubts = []
    for individual, features in measured.items():
        looked = np.zeros(features.n_frames, dtype=bool)
        for span in observed.select(individual=[individual, ""]):
            looked[span.start : span.stop] = True
        if not looked.any():
            continue
        who = individual or "the animal"
        share = tail_first_share(features)
        if share > _MAX_TAIL_FIRST:
            doubts.append(
                f"{who} goes tail first in {share:.0%} of the time in which it travels: the "
                "tracker has probably taken its tail for its head there, so do not trust turns "
                "and head angles"
            )
        unseen = float(np.isnan(features.column("body_speed")[looked]).mean())
        if unseen > _MAX_UNSEEN:
            doubts.append(f"{who} was not tracked well enough in {unseen:.0%} of the frames")
    return doubts


def _silent(descriptions: pd.DataFrame | None) -> list[str]:
    """Which stretches a model or a server gave no words for, as a sentence."""
    if descriptions is None or "problem" not in descriptions:
        return []
    failed = descriptions[descriptions["problem"].str.startswith("not described")]
    if failed.empty:
        return []
    again = int(failed["evidence"].map(worth_asking_again).sum())
    text = f"{len(failed)} of {len(descriptions)} stretches were {failed['problem'].iloc[0]}"
    more = f"; {again} are asked again when the same run is started again" if again else ""
    return [f"{text.rstrip('.')}{more}"]


def _speeds(measured: Mapping[str, FrameFeatures]) -> dict[str, Any]:
    return {
        f"{individual} speed (body lengths/s)".strip(): features.column("body_speed")
        for individual, features in measured.items()
    }


def _write_opening(recording: Recording, path: Path) -> None:
    opening = {
        "id": recording.id,
        "clock": recording.timebase.to_dict(stamps=True),
        **recording.metadata.get("opening", {}),
    }
    with replacing(path) as aside:
        aside.write_text(json.dumps(opening, indent=2) + "\n", encoding="utf-8")


def _reopen(path: Path) -> Recording:
    if not path.is_file():
        raise InputError(
            path,
            expected="what says how the recording is opened",
            found="none, as in the folder of propagate",
            remedy="Name the run of one recording, or the video and --bouts with the ethogram.",
        )
    opening = json.loads(path.read_text(encoding="utf-8"))
    del opening["clock"]
    if not opening.keys() & {"video", "pose"}:
        raise InputError(
            path,
            expected="a recording that was opened from files",
            found="one of arrays, which cannot be opened again",
            remedy="Pass the recording: load_run(path, recording).",
        )
    return open_recording(opening.pop("video", None), opening.pop("pose", None), **opening)


def _listed(shares: Mapping[str, float]) -> str:
    shown = [f"{label} {share:.0%}" for label, share in list(shares.items())[:_SHOWN_LABELS]]
    rest = len(shares) - len(shown)
    return "; ".join(shown) + (f"; and {rest} more" if rest > 0 else "")
