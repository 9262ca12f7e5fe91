"""From descriptions to an index in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from napari_mousegpt.clusters.search import SearchIndex
from napari_mousegpt.clusters.search_model import BUILT_IN, PROBE, encoded
from napari_mousegpt.clusters.search_rows import SearchRows, sorted_descriptions
from napari_mousegpt.clusters.search_vectors import vectors_of_rows
from napari_mousegpt.clusters.synonyms import Synonyms, load_synonyms
from napari_mousegpt.clusters.text_index import TextIndex, build_texts
from napari_mousegpt.clusters.text_vectors import LatentText, PackedVectors, TextEmbedding
from napari_mousegpt.core.provenance import software_versions
from napari_mousegpt.core.study import Study
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError

__all__ = ["build_index"]


def build_index(
    descriptions: pd.DataFrame,
    vectors: Vectors | None,
    clocks: Mapping[str, Timebase],
    study: Study | pd.DataFrame | None,
    embedding: TextEmbedding | None,
    synonyms: Synonyms | None,
    sources: Mapping[str, Any],
) -> SearchIndex:
    """Build an index; see :meth:`SearchIndex.build`."""
    if not len(descriptions):
        raise InputError("search", expected="at least one description", found="none")
    table = sorted_descriptions(descriptions)
    words = synonyms or load_synonyms()
    facts = study.to_pandas() if isinstance(study, Study) else study
    rows = SearchRows.build(table, study=facts, clocks=clocks)
    texts = build_texts(table, words)
    index, weighted = TextIndex.fit(texts)
    latent = probe = None
    if embedding is None:
        latent = LatentText.fit(weighted)
        packed = PackedVectors.pack(latent.place(weighted))
    else:
        packed = PackedVectors.pack(encoded(embedding, texts.said))
        probe = [round(float(value), 6) for value in encoded(embedding, [PROBE])[0]]
    places = None if vectors is None else vectors_of_rows(vectors, table)
    card = {
        "rows": len(rows),
        "texts": index.n_texts,
        "without_words": int((texts.of_row < 0).sum()),
        "embedding": {
            "id": BUILT_IN if embedding is None else embedding.id,
            "name": getattr(embedding, "name", ""),
            "server": getattr(embedding, "url", ""),
            "width": packed.width,
            "probe": probe,
        },
        "vectors": None
        if vectors is None
        else {"model": vectors.model, "revision": vectors.revision},
        "synonyms": {"id": words.id, "words": {k: list(v) for k, v in words.concepts.items()}},
        "sources": dict(sources),
        "software": software_versions(),
    }
    return SearchIndex(
        rows,
        texts.of_row,
        index,
        packed,
        words,
        card,
        latent=latent,
        places=places,
        embedding=embedding,
    )
