"""A run folder: the plan of a run, its finished parts, and its result.

::

    OUT/plan.json            what was asked: verb, parameters, inputs with hashes
    OUT/parts/STEP/NAME.parquet (+ .sha256)   one finished piece of work each
    OUT/result/...           what people read
    OUT/.lock                held while somebody writes

A part counts as finished when its checksum file is there and agrees, so a run that was killed goes
on after its last finished part. A folder belongs to one plan for ever: other parameters or changed
inputs are another run and go elsewhere.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from napari_mousegpt.core.files import PART_SUFFIX, make_folder, replacing
from napari_mousegpt.core.parquet import read_parquet, write_parquet
from napari_mousegpt.core.provenance import RunCard, plain
from napari_mousegpt.errors import LockedError, OutputExistsError, StorageError

if TYPE_CHECKING:
    import pandas as pd
    from filelock import FileLock

__all__ = [
    "Job",
    "Part",
    "RunFolder",
    "default_root",
    "iter_parts",
    "run_folder",
    "write_table",
]

#: Environment variable with the folder for runs that name no output.
RUNS_VARIABLE = "NAPARI_MOUSEGPT_RUNS"
_PLAN = "plan.json"
#: What of the software and the models was another when a run went on: before, and since.
_RESUMED = "resumed_with"
_LOCK = ".lock"


def default_root() -> Path:
    """Return the folder for runs that name no output.

    It is ``NAPARI_MOUSEGPT_RUNS`` where that is set, else in the user's cache.
    """
    chosen = os.environ.get(RUNS_VARIABLE)
    if chosen:
        return Path(chosen)
    from platformdirs import user_cache_path

    return user_cache_path("napari-mousegpt", appauthor=False) / "runs"


@dataclass(frozen=True)
class Job:
    """One piece of work of a run: where its table is kept, and how it is made."""

    step: str
    name: str
    compute: Callable[[], pd.DataFrame]


@dataclass(frozen=True, eq=False)
class Part:
    """A finished piece of work. It is on disk before anybody sees it.

    Parameters
    ----------
    step, name : str
        Which piece.
    table : DataFrame
        Its rows.
    done, total : int
        How many of all pieces are finished, this one included.
    resumed : bool
        Whether it was found finished rather than computed.
    seconds : float
        Time it took; 0 when resumed.
    """

    step: str
    name: str
    table: pd.DataFrame
    done: int
    total: int
    resumed: bool
    seconds: float


class RunFolder:
    """The folder of one run, locked while open. Use it as a context manager.

    Parameters
    ----------
    path : Path
        Folder; made when absent.
    card : RunCard
        The plan. A folder that holds the same plan is gone on with.
    overwrite : bool
        Remove another run that stands there. Files that are no part of a run are never touched.

    Raises
    ------
    OutputExistsError
        When the folder holds another run (and ``overwrite`` is off) or something that is no run.
    LockedError
        When another process has it open.
    StorageError
        When it cannot be written to.
    """

    def __init__(
        self, path: str | os.PathLike[str], card: RunCard, *, overwrite: bool = False
    ) -> None:
        self.path = Path(path)
        self.card = card
        self._overwrite = overwrite
        self._lock: FileLock | None = None
        self._begun: RunCard | None = None
        self._wrote = False

    def __enter__(self) -> Self:
        if self.path.exists() and not self.path.is_dir():
            raise OutputExistsError(
                self.path,
                expected="a folder",
                found="a file",
                remedy="Choose another output folder.",
            )
        self._refuse_foreign_files()
        make_folder(self.path)
        self._lock = self._acquire()
        try:
            self._settle_plan()
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._release()

    def _acquire(self) -> FileLock:
        from filelock import FileLock, Timeout

        lock = FileLock(self.path / _LOCK, timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise LockedError(
                self.path,
                expected="to be the only one writing here",
                found="another run that is still going",
                remedy="Wait for it, or choose another output folder.",
            ) from error
        except OSError as error:
            raise StorageError(
                self.path,
                expected="a folder that can be written to",
                found=str(error),
                remedy="Choose another output folder.",
            ) from error
        return lock

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _refuse_foreign_files(self) -> None:
        plan = self.path / _PLAN
        if not self.path.exists():
            return
        if plan.exists():
            found = "" if _read_card(plan) is not None else f"a {_PLAN} that cannot be read"
        else:
            # A run that was killed before its plan was there leaves nothing but its lock.
            others = sorted(
                p.name
                for p in self.path.iterdir()
                if p.name != _LOCK
                and not (p.name.startswith(f".{_PLAN}.") and p.name.endswith(PART_SUFFIX))
            )
            more = ", ..." if len(others) > 3 else ""
            found = f"other files ({', '.join(others[:3])}{more})" if others else ""
        if found:
            raise OutputExistsError(
                self.path,
                expected="an empty folder or a run of this program",
                found=found,
                remedy="Choose a new folder; files that are no run are never overwritten.",
            )

    def _settle_plan(self) -> None:
        plan = self.path / _PLAN
        held = _read_card(plan) if plan.exists() else None
        if held is not None:
            if held.run_id == self.card.run_id:
                self._begun = held
                return
            if not self._overwrite:
                raise OutputExistsError(
                    self.path,
                    expected="this run or an empty folder",
                    found=f"another run: {_difference(held, self.card)}",
                    remedy="Choose another folder, or replace it: --overwrite (overwrite=True).",
                )
            for name in ("parts", "result"):
                _remove_folder(self.path / name)
        with replacing(plan) as aside:
            aside.write_text(self.card.to_json(), encoding="utf-8")

    @property
    def result(self) -> Path:
        """Folder of the results; made when first asked for."""
        return make_folder(self.path / "result")

    def part_path(self, step: str, name: str) -> Path:
        """Return where a part is or will be."""
        return self.path / "parts" / step / f"{name}.parquet"

    def has(self, step: str, name: str) -> bool:
        """Whether a part is finished and undamaged."""
        path = self.part_path(step, name)
        seal = path.with_suffix(".sha256")
        if not (path.exists() and seal.exists()):
            return False
        return seal.read_bytes().strip() == _sha256(path).encode()

    def read(self, step: str, name: str) -> pd.DataFrame:
        """Return the table of a finished part.

        Raises
        ------
        StorageError
            When there is none, or its checksum is wrong.
        """
        if not self.has(step, name):
            raise StorageError(
                self.part_path(step, name),
                expected="a finished part with the right checksum",
                remedy="Run the same command again: it makes what is missing.",
            )
        return read_parquet(self.part_path(step, name))

    def write(self, step: str, name: str, table: pd.DataFrame) -> None:
        """Keep a part: written aside, renamed, then sealed with its checksum."""
        self._wrote = True
        path = self.part_path(step, name)
        seal = path.with_suffix(".sha256")
        seal.unlink(missing_ok=True)
        make_folder(path.parent)
        write_parquet(table, path, run_id=self.card.run_id, step=step)
        with replacing(seal) as aside:
            aside.write_text(_sha256(path) + "\n", encoding="ascii")

    def reopen(self, step: str, name: str) -> None:
        """Break the seal of a finished part, so that it is made anew."""
        self.part_path(step, name).with_suffix(".sha256").unlink(missing_ok=True)

    def outdate(self) -> None:
        """Say that the results, if any, are no longer those of the parts: the run goes on."""
        (self.path / "result" / "run_card.json").unlink(missing_ok=True)

    def finish(self, **outcome: Any) -> RunCard:
        """Write the finished run card into the result folder and return it.

        It tells when and with what the parts were made: of a run that only collects finished parts,
        what the earlier card told; of one that went on with other software or models, those of the
        begin, and what was another in ``outcome["resumed_with"]``.
        """
        place = self.result / "run_card.json"
        earlier = _read_card(place) if place.exists() else None
        card = self.card.done(**outcome)
        if earlier is not None and earlier.run_id == card.run_id and not self._wrote:
            since = {k: v for k, v in earlier.outcome.items() if k == _RESUMED}
            card = replace(
                card,
                created=earlier.created,
                finished=earlier.finished,
                software=earlier.software,
                models=earlier.models,
                outcome={**card.outcome, **since},
            )
        elif self._begun is not None:
            card = _resumed(card, self._begun)
        with replacing(place) as aside:
            aside.write_text(card.to_json(), encoding="utf-8")
        return card


def run_folder(
    card: RunCard, out: str | os.PathLike[str] | None = None, *, overwrite: bool = False
) -> RunFolder:
    """Return the folder for a run: the named one, or one of its own among the default runs."""
    place = default_root() / f"{card.verb}-{card.run_id}" if out is None else Path(out)
    return RunFolder(place, card, overwrite=overwrite)


def iter_parts(
    folder: RunFolder,
    jobs: Sequence[Job],
    known: Callable[[Job], pd.DataFrame | None] | None = None,
) -> Iterator[Part]:
    """Do the jobs that are not finished yet, one after the other.

    Parameters
    ----------
    folder : RunFolder
        Open folder the parts go to.
    jobs : sequence of Job
        In the order they are to be yielded.
    known : callable, optional
        Returns the table of a job that was done for another run, else None.

    Yields
    ------
    Part
        After it is on disk; stopping between two parts loses nothing.
    """
    for done, job in enumerate(jobs, start=1):
        resumed = folder.has(job.step, job.name)
        begun = time.perf_counter()
        if not resumed and known is not None and (table := known(job)) is not None:
            folder.write(job.step, job.name, table)
            resumed = True
        if not resumed:
            folder.write(job.step, job.name, job.compute())
        spent = 0.0 if resumed else time.perf_counter() - begun
        # Read back in both cases: a resumed run goes on with the very same tables.
        table = folder.read(job.step, job.name)
        yield Part(job.step, job.name, table, done, len(jobs), resumed, spent)


def write_table(table: pd.DataFrame, stem: Path, **facts: Any) -> list[Path]:
    """Write a table twice, as ``stem.parquet`` and as ``stem.csv``, and return both paths.

    Parameters
    ----------
    table : DataFrame
        Rows.
    stem : Path
        Final place without an ending.
    **facts
        See :func:`napari_mousegpt.core.parquet.write_parquet`.
    """
    parquet, csv = (stem.with_name(f"{stem.name}.{ending}") for ending in ("parquet", "csv"))
    write_parquet(table, parquet, **facts)
    with replacing(csv) as aside:
        table.to_csv(aside, index=False, float_format="%.6g", lineterminator="\n")
    return [parquet, csv]


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _remove_folder(folder: Path) -> None:
    """Remove a folder of an old run. A part left behind could be taken for one of the new run."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StorageError(
            folder,
            expected="an old run that can be removed",
            found=str(error),
            remedy="Close the program that holds it open, or choose another output folder.",
        ) from error


def _resumed(card: RunCard, begun: RunCard) -> RunCard:
    """Return the card of a run that went on, with what it began with and what differs since."""
    changed = {
        kind: {
            name: [was.get(name, ""), now.get(name, "")]
            for name in sorted({*was, *now})
            if was.get(name) != now.get(name)
        }
        for kind, was, now in (
            ("software", begun.software, card.software),
            ("models", begun.models, card.models),
        )
    }
    differing = {kind: names for kind, names in changed.items() if names}
    outcome = {**card.outcome, **({_RESUMED: differing} if differing else {})}
    return replace(
        card, created=begun.created, software=begun.software, models=begun.models, outcome=outcome
    )


def _read_card(path: Path) -> RunCard | None:
    """Return the plan of a folder, None when it is damaged or of another program."""
    try:
        return RunCard.from_json(path.read_text(encoding="utf-8"))
    except (ValueError, TypeError, OSError):
        return None


def _difference(held: RunCard, wanted: RunCard) -> str:
    if held.verb != wanted.verb:
        return f"{held.verb} instead of {wanted.verb}"
    words = []
    for name, mine, theirs in (
        ("input", held.inputs, wanted.inputs),
        ("parameter", held.params, wanted.params),
    ):
        a, b = plain(mine), plain(theirs)
        changed = sorted(key for key in {*a, *b} if a.get(key) != b.get(key))
        words += [f"{name} {key} differs" for key in changed]
    return ", ".join(words[:4]) or "another plan"
