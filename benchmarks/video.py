"""Right pictures and fast ones: our video reader beside OpenCV, decord2 and ``ffmpeg``.

62 requests on each of 18 kinds of files whose pictures show their frame numbers (30 random ones, 30
walking backwards, the last, the first), then ratios of processor time on a clip of 640 x 480
pixels. Only ratios mean something on another machine.

    python benchmarks/video.py            # both tables, a few minutes
    python benchmarks/video.py --quick    # shorter files, under a minute
    python benchmarks/video.py --json     # the same as JSON
    python benchmarks/video.py --check    # exit 1 when a limit is missed; tells what was left out
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from napari_mousegpt.errors import InputError
from napari_mousegpt.io.video import VideoReader
from support.painted import HEIGHT, WIDTH, read_number
from support.video_kinds import KINDS, KindOfFile, make_kind
from video_speed import (
    Figure,
    against_opencv,
    clip_sampling,
    library,
    long_index,
    main_clip,
    memory,
    whole_file,
)

Picture = Callable[[int], tuple[Any, bool]]


@dataclass
class Asked:
    """What came of the 62 requests on one file.

    ``wrong`` counts wrong pictures that nothing warned of, ``flagged`` wrong ones that were called
    damaged, ``errors`` requests that failed, ``cut`` the rows behind the whole pictures that are
    called damaged. ``turned`` says whether pictures came rotated.
    """

    n_true: int
    n_stated: int | None = None
    wrong: int = 0
    flagged: int = 0
    errors: int = 0
    cut: int = 0
    turned: bool = False
    refused: str = ""

    @property
    def text(self) -> str:
        """A cell of the table."""
        if self.refused:
            return "refused"
        words = [f"{n} {w}" for n, w in ((self.wrong, "wrong"), (self.errors, "errors")) if n]
        words += [f"{self.flagged} flagged"] if self.flagged else []
        words += ["turned"] if self.turned else []
        words += [f"n={self.n_stated}"] if self.n_stated != self.n_true + self.cut else []
        words = words or ["ok"]
        words += [f"(+{self.cut} cut, flagged)"] if self.cut else []
        return " ".join(words)


def _ask(made: KindOfFile, picture: Picture, found: Asked) -> Asked:
    for row in made.requests():
        try:
            array, flagged = picture(row)
        except (InputError, EOFError):
            found.errors += 1
            continue
        if array.shape[:2] != (HEIGHT, WIDTH):
            found.turned = True
            array = np.rot90(array)
        if not any(_shows(made, row, view) for view in (array, array[::-1, ::-1])):
            found.wrong += not flagged
            found.flagged += flagged
    return found


def _shows(made: KindOfFile, row: int, array: Any) -> bool:
    try:
        return made.is_right(row, read_number(array))
    except ValueError:
        return False


def ask_ours(made: KindOfFile) -> Asked:
    """Ask our reader; every frame beyond the whole pictures has to be flagged as well."""
    n = len(made.numbers)
    try:
        reader = VideoReader(made.path)
    except InputError as error:
        return Asked(n, refused=str(error).replace(str(made.path.parent) + "/", ""))
    with reader:

        def picture(row: int) -> tuple[Any, bool]:
            return reader[row], bool(reader.damaged[row])

        found = _ask(made, picture, Asked(n, len(reader)))
        for row in range(n, len(reader)):
            array, flagged = picture(row)
            found.wrong += not (flagged or _shows(made, row, array))
            found.cut += flagged
        return found


def ask_opencv(cv2: Any, made: KindOfFile) -> Asked:
    """Ask OpenCV, which flags nothing."""
    capture = cv2.VideoCapture(str(made.path))
    if not capture.isOpened():
        return Asked(len(made.numbers), refused="does not open")

    def picture(row: int) -> tuple[Any, bool]:
        capture.set(cv2.CAP_PROP_POS_FRAMES, row)
        good, array = capture.read()
        if not good:
            raise EOFError(row)
        return array, False

    stated = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    found = _ask(made, picture, Asked(len(made.numbers), stated))
    capture.release()
    return found


def accuracy(folder: Path, part: float) -> dict[str, dict[str, Asked]]:
    """Return what came of the requests, per kind and reader."""
    cv2 = library("cv2")
    table: dict[str, dict[str, Asked]] = {}
    for name in KINDS:
        made = make_kind(name, folder, part)
        table[name] = {"ours": ask_ours(made)}
        if cv2:
            table[name]["OpenCV"] = ask_opencv(cv2, made)
        made.path.unlink()
    return table


def speed(folder: Path, *, quick: bool, hours: float) -> list[Figure]:
    """Return all figures of time and memory."""
    clip = main_clip(folder)
    turns, thorough = (2, False) if quick else (3, True)
    steps, count = (20, 500) if quick else (60, 1500)
    return [
        *against_opencv(clip, steps=steps, turns=turns, thorough=thorough),
        *clip_sampling(clip, count=count, turns=turns, thorough=thorough),
        *whole_file(clip, turns=turns),
        memory(clip, requests=30 if quick else 100),
        *long_index(folder, hours),
    ]


def misses(table: dict[str, dict[str, Asked]], figures: list[Figure]) -> list[str]:
    """Return a sentence for every limit that is missed."""
    lines = [
        f"{name}: {row['ours'].text}"
        for name, row in table.items()
        if row["ours"].wrong or row["ours"].errors or row["ours"].turned
    ]
    for figure in figures:
        if figure.missed:
            limit = f">= {figure.at_least:g}" if figure.at_least else f"<= {figure.at_most:g}"
            lines.append(f"{figure.name}: {figure.value:.3g} {figure.unit}, wanted {limit}")
    return lines


def _print(table: dict[str, dict[str, Asked]], figures: list[Figure]) -> None:
    if table:
        print(f"{'62 requests on each kind (true count)':44}{'ours':26}OpenCV")
    for name, row in table.items():
        cells = [row[who].text if who in row else "not here" for who in ("ours", "OpenCV")]
        kind = f"{name} ({row['ours'].n_true})"
        print(f"  {kind:42}{cells[0]:26}{cells[1]}")
    for name, row in table.items():
        if row["ours"].refused:
            print(f"{name} is refused: {row['ours'].refused}")
    if figures:
        print(f"\n{'processor time, ours is 1':52}{'':>10}wanted")
    for figure in figures:
        value = "-" if figure.value is None else f"{figure.value:.3g} {figure.unit}"
        limit = "" if figure.at_least is None else f">= {figure.at_least:g}"
        limit = limit if figure.at_most is None else f"<= {figure.at_most:g}"
        print(f"  {figure.name:50}{value:>10}  {limit:8}{figure.note}")


def main(arguments: list[str] | None = None) -> int:
    """Print the tables or JSON; with ``--check`` fail on a miss."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--check", action="store_true", help="exit 1 when a limit is missed")
    parser.add_argument("--quick", action="store_true", help="shorter files, under a minute")
    parser.add_argument("--hours", type=float, help="length of the long file (10, or 1 if quick)")
    parser.add_argument("--only", choices=["accuracy", "speed"], help="one half")
    chosen = parser.parse_args(arguments)
    hours = chosen.hours or (1 if chosen.quick else 10)
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # it prints what it meets otherwise
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["NAPARI_MOUSEGPT_CACHE"] = str(folder / "cache")
        table = {} if chosen.only == "speed" else accuracy(folder, 0.1 if chosen.quick else 1)
        figures = (
            [] if chosen.only == "accuracy" else speed(folder, quick=chosen.quick, hours=hours)
        )
    missed = misses(table, figures)
    absent = [f"{figure.name}: {figure.note}" for figure in figures if figure.value is None]
    if library("cv2") is None:
        absent.append("accuracy of OpenCV: opencv-python-headless is not here")
    if chosen.only:
        absent.append(f"only the {chosen.only} was asked for")
    if chosen.json:
        rows = {name: {who: asdict(a) for who, a in row.items()} for name, row in table.items()}
        values = [asdict(figure) for figure in figures]
        print(json.dumps({"accuracy": rows, "figures": values, "missed": missed}, indent=1))
    else:
        _print(table, figures)
    if chosen.check:
        for line in missed:
            print(f"missed: {line}", file=sys.stderr)
        for line in absent:
            print(f"not measured: {line}", file=sys.stderr)
    return 1 if missed and chosen.check else 0


if __name__ == "__main__":
    raise SystemExit(main())
