"""Events of BORIS, which are beginnings and ends, to bouts."""

from __future__ import annotations

from typing import Any

import pandas as pd

from napari_mousegpt.errors import FormatError

__all__ = ["modifier_columns", "pair_events"]


def pair_events(events: pd.DataFrame, subject: str) -> pd.DataFrame:
    """Return one row for each bout from rows of START, STOP and POINT.

    Parameters
    ----------
    events : DataFrame
        Columns ``line``, ``Observation id``, ``Behavior``, ``Time``, ``Status`` or
        ``Behavior type`` and, if there are any, ``Subject`` and modifiers.
    subject : str
        What to call the table in messages.

    Returns
    -------
    DataFrame
        With ``Start (s)`` and ``Stop (s)``, ``Comment`` being that of the start.

    Raises
    ------
    FormatError
        When a START has no STOP or a STOP no START; the line is named.
    """
    status = "Status" if "Status" in events.columns else "Behavior type"
    modifiers = modifier_columns(events)
    open_: dict[tuple[str, ...], dict[str, Any]] = {}
    bouts: list[dict[str, Any]] = []
    for values in events.itertuples(index=False, name=None):
        event = dict(zip(events.columns, values, strict=True))
        key = tuple(
            str(event.get(k, "")) for k in ("Observation id", "Subject", "Behavior", *modifiers)
        )
        kind = str(event[status]).upper()
        if kind == "POINT":
            bouts.append({**event, "Start (s)": event["Time"], "Stop (s)": event["Time"]})
        elif kind == "START" and key not in open_:
            open_[key] = event
        elif kind == "STOP" and key in open_:
            begin = open_.pop(key)
            bouts.append({**begin, "Start (s)": begin["Time"], "Stop (s)": event["Time"]})
        else:
            raise FormatError(
                f"{subject}, line {event['line']}",
                expected="START, STOP or POINT, each START followed by its STOP",
                found=f"{kind} of {event['Behavior']!r} at {event['Time']} s",
                remedy='Use "Fix unpaired events" in BORIS and export again.',
            )
    if open_:
        event = next(iter(open_.values()))
        raise FormatError(
            f"{subject}, line {event['line']}",
            expected="a STOP for each START",
            found=f"none for {event['Behavior']!r} at {event['Time']} s",
            remedy='Use "Fix unpaired events" in BORIS and export again.',
        )
    return pd.DataFrame(bouts, columns=[*events.columns, "Start (s)", "Stop (s)"])


def modifier_columns(events: pd.DataFrame) -> list[str]:
    """Return the columns with modifiers; there is one for each set."""
    return [name for name in events.columns if str(name).startswith("Modifier")]
