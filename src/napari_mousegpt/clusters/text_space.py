"""Descriptions as vectors: what is said alike lies close together, whoever wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_mousegpt.clusters.cluster_map import key_order
from napari_mousegpt.clusters.search_model import BUILT_IN, encoded
from napari_mousegpt.clusters.synonyms import load_synonyms
from napari_mousegpt.clusters.text_index import TextIndex, build_texts
from napari_mousegpt.clusters.text_vectors import LatentText, TextEmbedding
from napari_mousegpt.core.intervals import KEYS, Intervals
from napari_mousegpt.core.provenance import digest
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["sentence_vectors"]

_WIDTH = 32
_SECONDS = ("start_s", "stop_s")


def sentence_vectors(
    descriptions: pd.DataFrame, embedding: TextEmbedding | None = None, *, width: int = _WIDTH
) -> Vectors:
    """Return one vector for each description.

    Parameters
    ----------
    descriptions : DataFrame
        :data:`napari_mousegpt.core.tables.DESCRIPTIONS`, of all recordings that are to be compared:
        the built-in vectors hang on all of them.
    embedding : TextEmbedding, optional
        A model of language; by default weighted terms and latent semantic analysis, which need
        none. Numbers in the sentences play no part.
    width : int
        Dimensions of the built-in vectors at most.

    Returns
    -------
    Vectors
        Sorted by recording, individual and start; NaN where nothing was said. Columns have no
        names.

    Raises
    ------
    InputError
        When fewer than two different things are said, or an interval is described twice.
    """
    kept = [name for name in (*KEYS, *_SECONDS) if name in descriptions.columns]
    order = key_order(Intervals(descriptions[kept]))
    ordered = descriptions.iloc[order].reset_index(drop=True)
    texts = build_texts(ordered, load_synonyms())
    if len(texts.first) < 2:
        raise InputError(
            "words to cluster",
            expected="at least two different descriptions",
            found=str(len(texts.first)),
            remedy="Describe more or shorter stretches.",
        )
    if embedding is None:
        _, rows = TextIndex.fit(texts)
        told = LatentText.fit(rows, width).place(rows)
        model, revision = BUILT_IN, digest([list(texts.terms), len(texts.first), width])
    else:
        told = encoded(embedding, texts.said)
        model, _, revision = embedding.id.partition(" ")
    values = np.full((len(ordered), told.shape[1]), np.nan, dtype=np.float32)
    worded = texts.of_row >= 0
    values[worded] = told[texts.of_row[worded]]
    return Vectors(Intervals(ordered[kept]), values, (), model or "text", revision)
