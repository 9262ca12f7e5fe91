"""What came of looking for a describer: a model, or a server, as it is told to people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_mousegpt.vectors import licence_text
from napari_mousegpt.words.servers import Server

if TYPE_CHECKING:
    from napari_mousegpt.models.device import Device
    from napari_mousegpt.models.trust import TrustCard
    from napari_mousegpt.words.found_model import FoundModel
    from napari_mousegpt.words.server_client import ServerFacts

__all__ = ["FoundDescriber", "FoundServer", "ServerToAgree", "size_text"]

_VERDICTS = {"passes": "passed", "passes in part": "passed in part", "fails": "failed"}
_OPEN_WAY = {True: ", unencrypted", False: ""}
#: Models of a server that are named.
_NAMES_TOLD = 6
#: Letters of a host that a button has room for.
_LONGEST = 24


@dataclass(frozen=True, eq=False)
class FoundDescriber:
    """A model that is on this machine, was checked, and can run here.

    Parameters
    ----------
    model : FoundModel
    weights_gb : float
        GB (1e9 bytes) that its weights take while it runs.
    devices : tuple of Device
        All of this machine.
    trust : TrustCard, optional
        What it was seen to do on this machine.
    """

    model: FoundModel
    weights_gb: float
    devices: tuple[Device, ...]
    trust: TrustCard | None = None

    def lines(self) -> list[str]:
        """Return what it is, for people: family, licence, device and memory, trust."""
        from napari_mousegpt.models.presets import PRESETS

        weights, device, tried = self.model.weights, self.model.device, self.trust
        assert weights is not None
        assert device is not None
        preset = PRESETS.get(weights.name)
        licence = licence_text(weights.licence, None if preset is None else preset.commercial)
        trust = (
            "It was never tried on this machine: napari-mousegpt certify tells how far to trust it."
            if tried is None
            else f"When it was tried on this machine, it {_VERDICTS[tried.verdict]}. {tried.reason}"
        )
        return [
            f"{weights.name} is on this machine; its family is {weights.family}.",
            f"Licence: {licence}.",
            f"It runs on {device}, in {device.dtypes[0]}; "
            f"its weights take {size_text(self.weights_gb)} of that.",
            trust,
        ]


@dataclass(frozen=True)
class ServerToAgree:
    """A server that frames may go to only when a person has agreed.

    Parameters
    ----------
    server : Server
    """

    server: Server

    @property
    def button(self) -> str:
        """What the button says that agrees."""
        host = self.server.host
        # The whole name stands above; a long one would make the panel wide.
        half = _LONGEST // 2
        short = host if len(host) <= _LONGEST else f"{host[:half]}...{host[-half:]}"
        return f"Agree to send frames to {short}"

    def lines(self) -> list[str]:
        """Return what would leave this machine, for people."""
        return [
            f"Frames of your video, with the prompt, would leave this machine for the host "
            f"{self.server.host} ({self.server.origin}{_OPEN_WAY[_is_open(self.server)]}).",
            "Nothing is sent before you agree. You are asked once for each server.",
        ]

    def agree(self, who: str) -> None:
        """Write down that a person allows it."""
        from napari_mousegpt.words.server_consent import agree_to_server

        agree_to_server(self.server.origin, who)


@dataclass(frozen=True)
class FoundServer:
    """A server that has answered.

    Parameters
    ----------
    server : Server
    facts : ServerFacts
        What it says it is.
    named : bool
        Whether one of its models was chosen.
    """

    server: Server
    facts: ServerFacts
    named: bool

    @property
    def known(self) -> bool:
        """Whether it has the model that was chosen, as far as it says."""
        from napari_mousegpt.words.server_replies import same_model

        listed = self.facts.listed
        return not listed or any(same_model(self.server.model, name) for name in listed)

    def lines(self) -> list[str]:
        """Return where frames go, and which models there are."""
        server, listed = self.server, self.facts.listed
        where = (
            f"{server.url} is on this machine: no frame leaves it."
            if server.loopback
            else f"Frames and prompt go to the host {server.host}, as was agreed to"
            f"{_OPEN_WAY[_is_open(server)]}."
        )
        names = ", ".join(listed[:_NAMES_TOLD]) + (", ..." if len(listed) > _NAMES_TOLD else "")
        if not self.named:
            said = f"Choose one of its models: {names}." if listed else "Name its model."
            return [where, said, *([] if listed else [self.facts.note])]
        if not self.known:
            return [where, f"It has no model {server.model}, only {names}. Choose one of these."]
        return [where, *([self.facts.note] if self.facts.note else [])]


def _is_open(server: Server) -> bool:
    return not server.origin.startswith("https:")


def size_text(size_gb: float) -> str:
    """Return a size in words; ``size_gb`` is in 1e9 bytes."""
    return f"{size_gb:.1f} GB" if size_gb >= 0.05 else f"{max(1, round(size_gb * 1000))} MB"
