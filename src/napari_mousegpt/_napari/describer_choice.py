"""The choice of who describes: rules, a model on this machine, or a server."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_mousegpt._napari.found_describers import (
    FoundDescriber,
    FoundServer,
    ServerToAgree,
    size_text,
)
from napari_mousegpt._napari.model_choice import (
    FOLDER,
    Absent,
    Fetching,
    ModelChoice,
    absent_model,
    fetching,
    preset_facts,
)
from napari_mousegpt.errors import InputError
from napari_mousegpt.words.describe_params import BY_RULES, DescribeParams
from napari_mousegpt.words.servers import Server

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_mousegpt.models.presets import Preset

__all__ = [
    "SERVER",
    "DescriberChoice",
    "Looking",
    "describer_details",
    "describer_entries",
    "describer_tips",
    "fetch_parts",
    "look_parts",
]

#: Stands in the list of choices for a server, whose address is to be written below.
SERVER = "server"
#: Asked for while no model of a server is chosen: only to hear which there are.
_ANY = "(any)"


@dataclass(frozen=True)
class Looking:
    """What a describer is looked for with.

    Parameters
    ----------
    device : str
        ``"auto"``, ``"cpu"``, or a card.
    by_server : bool
        Whether the name is the address of a server.
    server_model : str
        The model there; empty while none is chosen.
    """

    device: str = "auto"
    by_server: bool = False
    server_model: str = ""


class DescriberChoice(ModelChoice):
    """What is known of the describer that was chosen; looked into beside the viewer.

    Parameters
    ----------
    viewer : ViewerModel
        Whose window stays usable meanwhile.
    """

    what = "describer"

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer, BY_RULES, Looking())

    @property
    def hint(self) -> str:  # type: ignore[override]
        """What to name."""
        if self._settings.by_server:
            return "Write the address of the server, such as http://127.0.0.1:8000/v1."
        return super().hint

    @property
    def ready(self) -> bool:
        """Whether a run can begin with it."""
        if isinstance(self.found, FoundServer):
            return self.found.named and self.found.known
        return super().ready and not isinstance(self.found, ServerToAgree)

    @property
    def by_rules(self) -> bool:
        """Whether no model takes part."""
        return self.name == BY_RULES

    @property
    def listed(self) -> tuple[str, ...]:
        """The models of the server, as far as it lists them."""
        return self.found.facts.listed if isinstance(self.found, FoundServer) else ()

    def look_parts(self) -> Callable[..., Iterator[object]]:
        """Return what looks for a describer."""
        return look_parts

    def fetch_parts(self) -> Callable[..., Iterator[object]]:
        """Return what fetches a model."""
        return fetch_parts

    def choose(self, name: str, looking: Looking | None = None) -> None:
        """Choose a describer and look for it; an empty name is none yet."""
        self._choose(name, looking or Looking())

    def params(self, **asked: object) -> DescribeParams:
        """Return the parameters with this describer.

        Parameters
        ----------
        **asked
            Prompt, vocabulary, clips: further fields of
            :class:`~napari_mousegpt.words.describe_params.DescribeParams`.

        Raises
        ------
        InputError, FormatError
            When no describer is named, or the fields do not fit it.
        """
        if self.by_rules:
            return DescribeParams()
        settings: Looking = self._settings
        if settings.by_server:
            server = Server(self.name, settings.server_model)
            return DescribeParams(server=server, **asked)  # type: ignore[arg-type]
        return DescribeParams(model=self.name, device=settings.device, **asked)  # type: ignore[arg-type]


def describer_entries() -> dict[str, str]:
    """Return who can describe and what to call it."""
    from napari_mousegpt.models.presets import presets

    return {
        BY_RULES: "kinematic rules",
        **{preset.name: preset.name for preset in presets("vlm")},
        FOLDER: "a folder, or the hub",
        SERVER: "a server",
    }


def describer_details() -> dict[str, str]:
    """Return the same with what each preset takes: download, hardware, licence."""
    from napari_mousegpt.models.presets import TIERS, presets

    details = describer_entries()
    for preset in presets("vlm"):
        terms = "non-commercial" if preset.commercial is False else preset.licence
        details[preset.name] = (
            f"{preset.name}: {preset.download_gb:.1f} GB, {TIERS[preset.tier]}, "
            f"{terms or 'licence not known'}"
        )
    return details


def describer_tips() -> dict[str, str]:
    """Return all that is known of each: size, memory, hardware and licence of a preset."""
    from napari_mousegpt.models.presets import presets

    return {
        BY_RULES: "Words from pose or silhouette by rules that can be read; no model",
        **{preset.name: preset_facts(preset) for preset in presets("vlm")},
        FOLDER: "Weights in a folder of this machine, or owner/name on the Hugging Face hub",
        SERVER: "A server with an OpenAI-compatible address: vLLM, SGLang, llama.cpp, Ollama, ...",
    }


def look_parts(
    name: str, looking: Looking
) -> Generator[None, None, FoundDescriber | FoundServer | ServerToAgree | Absent]:
    """Look for a describer; fetches nothing, and sends no frame."""
    from napari_mousegpt.models.weights import local_folder

    yield None
    if looking.by_server:
        return _server(name, looking.server_model)
    if local_folder(name) is None:
        return _absent(name)
    return _found(name, looking)


def fetch_parts(
    name: str, looking: Looking, cancelled: Callable[[], bool]
) -> Generator[Fetching, None, FoundDescriber]:
    """Download a model that a person agreed to; yields how much is there, returns it."""
    from napari_mousegpt.models.weights import find_weights

    yield from fetching(lambda progress: find_weights(name, progress=progress), cancelled)
    return _found(name, looking)


def _found(name: str, looking: Looking) -> FoundDescriber:
    from napari_mousegpt.models.device import devices
    from napari_mousegpt.models.model_folder import check_folder
    from napari_mousegpt.words.found_model import find_model

    model = find_model(DescribeParams(model=name, device=looking.device))
    assert model.weights is not None
    assert model.device is not None
    half_gb = check_folder(model.weights.folder).half_gb
    wide = 2 if model.device.dtypes[0] == "float32" else 1
    return FoundDescriber(model, half_gb * wide, devices(), model.trust)


def _absent(name: str) -> Absent:
    from napari_mousegpt.models.presets import PRESETS, TIERS

    preset = PRESETS.get(name)
    if preset is None:
        return absent_model(name)
    if preset.kind != "vlm":
        raise InputError(
            name,
            expected="a vision-language model, which writes words",
            found="a video encoder, which gives vectors",
            remedy='Use it under "Project and cluster".',
        )
    return absent_model(
        name,
        f"Memory: {size_text(preset.least_gb)} for its weights in 16 bits, twice that without a "
        f"card; it suits a {TIERS[preset.tier]}. {_fits(preset)}",
    )


def _fits(preset: Preset) -> str:
    from napari_mousegpt.models.device import devices
    from napari_mousegpt.models.presets import WEIGHTS_SHARE

    best = devices()[0]
    card = best.kind != "cpu"
    if preset.fits(best.memory_gb, card=card):
        return f"Here it would run on {best}."
    memory_gb = devices()[-1].memory_gb
    found = f"{best if card else 'no card'} and {memory_gb:.0f} GB of memory"
    if preset.memory_gb["float32"] <= memory_gb * WEIGHTS_SHARE:
        return f"This machine has {found}: it would run only on the processor, and slowly."
    return f"This machine has {found}: it would not run here."


def _server(url: str, model: str) -> FoundServer | ServerToAgree:
    from napari_mousegpt.models import Consent
    from napari_mousegpt.words.server_client import look_at

    # A model that it does not list is told beside those that it does, to choose from.
    server = Server(url, model or _ANY, unlisted="note")
    if not server.loopback and not Consent().agreed("server", server.origin):
        return ServerToAgree(server)
    return FoundServer(server, look_at(server), bool(model))
