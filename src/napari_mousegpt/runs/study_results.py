"""What a study leaves behind: its parts as they come, and its table of outcomes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from napari_mousegpt.clusters.names_now import names_now
from napari_mousegpt.core.parquet import read_parquet
from napari_mousegpt.core.provenance import RunCard
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import InputError
from napari_mousegpt.runs.results import RunResult, load_run
from napari_mousegpt.store import Part

__all__ = ["CLUSTERS", "StudyPart", "StudyResult", "load_study_run"]

#: Folder of the fit over all recordings, in that of the study.
CLUSTERS = "clusters"


@dataclass(frozen=True, eq=False)
class StudyPart:
    """A finished piece of work of one recording of a study, or why it failed.

    Parameters
    ----------
    recording : str
        Id of the recording; empty for the map over all of them.
    number, of : int
        Which recording of how many, counted from 1.
    share : float
        How much of the study is done, 0 to 1.
    part : Part or None
        The piece of work; None when the recording failed.
    problem : str
        Why it failed, as a sentence.
    opened : Recording or None
        The recording, while it is open: its length and clock.
    """

    recording: str
    number: int
    of: int
    share: float
    part: Part | None = None
    problem: str = ""
    opened: Recording | None = None

    @property
    def step(self) -> str:
        """Step of the recording, ``"failed"`` when it failed."""
        return "failed" if self.part is None else self.part.step

    @property
    def name(self) -> str:
        """Name of the piece of work."""
        return "" if self.part is None else self.part.name

    @property
    def done(self) -> int:
        """Pieces of this step of this recording that are done."""
        return 0 if self.part is None else self.part.done

    @property
    def total(self) -> int:
        """Pieces of this step of this recording."""
        return 0 if self.part is None else self.part.total

    @property
    def resumed(self) -> bool:
        """Whether it was found finished."""
        return self.part is not None and self.part.resumed

    @property
    def seconds(self) -> float:
        """Seconds it took."""
        return 0.0 if self.part is None else self.part.seconds

    @property
    def table(self) -> pd.DataFrame:
        """Rows of the piece of work."""
        return pd.DataFrame() if self.part is None else self.part.table


@dataclass(frozen=True, eq=False)
class StudyResult:
    """What came of a study.

    Parameters
    ----------
    path : Path
        Folder of the study.
    outcomes : DataFrame
        One row for each recording: ``recording``, what the study table says of it, ``state``
        (``"done"`` or ``"failed"``), ``problem``, ``mendable`` (in the input), ``frames``,
        ``seconds``, ``descriptions``, ``clusters``, ``noise``, ``warnings``, ``folder``.
    clusters : DataFrame or None
        Clusters over all recordings, by the names and merges of now; None when there are none.
    """

    path: Path
    outcomes: pd.DataFrame
    clusters: pd.DataFrame | None = None

    @property
    def failures(self) -> dict[str, str]:
        """Why recordings failed, by recording."""
        failed = self.outcomes[self.outcomes["state"] == "failed"]
        return dict(zip(failed["recording"], failed["problem"], strict=True))

    @property
    def exit_code(self) -> int:
        """0 when all went well; 2 when all that failed can be mended in the input; else 1."""
        failed = self.outcomes[self.outcomes["state"] == "failed"]
        return 0 if failed.empty else 2 if failed["mendable"].all() else 1

    def load(self, recording: str) -> RunResult:
        """Return the results of one recording, which is opened again.

        Raises
        ------
        InputError
            When it is not in the study, or failed.
        """
        rows = self.outcomes[self.outcomes["recording"] == recording]
        if rows.empty or rows["state"].iloc[0] != "done":
            raise InputError(
                f"recording {recording!r}",
                expected="one of the study that is done",
                found="it failed" if len(rows) else "it is not in the study",
            )
        return load_run(self.path / str(rows["folder"].iloc[0]))

    def summary(self) -> list[str]:
        """Return what a person wants to know first, as lines; every failure is one of them."""
        done = int((self.outcomes["state"] == "done").sum())
        lines = [f"{done} of {len(self.outcomes)} recordings done."]
        if self.clusters is not None:
            names = "; ".join(self.clusters["name"].head(8))
            more = len(self.clusters) - 8
            listed = f"{names}; and {more} more" if more > 0 else names
            lines.append(f"clusters: {len(self.clusters)} over all recordings: {listed}")
            if said := str(self.outcomes.attrs.get("stability", "")):
                lines.append(f"stability: {said}")
        elif note := str(self.outcomes.attrs.get("clusters_problem", "")):
            lines.append(f"clusters: none ({note})")
        lines += [f"! {name}: {why}" for name, why in self.failures.items()]
        lines.append(f"results:  {self.path / 'result'}")
        return lines

    def facts(self) -> dict[str, Any]:
        """Return the same as plain values."""
        return {
            "recordings": len(self.outcomes),
            "done": int((self.outcomes["state"] == "done").sum()),
            "failures": self.failures,
            "clusters": None if self.clusters is None else list(self.clusters["name"]),
            "folder": str(self.path),
        }


def load_study_run(path: str | os.PathLike[str]) -> StudyResult:
    """Read what came of a study.

    Raises
    ------
    InputError
        When there is no finished study.
    """
    place = Path(path)
    result = place / "result"
    try:
        card = RunCard.from_json((result / "run_card.json").read_text(encoding="utf-8"))
        outcomes = read_parquet(result / "study.parquet")
        clusters = None
        if card.outcome.get("clusters") is not None:
            clusters = _clusters_now(place / CLUSTERS)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            place,
            expected="the folder of a finished study",
            found=str(error),
            remedy="If it was stopped, start it again to finish.",
        ) from error
    for name in ("clusters_problem", "stability"):
        outcomes.attrs[name] = card.outcome.get(name, "")
    return StudyResult(place, outcomes, clusters)


def _clusters_now(place: Path) -> pd.DataFrame:
    """Return the clusters of a study by their names of now."""
    now = names_now(place)
    if now is None:
        return read_parquet(place / "result" / "clusters.parquet")
    return now.clusters(read_parquet(place / "result" / "assignments.parquet"))
