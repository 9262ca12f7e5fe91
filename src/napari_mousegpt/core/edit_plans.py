"""What an edit does to a bout, row by row; nothing here knows what else is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import nan

from napari_mousegpt.core.edits import BoutRow, Change
from napari_mousegpt.core.ethogram import new_bout_ids
from napari_mousegpt.errors import InputError

__all__ = ["by_hand", "checked_label", "merged", "split", "trimmed", "within_video"]


def by_hand(row: BoutRow, **values: object) -> BoutRow:
    """Return a row as a person made it: their word is no guess and has no confidence."""
    return replace(row, source="human", status="accepted", confidence=nan, **values)  # type: ignore[arg-type]


def checked_label(label: str) -> str:
    """Return a label without blanks around it.

    Raises
    ------
    InputError
        When nothing is left, or it has more than one line.
    """
    clean = label.strip()
    if not clean or not clean.isprintable():
        raise InputError(
            f"label {label!r}",
            expected="a behaviour in one line",
            found="nothing" if not clean else "signs that cannot be shown",
            remedy="Write for example: rearing.",
        )
    return clean


def within_video(start: int | None, stop: int | None, n_frames: int) -> None:
    """Check that bounds lie in the video; one that is None is left alone.

    Raises
    ------
    InputError
        When one lies outside, or the end comes before the start.
    """
    if start is not None and stop is not None and stop < start:
        raise InputError(
            f"bout [{start}, {stop})",
            expected="an end that is not before the start",
            remedy="Swap the two.",
        )
    # The frame after the last one is an end, but nothing starts there.
    for name, bound, last in (("start", start, n_frames - 1), ("end", stop, n_frames)):
        if bound is not None and not 0 <= bound <= last:
            raise InputError(
                f"{name} of the bout",
                expected=f"a frame of the video, 0 to {last}",
                found=str(bound),
                remedy="Choose bounds inside the video.",
            )


def trimmed(row: BoutRow, start: int | None, stop: int | None, n_frames: int) -> BoutRow:
    """Return a bout with other bounds; one that is None stays.

    Raises
    ------
    InputError
        When nothing would be left of it, or a given bound is outside the video.
    """
    first = row.start if start is None else start
    last = row.stop if stop is None else stop
    if row.start < row.stop and first >= last:
        raise InputError(
            f"trim of {row.label!r} to [{first}, {last})",
            expected="at least one frame that stays",
            found="none",
            remedy="Reject or remove the bout instead.",
        )
    if last < first:
        within_video(first, last, n_frames)
    # A bound that stays may lie behind the video: labels made on a longer copy of it do.
    within_video(start, stop, n_frames)
    return by_hand(row, start=first, stop=last)


def split(row: BoutRow, frame: int) -> tuple[BoutRow, BoutRow]:
    """Return both parts of a bout; the left one keeps the id, the right one names it as parent.

    Raises
    ------
    InputError
        When the frame is not inside the bout.
    """
    if not row.start < frame < row.stop:
        inside = f"a frame from {row.start + 1} to {row.stop - 1}"
        raise InputError(
            f"split of {row.label!r} [{row.start}, {row.stop}) at frame {frame}",
            expected=inside if row.stop - row.start > 1 else "a bout of at least two frames",
            remedy="Go to a frame inside the bout and split again.",
        )
    left = by_hand(row, stop=frame)
    [new] = new_bout_ids(1)
    return left, by_hand(row, bout_id=new, start=frame, parent_id=row.bout_id, comment="")


def merged(rows: Sequence[BoutRow], label: str | None) -> list[Change]:
    """Return the changes that make one bout of several; the first in time keeps its id.

    Raises
    ------
    InputError
        When there are fewer than two, or they differ in individual, or in label and none is given.
    """
    rows = sorted(rows, key=lambda row: row.key)
    if len(rows) < 2:
        raise InputError(
            "merge", expected="two bouts or more", found=str(len(rows)), remedy="Select them first."
        )
    for what, values in (
        ("individual", {row.individual for row in rows}),
        ("label", {row.label for row in rows} if label is None else {label}),
    ):
        if len(values) > 1:
            raise InputError(
                f"merge of {len(rows)} bouts",
                expected=f"one {what}",
                found=", ".join(sorted(map(repr, values))),
                remedy="Give the label of the merged bout."
                if what == "label"
                else "Merge the bouts of each individual for themselves.",
            )
    first, *others = rows
    comments = dict.fromkeys(row.comment for row in rows if row.comment)
    whole = by_hand(
        first,
        stop=max(row.stop for row in rows),
        label=first.label if label is None else label,
        comment="; ".join(comments),
    )
    gone = [Change(row.bout_id, row, None) for row in others]
    return [Change(first.bout_id, first, whole), *gone]
