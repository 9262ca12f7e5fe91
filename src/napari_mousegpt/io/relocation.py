"""Where the files of a study are now: found by folder and name, shown before anything changes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import pandas as pd

from napari_mousegpt.core.study import Study, path_of_cell
from napari_mousegpt.core.study_checks import FILE_ROLES
from napari_mousegpt.errors import InputError
from napari_mousegpt.io.fingerprint import file_fingerprint

__all__ = ["FOUND", "NewPlace", "Relocation", "relocate"]

#: Ways in which a file is found; the others leave the table as it is.
FOUND = ("same folder and name", "same name", "same content")
#: Files that are listed at most; a whole server has more.
_MOST_FILES = 2_000_000


@dataclass(frozen=True)
class NewPlace:
    """What became of one path of a study.

    Parameters
    ----------
    recording, role : str
        Whose path it is, and which of its paths.
    row : str
        Where it stands, as the file of the table counts.
    old, new : str
        As the table has it, and as it would have it; ``new`` is empty when nothing changes.
    how : str
        ``"in place"``, one of :data:`FOUND`, or why it was not found: ``"not found"``,
        ``"several"``, ``"other content"``, ``"wanted twice"``.
    verified : bool
        Whether a known fingerprint of the content agrees.
    others : str
        Files that could be meant, when none was taken.
    """

    recording: str
    role: str
    row: str
    old: str
    new: str
    how: str
    verified: bool = False
    others: str = ""


@dataclass(frozen=True, eq=False)
class Relocation:
    """What would become of the paths of a study.

    Parameters
    ----------
    study : Study
        As it was.
    rows : tuple of NewPlace
        One for each path of the table.
    """

    study: Study
    rows: tuple[NewPlace, ...]

    @property
    def preview(self) -> pd.DataFrame:
        """The rows as a table, with the fields of :class:`NewPlace` as columns."""
        names = [field.name for field in fields(NewPlace)]
        return pd.DataFrame([asdict(row) for row in self.rows], columns=names)

    @property
    def found(self) -> int:
        """Number of paths that change."""
        return sum(row.how in FOUND for row in self.rows)

    @property
    def open(self) -> int:
        """Number of paths that lead nowhere, before and after."""
        return sum(row.how not in (*FOUND, "in place") for row in self.rows)

    def lines(self) -> list[str]:
        """Return the preview as lines of text, files in place left out."""
        said = []
        for row in self.rows:
            which = f"{row.role} of {row.recording!r} ({row.row}): {row.old}"
            if row.how in FOUND:
                verified = ", content verified" if row.verified else ""
                said.append(f"{which} -> {row.new} ({row.how}{verified})")
            elif row.how != "in place":
                said.append(f"! {which}: {row.how}" + (f": {row.others}" if row.others else ""))
        place = len(self.rows) - self.found - self.open
        return [*said, f"{self.found} found, {self.open} not, {place} in place."]

    def apply(self, *, partial: bool = False) -> Study:
        """Return a study with the new paths; no file is written.

        Parameters
        ----------
        partial : bool
            Change what was found and keep the other paths as they were.

        Raises
        ------
        InputError
            When some paths still lead nowhere and ``partial`` is not given.
        """
        if self.open and not partial:
            raise InputError(
                "relocation",
                expected="one file for each path",
                found=f"{self.open} of {len(self.rows)} without",
                remedy="Name more folders, mend the rows of the preview, or give partial=True to "
                "change the others.",
            )
        table = self.study.to_pandas()
        new = {(row.recording, row.role): row.new for row in self.rows if row.how in FOUND}
        for role in {role for _, role in new}:
            cells = zip(table["recording"], table[role], strict=True)
            table[role] = [new.get((recording, role), cell) for recording, cell in cells]
        return Study(table, self.study.root, self.study.rows)


def relocate(
    study: Study,
    folders: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    roles: Sequence[str] = FILE_ROLES,
    fingerprints: Mapping[tuple[str, str], str] | None = None,
) -> Relocation:
    """Look for the files of a study below some folders.

    Of all files of the same name (letter case aside) the one whose folders agree with the old path
    furthest is taken. Two that agree as far are never chosen between, unless a fingerprint tells;
    a file of another fingerprint is never taken, nor one file for two different paths.

    Parameters
    ----------
    study : Study
        Paths that lead to a file are left alone.
    folders : path-like or several
        Where to look, with everything below; links to folders are not followed.
    roles : sequence of str
        Columns to look at.
    fingerprints : mapping of (recording, role) to str, optional
        Known content, see :func:`napari_mousegpt.io.fingerprint.file_fingerprint`; columns
        ``video_fingerprint``, ``pose_fingerprint`` and so on of the table are used too.

    Returns
    -------
    Relocation
        A preview; :meth:`Relocation.apply` gives the changed study.

    Raises
    ------
    InputError
        When a folder is not there, or holds too many files.
    """
    places = [folders] if isinstance(folders, str | os.PathLike) else list(folders)
    files = _files_below([Path(place) for place in places])
    known = dict(fingerprints or {})
    table = study.to_pandas()
    rows: list[NewPlace] = []
    paths: list[tuple[Path, Path | None]] = []
    for at, cells in enumerate(table.to_dict("records")):
        recording = str(cells["recording"])
        for role in (role for role in roles if role in table.columns):
            text = str(cells[role])
            old = path_of_cell(text, study.root)
            if old is None:
                continue
            content = known.get((recording, role)) or str(cells.get(f"{role}_fingerprint", ""))
            place = NewPlace(recording, role, study.rows([at]), text, "", "in place")
            new: Path | None = old.absolute()
            if not old.is_file():
                new, how, others = _find(old, files, content)
                verified = bool(content) and new is not None
                place = replace(place, how=how, others=others, verified=verified)
            rows.append(place)
            paths.append((old, new))
    wanted: dict[Path, set[Path]] = {}
    for old, new in paths:
        if new is not None:
            wanted.setdefault(new, set()).add(old)
    for i, (_, new) in enumerate(paths):
        if new is None or rows[i].how not in FOUND:
            continue
        if len(wanted[new]) > 1:
            others = new.as_posix()
            rows[i] = replace(rows[i], how="wanted twice", others=others, verified=False)
        else:
            rows[i] = replace(rows[i], new=_as_cell(new, study.root))
    return Relocation(study, tuple(rows))


def _files_below(folders: Sequence[Path]) -> dict[str, list[Path]]:
    """Return the files below some folders by their name without letter case."""
    found: dict[str, dict[Path, None]] = {}
    count = 0
    for folder in folders:
        top = folder.expanduser().absolute()
        if not top.is_dir():
            raise InputError(
                folder, expected="a folder", found="none", remedy="Is its drive mounted?"
            )
        for place, below, names in os.walk(top):
            below.sort()
            count += len(names)
            if count > _MOST_FILES:
                raise InputError(
                    folder,
                    expected=f"at most {_MOST_FILES} files below it",
                    found="more",
                    remedy="Name the folder of the study.",
                )
            for name in sorted(names):
                found.setdefault(name.casefold(), {})[Path(place, name)] = None
    return {name: list(paths) for name, paths in found.items()}


def _find(old: Path, files: Mapping[str, list[Path]], content: str) -> tuple[Path | None, str, str]:
    """Return the new place of one file, how it was found, and what else could be meant."""
    candidates = files.get(old.name.casefold(), [])
    if not candidates:
        return None, "not found", ""
    if content:
        same = [path for path in candidates if file_fingerprint(path) == content]
        if not same:
            return None, "other content", _listed(candidates)
        if len(same) == 1 and len(candidates) > 1:
            return same[0], "same content", ""
        candidates = same
    wanted = [part.casefold() for part in old.parts]
    far = max(_tail(wanted, path) for path in candidates)
    best = [path for path in candidates if _tail(wanted, path) == far]
    if len(best) > 1:
        return None, "several", _listed(best)
    return best[0], FOUND[0] if far > 1 else FOUND[1], ""


def _listed(paths: Sequence[Path]) -> str:
    more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
    return ", ".join(path.as_posix() for path in paths[:5]) + more


def _tail(wanted: Sequence[str], path: Path) -> int:
    """Return how many parts at the end agree, letter case aside."""
    parts = [part.casefold() for part in path.parts]
    length = 0
    for mine, theirs in zip(reversed(wanted), reversed(parts), strict=False):
        if mine != theirs:
            break
        length += 1
    return length


def _as_cell(path: Path, root: Path | None) -> str:
    """Return a path as a table writes it: from its own folder where it lies below."""
    top = None if root is None else root.absolute()
    return (path.relative_to(top) if top and path.is_relative_to(top) else path).as_posix()
