"""The choice of a model: what is known of it, and its download once a person agreed."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_mousegpt._napari.jobs import Job, start_job
from napari_mousegpt.errors import MouseGPTError
from napari_mousegpt.models.engine import Cancelled
from napari_mousegpt.vectors import licence_text

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_mousegpt.models.presets import Kind, Preset

__all__ = [
    "FOLDER",
    "Absent",
    "Fetching",
    "ModelChoice",
    "absent_model",
    "fetching",
    "preset_entries",
    "preset_facts",
    "terms_of",
]

#: Stands in the list of choices for a folder or an id of the hub, to be written below.
FOLDER = "folder"
#: Seconds between two looks at how much of a download is there.
_LOOK_S = 0.2


@dataclass(frozen=True)
class Absent:
    """A model that is not on this machine.

    Parameters
    ----------
    name, subject : str
        As it was chosen, and what a download would be agreed to.
    host : str
        Where it would come from.
    size_gb : float
        Of the download; 0 when only its page tells.
    licence : str
        In words.
    agreed : bool
        Whether a person agreed to the download before.
    memory : str
        What it needs to run, as a sentence; empty when that is not known.
    """

    name: str
    subject: str
    host: str
    size_gb: float
    licence: str
    agreed: bool
    memory: str = ""

    @property
    def button(self) -> str:
        """What the button says that fetches it."""
        size = f" {self.size_gb:.1f} GB" if self.size_gb else ""
        return f"{'Download' if self.agreed else 'Agree and get'}{size or ' it'} from {self.host}"

    def lines(self) -> list[str]:
        """Return what would be fetched, for people."""
        return [
            f"{self.name} is not on this machine; its publisher keeps it as {self.subject}.",
            f"Licence: {self.licence}.",
            *([self.memory] if self.memory else []),
        ]

    def agree(self, who: str) -> None:
        """Write down that a person agrees to the download."""
        from napari_mousegpt.models import Consent

        Consent().agree("download", self.subject, who=who)


@dataclass(frozen=True)
class Fetching:
    """How much of a download is there, in MB."""

    done: int
    total: int


class ModelChoice:
    """What is known of the model that was chosen; looked into beside the viewer.

    Parameters
    ----------
    viewer : ViewerModel
        Whose window stays usable meanwhile.
    without : str
        The choice that needs no model.
    settings : object
        What a model is looked for with; settings that are equal give the same model.

    Attributes
    ----------
    name : str
        The model; empty while none is named.
    found : object
        What came of looking for it: itself, an :class:`Absent`, an error; None for no model, and
        while nothing is known.
    job : Job or None
        The look, or the download, that goes on.
    """

    #: Emitted when something else is known.
    changed = Signal()

    #: What it is called, and what stands there while none is named.
    what = "model"
    hint = "Name a folder with the weights, or an id of the Hugging Face hub."

    def __init__(self, viewer: ViewerModel, without: str, settings: Any) -> None:
        self._viewer = viewer
        self._without = without
        self._settings = settings
        self._fetched: tuple[int, int] | None = None
        self.name = without
        self.found: Any = None
        self.job: Job | None = None

    def look_parts(self) -> Callable[..., Iterator[object]]:
        """Return what looks for a model, given its name and the settings; it fetches nothing."""
        raise NotImplementedError

    def fetch_parts(self) -> Callable[..., Iterator[object]]:
        """Return what fetches a model that a person agreed to; it yields :class:`Fetching`."""
        raise NotImplementedError

    @property
    def ready(self) -> bool:
        """Whether a run can begin with it."""
        if self.name == self._without:
            return True
        return self.found is not None and not isinstance(self.found, (Absent, MouseGPTError))

    @property
    def fetching(self) -> tuple[int, int] | None:
        """MB that are here and MB in all while it is downloaded, else None."""
        return self._fetched

    @property
    def button(self) -> str:
        """What the button says that agrees to something; empty when nothing is to be agreed to."""
        return str(getattr(self.found, "button", "")) if self.job is None else ""

    def fetch(self) -> None:
        """Write down that the user of this computer agrees, and fetch it or look again."""
        if not self.button:
            return
        try:
            self.found.agree(getpass.getuser())
        except MouseGPTError as error:
            self.found = error
        else:
            if isinstance(self.found, Absent):
                self._fetched = (0, 0)
                self._begin(self.fetch_parts(), f"Download {self.name}")
            else:
                self.found = None
                self._begin(self.look_parts(), f"Look for the {self.what}")
        self.changed.emit()

    def give_up(self) -> None:
        """Look no further, and stop a download: what is there of it is kept."""
        if self.job is not None:
            self.job.cancel()
        self.job, self._fetched = None, None

    def lines(self) -> list[str]:
        """Return what is known, as lines of text."""
        if self.name == self._without:
            return []
        if not self.name:
            return [self.hint]
        if self._fetched is not None:
            done, total = self._fetched
            return [f"Downloading {self.name}: {done} of {total or '?'} MB ..."]
        if self.found is None:
            return [f"Looking for {self.name} ..."] if self.job is not None else []
        if isinstance(self.found, MouseGPTError):
            return [str(self.found)]
        return list(self.found.lines())

    def _choose(self, name: str, settings: Any) -> None:
        if (name, settings) == (self.name, self._settings):
            return
        self.give_up()
        self.name, self._settings, self.found = name, settings, None
        if name and name != self._without:
            self._begin(self.look_parts(), f"Look for the {self.what}")
        self.changed.emit()

    def _begin(self, parts: Callable[..., Iterator[object]], title: str) -> None:
        self.job = start_job(
            self._viewer, parts, self.name, self._settings, title=title, notify=False
        )
        # Methods are held weakly: a job that ends late keeps nobody alive.
        self.job.progressed.connect(self._on_part)
        self.job.ended.connect(self._on_ended)

    def _on_part(self, part: object) -> None:
        if isinstance(part, Fetching) and self._fetched is not None:
            self._fetched = (part.done, part.total)
            self.changed.emit()

    def _on_ended(self, job: Job) -> None:
        if job is not self.job:
            return  # given up; something else is chosen now
        self.job, self._fetched = None, None
        if isinstance(job.error, MouseGPTError):
            self.found = job.error
        elif job.error is None and job.state == "finished":
            self.found = job.result
        self.changed.emit()


def preset_entries(kind: Kind) -> dict[str, str]:
    """Return the presets and what to call them; non-commercial ones are marked."""
    from napari_mousegpt.models.presets import presets

    return {
        preset.name: preset.name + (", non-commercial" if preset.commercial is False else "")
        for preset in presets(kind)
    }


def preset_facts(preset: Preset) -> str:
    """Return what is known of a preset in one line: size, memory, hardware, licence."""
    from napari_mousegpt.models.presets import TIERS

    return (
        f"{preset.parameters_b:g} billion parameters, download {preset.download_gb:.1f} GB, "
        f"{preset.least_gb:.1f} GB of memory for the weights in 16 bits, "
        f"{TIERS[preset.tier]}; licence: {terms_of(preset)}"
    )


def terms_of(preset: Preset | None) -> str:
    """Return the licence of a preset in words; what was not seen at its publisher is marked."""
    if preset is None:
        return licence_text("")
    said = licence_text(preset.licence, preset.commercial)
    return said if preset.licence_seen or not preset.licence else f"{said}, not verified"


def absent_model(name: str, memory: str = "") -> Absent:
    """Return what a download of a model would be; it is not on this machine."""
    from napari_mousegpt.models import PRESETS, Consent
    from napari_mousegpt.models.torchvision_weights import PREFIX
    from napari_mousegpt.models.weights import download_subject

    subject, preset = download_subject(name), PRESETS.get(name)
    return Absent(
        name,
        subject,
        "download.pytorch.org" if subject.startswith(PREFIX) else "huggingface.co",
        0.0 if preset is None else preset.download_gb,
        terms_of(preset),
        Consent().agreed("download", subject),
        memory,
    )


def fetching(
    fetch: Callable[[Callable[[int, int], None]], Any], cancelled: Callable[[], bool]
) -> Generator[Fetching, None, Any]:
    """Fetch something in a thread; yields how much is there, returns what was fetched.

    Parameters
    ----------
    fetch : callable
        Takes what it tells bytes done and bytes in all.
    cancelled : callable
        Whether to stop.
    """
    known = [0, 0]

    def note(done: int, total: int) -> None:
        if cancelled():
            raise Cancelled
        known[:] = done, total

    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(fetch, note)
        while not under_way.done():
            yield Fetching(known[0] // 10**6, known[1] // 10**6)
            wait([under_way], timeout=_LOOK_S)
    return under_way.result()
