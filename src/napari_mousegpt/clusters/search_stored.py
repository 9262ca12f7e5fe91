"""From an index in memory to its folder and back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.clusters.search import SearchIndex
from napari_mousegpt.clusters.search_files import Stored, check_sources, read_index, write_index
from napari_mousegpt.clusters.search_rows import SearchRows
from napari_mousegpt.clusters.synonyms import Synonyms
from napari_mousegpt.clusters.text_index import TextIndex
from napari_mousegpt.clusters.text_vectors import LatentText, PackedVectors, TextEmbedding
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import MismatchError

__all__ = ["open_index", "save_index"]


def save_index(found: SearchIndex, folder: Path, *, overwrite: bool) -> Path:
    """Write an index; see :meth:`SearchIndex.save`."""
    arrays = {f"rows.{name}": array for name, array in found.rows.arrays.items()}
    arrays["rows.text_of"] = found.text_of
    index = found.index
    arrays |= {"terms.weights": index.weights, "terms.at": index.at}
    arrays |= {"terms.texts": index.texts, "terms.shares": index.shares}
    packs = {"words": found.texts} | ({"vectors": found.places} if found.places else {})
    for name, pack in packs.items():
        for part in ("exact", "small", "scale", "error"):
            arrays[f"{name}.{part}"] = getattr(pack, part)
    if found.latent is not None:
        arrays["words.axes"] = found.latent.axes
    study = found.rows.study
    card = {
        **found.card,
        "names": {name: list(values) for name, values in found.rows.names.items()},
        "study": None if study is None else study.astype(str).to_dict("list"),
    }
    clocks = {name: clock.to_dict(stamps=True) for name, clock in found.rows.clocks.items()}
    beside = {"clocks": clocks, "terms": list(index.terms)}
    return write_index(Stored(card, beside, arrays), folder, overwrite=overwrite)


def open_index(
    place: Path,
    embedding: TextEmbedding | None,
    clocks: Mapping[str, Timebase] | None,
    *,
    check: bool,
) -> SearchIndex:
    """Open an index; see :meth:`SearchIndex.open`."""
    stored = read_index(place)
    card, arrays = stored.card, stored.arrays
    made_by = card["embedding"]["id"]
    if embedding is not None and embedding.id != made_by:
        raise MismatchError(
            f"search index {place}",
            expected=f"the embedding that it was built with, {made_by}",
            found=embedding.id,
            remedy="Vectors of different models are not compared: build the index again.",
        )
    notes = check_sources(place, card["sources"]) if check else []
    study = None if card["study"] is None else pd.DataFrame(card["study"])
    known = {name: Timebase.from_dict(clock) for name, clock in stored.beside["clocks"].items()}
    own = {n.removeprefix("rows."): a for n, a in arrays.items() if n.startswith("rows.")}
    text_of = own.pop("text_of")
    rows = SearchRows(
        own,
        {name: tuple(values) for name, values in card["names"].items()},
        study,
        {**known, **(clocks or {})},
    )
    index = TextIndex(
        stored.beside["terms"],
        np.asarray(arrays["terms.weights"]),
        np.asarray(arrays["terms.at"]),
        arrays["terms.texts"],
        arrays["terms.shares"],
        card["texts"],
    )
    words = {name: tuple(said) for name, said in card["synonyms"]["words"].items()}
    axes = arrays.get("words.axes")
    return SearchIndex(
        rows,
        text_of,
        index,
        _packed(arrays, "words"),
        Synonyms(words),
        card,
        latent=None if axes is None else LatentText(np.asarray(axes)),
        places=_packed(arrays, "vectors") if "vectors.exact" in arrays else None,
        embedding=embedding,
        notes=notes,
    )


def _packed(arrays: Mapping[str, NDArray[Any]], name: str) -> PackedVectors:
    parts = [arrays[f"{name}.{part}"] for part in ("exact", "small", "scale", "error")]
    return PackedVectors(*parts)
