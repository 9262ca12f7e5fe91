"""The model that turns a question into a vector: it has to be the one of the index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clusters.text_vectors import TextEmbedding, unit
from napari_mousegpt.errors import MismatchError

__all__ = ["BUILT_IN", "PROBE", "checked_model", "encoded"]

#: Name of the embedding that needs no model.
BUILT_IN = "terms and latent semantic analysis"
#: A sentence whose vector is kept, to tell models apart that have one name.
PROBE = "A mouse rears on its hind legs at the wall, then walks away."
_SAME = 0.999


def checked_model(embedding: TextEmbedding | None, known: Mapping[str, Any]) -> TextEmbedding:
    """Return the model of an index; it has to answer as it did when the index was built.

    Parameters
    ----------
    embedding : TextEmbedding or None
        By default the one that the index names.
    known : mapping
        What the card of the index says of it.

    Raises
    ------
    MismatchError
        When it is another one.
    """
    from napari_mousegpt.clusters.text_models import find_embedding

    model = embedding or find_embedding(known["name"], server=known["server"])
    now = unit(encoded(model, [PROBE])[0])
    then = unit(np.asarray(known["probe"], dtype=np.float32))
    if model.id != known["id"] or now.shape != then.shape or now @ then < _SAME:
        raise MismatchError(
            f"embedding {model.id}",
            expected=f"the one that the index was built with, {known['id']}",
            found="another one: the same sentence has another vector",
            remedy="Vectors of different models are not compared: build the index again.",
        )
    return model


def encoded(embedding: TextEmbedding, texts: Iterable[str]) -> NDArray[np.float32]:
    """Return one vector for each text, checked, shape (n, d)."""
    asked = list(texts)
    values = np.asarray(embedding.encode(asked), dtype=np.float32)
    if values.ndim != 2 or len(values) != len(asked):
        raise MismatchError(
            f"embedding {embedding.id}",
            expected=f"{len(asked)} vectors",
            found=f"an array of shape {values.shape}",
        )
    return values
