"""What is said of each stretch that was found."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.clusters.search_question import Question, best_sentence
from napari_mousegpt.clusters.search_rows import TEXT_FIELDS, SearchRows
from napari_mousegpt.clusters.synonyms import Synonyms
from napari_mousegpt.clusters.text_index import TextIndex

__all__ = ["hits"]


def hits(
    held: SearchRows,
    rows: NDArray[np.int64],
    scores: NDArray[np.float32],
    question: Question,
    index: TextIndex,
    synonyms: Synonyms,
) -> pd.DataFrame:
    """Return the table of :meth:`SearchIndex.find` for some rows in order."""
    answers = [best_sentence(_sentences(held, int(row)), question, index, synonyms) for row in rows]
    columns = {name: held.arrays[name][rows] for name in ("start", "stop", "confidence")}
    named = {
        name: [held.name(name, int(row)) for row in rows]
        for name in ("recording", "individual", "label")
    }
    table = pd.DataFrame(
        {
            "rank": np.arange(1, len(rows) + 1),
            "score": scores,
            "range_id": [one.decode() for one in held.arrays["range_id"][rows].tolist()],
            "recording": named["recording"],
            "individual": named["individual"],
            "start": columns["start"],
            "stop": columns["stop"],
            "start_s": held.seconds(rows, "start"),
            "stop_s": held.seconds(rows, "stop"),
            "label": named["label"],
            "confidence": columns["confidence"],
            "sentence": [sentence for sentence, _ in answers],
            "words": ["; ".join(words) for _, words in answers],
        }
    )
    if held.study is not None:
        facts = held.study.drop_duplicates("recording").set_index("recording")
        facts = facts[[name for name in facts.columns if name not in table.columns]]
        table = table.join(facts, on="recording")
    return table


def _sentences(held: SearchRows, row: int) -> list[str]:
    texts = [held.text(name, row) for name in TEXT_FIELDS]
    return [*texts[:-1], texts[-1].replace(";", "; "), held.name("label", row)]
