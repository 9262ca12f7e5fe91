"""A model or a server that makes words: found and checked before anything is measured or read."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from napari_mousegpt.core.provenance import digest, plain
from napari_mousegpt.errors import InputError
from napari_mousegpt.words.calibration import Calibration, vocabulary_hash
from napari_mousegpt.words.prompts import Prompt, prompt_id
from napari_mousegpt.words.servers import Server
from napari_mousegpt.words.vocabulary import Vocabulary

if TYPE_CHECKING:
    from napari_mousegpt.models.device import Device
    from napari_mousegpt.models.trust import TrustCard
    from napari_mousegpt.models.vision_language import VisionLanguageModel
    from napari_mousegpt.models.weights import Weights
    from napari_mousegpt.words.describe_params import DescribeParams
    from napari_mousegpt.words.server_client import ServerFacts

__all__ = ["FoundModel", "describer_name", "find_model"]

#: What a run card tells of a calibration.
_OF_CALIBRATION = ("temperature", "n", "n_animals", "ece_before", "ece_after", "notes")


@dataclass(frozen=True, eq=False)
class FoundModel:
    """A model on this machine, or a server, that can be asked; one for any number of recordings.

    Parameters
    ----------
    params : DescribeParams
        What it was found for.
    least : int
        Pictures that it needs at least.
    weights : Weights, optional
        Looked over; None for a server.
    device : Device, optional
        Where it will run; None for a server.
    facts : ServerFacts, optional
        What the server says it is; None for a model, or a server that was not asked yet.
    """

    params: DescribeParams
    least: int = 1
    weights: Weights | None = None
    device: Device | None = None
    facts: ServerFacts | None = None

    @cached_property
    def loaded(self) -> VisionLanguageModel:
        """The model; loaded when first asked for, and never a second time."""
        from napari_mousegpt.models.vision_language import VisionLanguageModel

        assert self.weights is not None
        assert self.device is not None
        how = self.params
        return VisionLanguageModel.load(
            self.weights,
            self.device,
            dtype=how.dtype,
            compile=how.compile,
            quantised=how.quantised,
        )

    @property
    def name(self) -> str:
        """What stands as ``model`` in every row."""
        return self.params.model if self.weights is None else describer_name(self.weights)

    @property
    def trust(self) -> TrustCard | None:
        """What the model was seen to do on this machine; None if it was never tried."""
        from napari_mousegpt.models.trust import trust_card

        return None if self.weights is None else trust_card(self.weights.files_hash)

    @property
    def inputs(self) -> dict[str, str]:
        """What its words hang on, by content; examples of the prompt by their place."""
        prompt, vocabulary = self.params.prompt, self.params.vocabulary
        assert isinstance(prompt, Prompt)
        found = {}
        if self.weights is not None:
            # Numbers of 16 and of 32 bits do not say quite the same.
            found = {"weights": self.weights.files_hash, "numbers": self._numbers()}
        if isinstance(vocabulary, Vocabulary):
            found["vocabulary"] = vocabulary_hash(vocabulary)
            found["prompt"] = prompt_id(prompt, vocabulary)
        else:
            found["prompt"] = prompt_id(prompt)
        if self.params.calibration is not None:
            found["calibration"] = digest(plain(self.params.calibration))
        return found

    def provenance(self) -> dict[str, str]:
        """Return what a run card says of it, for people, with prompt and labels in full."""
        prompt, vocabulary = self.params.prompt, self.params.vocabulary
        assert isinstance(prompt, Prompt)
        told = {"describer": self.name}
        if self.facts is not None:
            told["server"] = json.dumps(asdict(self.facts), ensure_ascii=False)
        if self.weights is not None:
            tried = self.trust
            told["folder"] = str(self.weights.folder)
            told["licence"] = self.weights.licence
            told["device"] = self._device_words()
            told["trust"] = (
                "not tried on this machine (napari-mousegpt certify)"
                if tried is None
                else json.dumps(tried.summary(), ensure_ascii=False)
            )
        told["prompt"] = prompt.to_toml()
        if vocabulary is not None:
            told["vocabulary"] = json.dumps(plain(vocabulary), ensure_ascii=False)
        fit = self.params.calibration
        if isinstance(fit, Calibration):
            # The temperature of the parameters is not the one that was used then.
            facts = {name: getattr(fit, name) for name in _OF_CALIBRATION}
            told["calibration"] = json.dumps(facts, ensure_ascii=False)
        return told

    def lines(self) -> list[str]:
        """Return what describes, for people: model, licence and device, or the server."""
        server = self.params.server
        if isinstance(server, Server):
            return [f"Words by {self.name}, on the server {server.url}."]
        assert self.weights is not None
        licence = self.weights.licence or "not known"
        return [f"Words by {self.name}, licence: {licence}.", f"It runs on {self._device_words()}."]

    def _device_words(self) -> str:
        return f"{self.device}, {self._numbers()}"

    def _numbers(self) -> str:
        assert self.device is not None
        how = self.params
        return how.quantised or (self.device.dtypes[0] if how.dtype == "auto" else how.dtype)


def find_model(
    params: DescribeParams,
    progress: Callable[[int, int], None] | None = None,
    *,
    n_frames: int | None = None,
    look: bool = True,
) -> FoundModel:
    """Find the model that parameters name, and choose where it runs; or look at the server.

    Nothing is loaded, and no frame is sent.

    Parameters
    ----------
    params : DescribeParams
        Not by rules.
    progress : callable, optional
        Called with bytes done and bytes in all while weights are downloaded.
    n_frames : int, optional
        Pictures that a server would get, for the question whether they may leave this machine.
    look : bool
        Whether a server is asked who it is. Whether it was agreed to is looked up in any case.

    Raises
    ------
    ConsentError
        When weights would be downloaded, or frames sent, and nobody agreed.
    InputError
        When the model cannot be used here.
    ServerError
        When the server cannot be reached, or has no such model.
    """
    if isinstance(params.server, Server):
        from napari_mousegpt.words.server_client import look_at
        from napari_mousegpt.words.server_consent import check_agreement

        check_agreement(params.server, n_frames=n_frames)
        return FoundModel(params, facts=look_at(params.server) if look else None)
    from napari_mousegpt.models.checkpoints import check_quantising
    from napari_mousegpt.models.device import choose_device
    from napari_mousegpt.models.families import family_of
    from napari_mousegpt.models.weights import card_needed_gb, find_weights

    weights = find_weights(params.model, revision=params.revision, progress=progress)
    if weights.kind != "vlm":
        raise InputError(
            weights.name,
            expected="a vision-language model, which writes words",
            found="a video encoder, which gives vectors",
            remedy="Use it with project; napari-mousegpt models lists those that describe.",
        )
    config = json.loads((Path(weights.folder) / "config.json").read_text(encoding="utf-8"))
    least = family_of(config).least_frames
    needed = card_needed_gb(weights, dtype=params.dtype, quantised=params.quantised)
    device = choose_device(params.device, needs_card_gb=needed, why=weights.name)
    check_quantising(params.quantised)
    return FoundModel(params, least, weights, device)


def describer_name(weights: Weights) -> str:
    """Return what stands as ``model`` in every row: the model, and which version of it."""
    version = weights.revision or weights.files_hash.rpartition(":")[2]
    return f"{weights.name} {version[:12]}"
