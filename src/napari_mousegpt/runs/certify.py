"""Trying a model on this machine before it is trusted with recordings."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from napari_mousegpt.core.provenance import plain, software_versions
from napari_mousegpt.models.trust import Speed, Trial, TrustCard, keep
from napari_mousegpt.runs.encoder_trials import encode_clips, encoder_trials
from napari_mousegpt.runs.trial_clips import draw_clip
from napari_mousegpt.runs.trials import QUESTIONS, TrialParams, answer_trials

if TYPE_CHECKING:
    from napari_mousegpt.models.checkpoints import DTypeName
    from napari_mousegpt.models.device import Device
    from napari_mousegpt.models.weights import Weights

__all__ = ["certify", "try_model"]


def certify(
    model: str,
    params: TrialParams | None = None,
    *,
    device: str = "auto",
    dtype: DTypeName = "auto",
    revision: str = "",
    progress: Callable[[Trial], None] | None = None,
) -> TrustCard:
    """Try a model on drawn clips whose answers are known, and keep its trust card.

    Parameters
    ----------
    model : str
        Preset, folder, or id of the Hugging Face hub, as for
        :func:`~napari_mousegpt.models.weights.find_weights`.
    params : TrialParams, optional
        How much it is tried.
    device, dtype : str
        What it runs on, and its numbers.
    revision : str
        Of a model of the hub.
    progress : callable, optional
        Called with each trial as soon as it is done.

    Returns
    -------
    TrustCard
        Kept in the user's data by the hash of the weights, so that run cards can take it up.

    Raises
    ------
    InputError
        When the model cannot be used here; see ``find_weights`` and ``choose_device``.
    """
    from napari_mousegpt.models.device import choose_device
    from napari_mousegpt.models.weights import card_needed_gb, find_weights

    weights = find_weights(model, revision=revision)
    needed = card_needed_gb(weights, dtype=dtype)
    place = choose_device(device, needs_card_gb=needed, why=weights.name)
    loaded = _load(weights, place, dtype)
    card = try_model(loaded, place, params, progress=progress)
    keep(card)
    return card


def try_model(
    loaded: Any,
    device: Device,
    params: TrialParams | None = None,
    *,
    progress: Callable[[Trial], None] | None = None,
) -> TrustCard:
    """Try a model that is loaded; see :func:`certify`. The card is not kept.

    Parameters
    ----------
    loaded : VisionLanguageModel or VideoEncoder
        With the ``weights`` it came from.
    device : Device
        It runs on this.
    params, progress
        As for :func:`certify`.
    """
    wanted = params or TrialParams()
    encoder = loaded.weights.kind == "encoder"
    trials: list[Trial] = []
    for trial in _trials(loaded, wanted, encoder):
        trials.append(trial)
        if progress is not None:
            progress(trial)
    measure = _encoder_speed if encoder else _answer_speed
    weights = loaded.weights
    return TrustCard(
        model=weights.name,
        revision=weights.revision,
        weights_hash=weights.files_hash,
        family=weights.family,
        kind=weights.kind,
        device=str(device),
        dtype=str(loaded.dtype).removeprefix("torch."),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        params=plain(wanted),
        trials=tuple(trials),
        speed=measure(loaded, device, wanted),
        software=software_versions(),
    )


def _load(weights: Weights, device: Device, dtype: DTypeName) -> Any:
    if weights.kind == "vlm":
        from napari_mousegpt.models.vision_language import VisionLanguageModel

        return VisionLanguageModel.load(weights, device, dtype=dtype)
    from napari_mousegpt.models.encoders import VideoEncoder

    return VideoEncoder.load(weights, device, dtype=dtype)


def _trials(loaded: Any, params: TrialParams, encoder: bool) -> Iterator[Trial]:
    return encoder_trials(loaded, params) if encoder else answer_trials(loaded, params)


def _answer_speed(model: Any, device: Device, params: TrialParams) -> Speed:
    """Clips labelled and described in a second, in batches as large as fit."""
    from napari_mousegpt.models.asks import Ask
    from napari_mousegpt.models.engine import Budget, Failed, run_engine
    from napari_mousegpt.models.memory import measured_peak

    question, budget = QUESTIONS["direction"], Budget(params.batch)
    asks = [question.ask(clip) for clip in params.clips(question)]
    told = [Ask(ask.clips, "Describe what the mouse does.") for ask in asks]

    def through(some: list[Ask], compute: Callable[[Any], list[Any]]) -> tuple[float, list[Any]]:
        results = []
        begin = time.perf_counter()
        for _, result in run_engine(
            some,
            key=lambda ask: ask.clips[0].n_frames,
            cost=lambda _: 1.0,
            prepare=model.prepare,
            compute=lambda batch, _: compute(batch),
            budget=budget,
        ):
            if isinstance(result, Failed):
                raise result.error
            results.append(result)
        return time.perf_counter() - begin, results

    labelling, _ = through(asks, lambda batch: list(model.score(batch, question.labels)))
    with measured_peak(device.name) as peak:
        describing, written = through(
            told, lambda batch: list(model.generate(batch, max_tokens=params.new_tokens))
        )
    return Speed(
        clips_per_s=len(asks) / labelling,
        described_per_s=len(told) / describing,
        tokens_per_s=sum(answer.tokens for answer in written) / describing,
        peak_bytes=peak.used_bytes,
        batch=int(budget.limit),
    )


def _encoder_speed(encoder: Any, device: Device, params: TrialParams) -> Speed:
    from napari_mousegpt.models.engine import Budget
    from napari_mousegpt.models.memory import measured_peak

    clips = [
        draw_clip("move", i, n_frames=encoder.spec.frames, size=params.size)
        for i in range(params.trials)
    ]
    budget = Budget(params.batch)
    with measured_peak(device.name) as peak:
        begin = time.perf_counter()
        encode_clips(encoder, clips, budget)
        seconds = time.perf_counter() - begin
    return Speed(len(clips) / seconds, peak_bytes=peak.used_bytes, batch=int(budget.limit))
