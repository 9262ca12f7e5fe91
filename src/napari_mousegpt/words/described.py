"""One description on its way into a table, whether or not it could be made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from napari_mousegpt.models.memory import is_out_of_memory
from napari_mousegpt.words.servers import ServerError
from napari_mousegpt.words.slots import Where, assemble

if TYPE_CHECKING:
    from napari_mousegpt.core.intervals import Intervals

__all__ = ["Described", "Describer", "failed_row", "noted", "worth_asking_again"]

#: Kinds of errors of a server that have nothing to do with the clip.
_OF_SERVER = ("connection", "timeout", "busy", "server", "key", "path", "redirect", "model")
#: In the evidence of a row that failed for such a reason.
_AGAIN = "asked_again"


class Described(NamedTuple):
    """A row of :data:`napari_mousegpt.core.tables.DESCRIPTIONS`, and why it is empty if it is."""

    row: dict[str, Any]
    error: Exception | None = None


class Describer(Protocol):
    """What puts stretches into words, in the order they are given."""

    def rows(self, ranges: Intervals, cancelled: Callable[[], bool]) -> Iterator[Described]:
        """Yield one description for each of the ranges; fewer when cancelled."""


def failed_row(where: Where, model: str, prompt_id: str, error: Exception) -> dict[str, Any]:
    """Return the row of a stretch that could not be described: empty but for the problem.

    Where the server or the memory failed, and not the clip, its evidence says that the stretch is
    asked again when the run goes on.
    """
    words = " ".join(str(error).split()) or type(error).__name__
    passing = is_out_of_memory(error) or (
        isinstance(error, ServerError) and error.kind in _OF_SERVER
    )
    return assemble(
        where,
        {},
        model=model,
        prompt_id=prompt_id,
        raw="",
        problem=f"not described: {words}",
        evidence={_AGAIN: True} if passing else None,
    )


def worth_asking_again(evidence: str) -> bool:
    """Whether a row with this evidence failed because the server or the memory did."""
    return f'"{_AGAIN}"' in evidence


def noted(row: dict[str, Any], damaged: bool) -> dict[str, Any]:
    """Return a row that says when pictures of its clip are damaged."""
    if not damaged:
        return row
    said = [row["problem"], "pictures of the clip are missing or damaged in the file"]
    return {**row, "problem": "; ".join(filter(None, said))}
