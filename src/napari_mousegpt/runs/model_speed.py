"""How fast a model that makes words is here, as far as it was tried on this machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from napari_mousegpt.words.prompts import Prompt

if TYPE_CHECKING:
    from napari_mousegpt.runs.params import RunParams
    from napari_mousegpt.words.found_model import FoundModel

__all__ = ["known_model", "model_speed"]

#: Bytes of weights that are read from a disk and set up in a second, at least.
_READ_PER_S = 0.5e9


def known_model(
    params: RunParams, progress: Callable[[int, int], None] | None = None
) -> FoundModel | None:
    """Return who makes the words, for an estimate: a server is not asked anything for it.

    Parameters
    ----------
    params, progress
        See :meth:`napari_mousegpt.runs.params.RunParams.find_model`, which a model is found by.
    """
    if params.describer.server is None or not params.describes:
        return params.find_model(progress)
    from napari_mousegpt.words.found_model import FoundModel

    return FoundModel(params.describing)


def model_speed(model: FoundModel) -> dict[str, float]:
    """Return how fast a model is by its trust card; nothing is loaded.

    Parameters
    ----------
    model : FoundModel
        A model on this machine, or a server.

    Returns
    -------
    dict of str to float
        ``ask_s``: seconds for one stretch; ``model_loading``: seconds; ``model_mb``: megabytes of
        memory of the computer. Empty where it was never tried on the device it will run on.
    """
    card = model.trust
    if model.weights is None or card is None or card.device != str(model.device):
        return {}
    params, speed = model.params, card.speed
    assert isinstance(params.prompt, Prompt)
    scored = params.vocabulary is not None
    written = [part for part in params.prompt.parts if part != "label" or not scored]
    # Parts share one reading of the pictures, so what is written takes the time; each about as
    # long as the text of a trial.
    per_s = speed.described_per_s if written else speed.clips_per_s
    if not per_s:
        return {}
    size = sum(file.stat().st_size for file in model.weights.folder.glob("*.safetensors"))
    found = {"ask_s": max(1, len(written)) / per_s, "model_loading": 1.0 + size / _READ_PER_S}
    on_card = model.device is not None and model.device.kind != "cpu"
    return found if on_card else {**found, "model_mb": size / 1e6}
