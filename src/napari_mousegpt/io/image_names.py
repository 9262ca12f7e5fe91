"""Which files are the pictures of a sequence, and in which order.

The order is natural: numbers in names count as numbers, so that ``frame2`` comes before
``frame10``. Sorting by letters would put it after, and every frame number from there on would be
wrong.
"""

from __future__ import annotations

import glob
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from napari_mousegpt.errors import InputError

__all__ = [
    "IMAGE_SUFFIXES",
    "TIFF_SUFFIXES",
    "FoundImages",
    "find_images",
    "is_pattern",
    "matches",
    "natural_key",
]

#: Endings of files that hold pictures, in small letters.
TIFF_SUFFIXES = (".tif", ".tiff", ".stk", ".lsm")
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".pgm", ".ppm", *TIFF_SUFFIXES)

_NUMBER = re.compile(r"[0-9]+")
_SHOWN = 8


@dataclass(frozen=True)
class FoundImages:
    """The files of a sequence in the order of their pictures.

    Parameters
    ----------
    paths : tuple of str
        Absolute paths.
    notes : tuple of str
        How they were ordered, and which numbers are absent.
    pattern : str, optional
        A pattern that finds exactly these files, where there is one.
    problems : tuple of str
        Those of the notes that put the order or the completeness in doubt.
    """

    paths: tuple[str, ...]
    notes: tuple[str, ...]
    pattern: str | None = None
    problems: tuple[str, ...] = ()


def is_pattern(path: str | os.PathLike[str]) -> bool:
    """Return whether a path stands for several files; one that exists under this name does not."""
    return any(sign in os.fspath(path) for sign in "*?[") and not Path(path).exists()


def matches(pattern: str) -> list[str]:
    """Return what a pattern finds, also an absolute one, in no order."""
    return glob.glob(pattern)  # noqa: PTH207 - Path.glob takes no absolute pattern


def natural_key(path: str) -> tuple[object, ...]:
    """Return what to sort a path by: text in small letters, numbers as numbers.

    Examples
    --------
    >>> sorted(["f10.png", "f9.png", "f010.png"], key=natural_key)
    ['f9.png', 'f010.png', 'f10.png']
    """
    parts = re.split(r"([0-9]+)", path.replace(os.sep, "/").lower())
    # Text and numbers take turns, so that like is compared with like.
    return (*(int(part) if place % 2 else part for place, part in enumerate(parts)), path)


def find_images(
    given: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
) -> FoundImages:
    """Find the images of a sequence.

    Parameters
    ----------
    given : folder, pattern or sequence of paths
        Of a folder and of a pattern that matches other files too, the files with an ending of
        :data:`IMAGE_SUFFIXES` are taken. Hidden files never are.

    Returns
    -------
    FoundImages
        In natural order, whatever order a list came in.

    Raises
    ------
    InputError
        When there are none, one is missing or named twice, or the files of a folder or pattern are
        not one sequence: images of several kinds, or of several names.
    """
    pattern: str | None = None
    if isinstance(given, str | os.PathLike):
        name = os.fspath(given)
        pattern = name
        if Path(name).is_dir():
            pattern = str(Path(glob.escape(name)) / "*")
        everything = sorted(found for found in matches(pattern) if Path(found).is_file())
        paths = [found for found in everything if Path(found).suffix.lower() in IMAGE_SUFFIXES]
        if not paths:
            raise InputError(
                name,
                expected=f"images ({', '.join(s[1:] for s in IMAGE_SUFFIXES)})",
                found=f"{len(everything)} files of other kinds" if everything else "no files",
                remedy='Give the folder of the images, or a pattern such as "frames/*.png".',
            )
        _check_one_sequence(name, paths)
        if pattern != name:
            pattern += _same_suffix(paths)
        left = len(everything) - len(paths)
        notes = [f"{left} files of other kinds are left out."] if left else []
    else:
        paths = [os.fspath(item) for item in given]
        name = f"list of {len(paths)} images"
        notes = []
        _check_list(name, paths)
    ordered = sorted(paths, key=natural_key)
    how = f"{len(ordered)} images in the natural order of their names, {_ends(ordered)}."
    if not isinstance(given, str | os.PathLike) and ordered != paths:
        how += " The list came in another order."
    absolute = tuple(os.path.abspath(path) for path in ordered)  # noqa: PTH100
    problems = tuple(_numbering(ordered))
    return FoundImages(absolute, (how, *notes, *problems), pattern, problems)


def _check_list(name: str, paths: list[str]) -> None:
    if not paths:
        raise InputError("list of images", expected="at least one", found="none")
    for path, times in Counter(paths).items():
        if times > 1:
            raise InputError(path, expected="each image once", found=f"{times} times in the {name}")
        if not Path(path).is_file():
            raise InputError(
                path, expected="an image", found="no such file", remedy="Check the path."
            )
        if Path(path).suffix.lower() not in IMAGE_SUFFIXES:
            raise InputError(
                path,
                expected=f"an image ({', '.join(s[1:] for s in IMAGE_SUFFIXES)})",
                found=f"a file of another kind in the {name}",
                remedy="Take it from the list; open videos one by one.",
            )


def _check_one_sequence(name: str, paths: list[str]) -> None:
    """Refuse images that are not one sequence: nobody can say in which order they were taken."""
    kinds = Counter(Path(path).suffix.lower() for path in paths)
    skeletons = Counter(_NUMBER.sub("#", path.lower()) for path in paths)
    if len(kinds) > 1:
        found = ", ".join(f"{count} {kind[1:]}" for kind, count in kinds.most_common())
    elif len(skeletons) > 1 and max(skeletons.values()) > 1:
        shown = [f"{count} {Path(kind).name}" for kind, count in skeletons.most_common()]
        found = ", ".join([*shown[:_SHOWN], "..."] if len(shown) > _SHOWN else shown)
    else:
        return
    raise InputError(
        name,
        expected="images of one sequence",
        found=found,
        remedy='Give a pattern for those that are wanted, such as "frames/cam1_*.png".',
    )


def _same_suffix(paths: list[str]) -> str:
    endings = {Path(path).suffix for path in paths}
    return endings.pop() if len(endings) == 1 else ""


def _ends(paths: Sequence[str]) -> str:
    first, last = Path(paths[0]).name, Path(paths[-1]).name
    return f"{first} to {last}" if len(paths) > 1 else first


def _numbering(paths: Sequence[str]) -> Iterable[str]:
    """Yield what the numbers in the names tell: several that change, twice the same, gaps."""
    numbers = [[int(n) for n in _NUMBER.findall(Path(path).name)] for path in paths]
    if len({len(row) for row in numbers}) != 1 or len(paths) < 2:
        return
    changing = [place for place, values in enumerate(zip(*numbers, strict=True)) if _differ(values)]
    if len(changing) > 1:
        yield (
            f"{len(changing)} numbers in the names change: the first one that does was counted "
            "last. Check that this is the order in time."
        )
    if len(changing) != 1:
        return
    counted = [row[changing[0]] for row in numbers]
    steps = [after - before for before, after in pairwise(counted)]
    if 0 in steps:
        yield f"The number {counted[steps.index(0)]} occurs more than once."
    step = Counter(steps).most_common(1)[0][0]
    gaps = [place for place, size in enumerate(steps) if size > step > 0]
    if gaps:
        shown = []
        for place in gaps[:_SHOWN]:
            first, last = counted[place] + step, counted[place + 1] - step
            shown.append(str(first) if first >= last else f"{first} to {last}")
        shown += ["..."] if len(gaps) > _SHOWN else []
        yield (
            f"Numbers are absent from the names: {', '.join(shown)}. Pictures are counted as they "
            "are: no picture stands for an absent one, and the clock leaves no room for it."
        )


def _differ(values: Sequence[int]) -> bool:
    return any(value != values[0] for value in values)
