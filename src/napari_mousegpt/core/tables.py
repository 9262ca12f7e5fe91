"""The columns of every table this package writes, in one place.

Tables join on keys (``range_id``, ``bout_id``, ``recording``), never on row order. Frames are
half-open and are the authority; columns ending in ``_s`` are seconds derived from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from napari_mousegpt.errors import InputError

__all__ = [
    "ASSIGNMENTS",
    "BOUTS",
    "CLUSTERS",
    "DESCRIPTIONS",
    "SCHEMAS",
    "SCHEMA_VERSION",
    "STUDY",
    "Column",
    "TableSchema",
    "text_cells",
]

#: Raised when a column changes its meaning; written into every file.
SCHEMA_VERSION = 1

Kind = Literal["text", "int", "float"]
_DTYPES = {"int": np.int64, "float": np.float64}


def text_cells(values: ArrayLike) -> NDArray[np.object_]:
    """Return cells as text, shape (n,); what is missing (None, NaN) becomes empty text.

    Takes columns of any kind, categories too, and does not change them.
    """
    cells = np.array(values, dtype=object, ndmin=1)
    cells[pd.isna(cells)] = ""
    return np.asarray(np.frompyfunc(str, 1, 1)(cells), dtype=object)


@dataclass(frozen=True)
class Column:
    """One column: name, kind, whether a table must have it, and what it means."""

    name: str
    kind: Kind
    meaning: str
    required: bool = True


@dataclass(frozen=True)
class TableSchema:
    """Name and columns of a table; further columns are allowed behind them.

    Parameters
    ----------
    name : str
        What messages call the table.
    columns : tuple of Column
        In the order they are written.
    """

    name: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All column names in order."""
        return tuple(column.name for column in self.columns)

    @property
    def needed(self) -> tuple[str, ...]:
        """Names of the columns that every such table has, in order."""
        return tuple(column.name for column in self.columns if column.required)

    def check(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the table with its columns in order and of the right kind.

        Raises
        ------
        InputError
            When a required column is missing or holds values of another kind.
        """
        missing = [name for name in self.needed if name not in table.columns]
        if missing:
            raise InputError(
                f"{self.name} table",
                expected=f"columns {', '.join(self.needed)}",
                found=f"no {', '.join(missing)}",
            )
        table = table.copy()
        for column in self.columns:
            if column.name in table.columns:
                table[column.name] = self._as_kind(table[column.name], column)
        mine = [name for name in self.names if name in table.columns]
        return table[[*mine, *(name for name in table.columns if name not in self.names)]]

    def empty(self) -> pd.DataFrame:
        """Return a table with all columns and no rows."""
        import pandas as pd

        return self.check(pd.DataFrame(columns=list(self.names)))

    def _as_kind(self, values: pd.Series, column: Column) -> pd.Series:
        if column.kind == "text":
            return pd.Series(text_cells(values), index=values.index, dtype=object)
        try:
            numbers = values.astype(_DTYPES[column.kind])
            if column.kind == "int" and not np.array_equal(numbers, values.astype(np.float64)):
                raise ValueError("numbers that are not whole")
            return numbers
        except (ValueError, TypeError) as error:
            raise InputError(
                f"column {column.name!r} of the {self.name} table",
                expected=f"{column.kind} values",
                found=str(error),
            ) from error


_RANGE = (
    Column("range_id", "text", "content hash of recording, individual, start and stop"),
    Column("recording", "text", "id of the recording"),
    Column("individual", "text", "tracked animal; empty for the whole picture"),
    Column("start", "int", "first frame"),
    Column("stop", "int", "frame after the last one"),
)
_SECONDS = (
    Column("start_s", "float", "seconds from the first picture to the first frame", False),
    Column("stop_s", "float", "seconds from the first picture to the end", False),
)

DESCRIPTIONS = TableSchema(
    "descriptions",
    (
        *_RANGE,
        *_SECONDS,
        Column("label", "text", "behaviour in one or two words; empty where it cannot be told"),
        Column(
            "confidence",
            "float",
            "0 to 1; how clearly the label stands out; NaN where a model only wrote it",
        ),
        Column("overall", "text", "what the animal does, in a sentence"),
        Column("head", "text", 'what the head does; "not visible" where it cannot be seen'),
        Column("limb", "text", "what the limbs do"),
        Column("torso", "text", "what the trunk does"),
        Column("keywords", "text", "words for search, joined by semicolons"),
        Column("evidence", "text", "JSON object: the numbers the sentences rest on"),
        Column("model", "text", "describer and its version"),
        Column("prompt_id", "text", "hash of the prompt or of the rule set"),
        Column("margin", "float", "probability of the label less that of the next one", False),
        Column("entropy", "float", "0 to 1; how evenly the labels share the probability", False),
        Column("raw", "text", "what the model wrote, unchanged", False),
        Column("problem", "text", "what was repaired or is odd in that; else empty", False),
        Column(
            "contradiction",
            "float",
            "0 to 1; how far measures of the same frames speak against the words; NaN unchecked",
            False,
        ),
        Column("contradiction_words", "text", "claim, measure and value behind that", False),
        Column(
            "words_source",
            "text",
            "model (it was asked), carried (from an example of the cluster), rules or none",
            False,
        ),
        Column("carried_from", "text", "range_id of the example; else empty", False),
        Column("agreement", "float", "audited agreement of carried words in its cluster", False),
        Column("agreement_low", "float", "lower end of its 95 % interval", False),
        Column("agreement_high", "float", "upper end of its 95 % interval", False),
        Column("why", "text", "why there are no words, or none of the model; else empty", False),
    ),
)

ASSIGNMENTS = TableSchema(
    "cluster assignments",
    (
        *_RANGE,
        *_SECONDS,
        Column("cluster", "int", "id of the cluster; -1 means noise"),
        Column("strength", "float", "0 to 1; how firmly the interval belongs to its cluster"),
        Column("name", "text", "name of the cluster", False),
    ),
)

CLUSTERS = TableSchema(
    "clusters",
    (
        Column("cluster", "int", "id, stable for a frozen map"),
        Column("name", "text", "name from the words of its members"),
        Column("sentence", "text", "description of the medoid"),
        Column("keywords", "text", "words that set it apart, joined by semicolons"),
        Column("coverage", "float", "share of the members' time the name applies to"),
        Column("n_ranges", "int", "intervals assigned"),
        Column("n_bouts", "int", "uninterrupted bouts"),
        Column("seconds", "float", "time spent in it"),
        Column("median_bout_s", "float", "median bout, in seconds"),
        Column("medoid_range_id", "text", "the most typical interval"),
        Column("medoid_recording", "text", "its recording"),
        Column("medoid_start", "int", "its first frame"),
        Column("medoid_stop", "int", "frame after its last one"),
        Column("name_source", "text", "whose name: user, generated, words, kinematic, none", False),
    ),
)

BOUTS = TableSchema(
    "ethogram",
    (
        Column("bout_id", "text", "permanent id of the bout"),
        *_RANGE[1:],
        *_SECONDS,
        Column("label", "text", "behaviour"),
        Column("source", "text", "who says so: human, model, cluster or import"),
        Column("confidence", "float", "0 to 1, NaN where none was given"),
        Column("status", "text", "proposed, accepted or rejected"),
        Column("parent_id", "text", "bout it was split or merged from; else empty"),
        Column("comment", "text", "what a person noted; else empty", False),
    ),
)

STUDY = TableSchema(
    "study",
    (
        Column("recording", "text", "id of the recording, unique"),
        Column("video", "text", "path of the video, relative to the table", False),
        Column("pose", "text", "path of the pose file, relative to the table", False),
        Column("arena", "text", "path of the arena file, relative to the table", False),
        Column("animal", "text", "id of the animal: the unit of every test"),
        Column("individual", "text", "its name in the pose, where that has several", False),
        Column("group", "text", "group it belongs to", False),
        Column("treatment", "text", "what it was given", False),
        Column("dose", "text", "how much, with its unit", False),
        Column("day", "text", "day or time point", False),
        Column("batch", "text", "batch of recordings", False),
        Column("litter", "text", "litter", False),
        Column("cage", "text", "cage", False),
        Column("sex", "text", "sex", False),
    ),
)

#: Every schema by name, for the docs and the tests.
SCHEMAS = {schema.name: schema for schema in (DESCRIPTIONS, ASSIGNMENTS, CLUSTERS, BOUTS, STUDY)}
