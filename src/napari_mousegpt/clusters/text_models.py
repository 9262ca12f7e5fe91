"""Models of language that turn sentences into vectors: a folder, an id of the hub, or a server."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.errors import DependencyError, FormatError, InputError

if TYPE_CHECKING:
    from napari_mousegpt.clusters.text_vectors import TextEmbedding

__all__ = ["TextModel", "find_embedding"]

_BATCH = 64
_LONGEST = 512
_POOLING = "1_Pooling/config.json"


def find_embedding(model: str, *, server: str = "", device: str = "auto") -> TextEmbedding:
    """Find a model of language.

    Parameters
    ----------
    model : str
        A folder with a checkpoint for transformers (sentence-transformers write such), an id of the
        Hugging Face hub, or with ``server`` the name of the model there.
    server : str
        Address of a server with ``/v1/embeddings``, such as ``http://127.0.0.1:8000/v1``.
    device : str
        As for :func:`napari_mousegpt.models.choose_device`.

    Raises
    ------
    ConsentError
        When it would have to be downloaded, or sentences be sent, and nobody agreed.
    InputError
        When there is no such model, or it is none that reads text.
    FormatError
        When its files are damaged or pickled.
    DependencyError
        With the first sentence, when a library that it needs is missing.
    """
    if server:
        from napari_mousegpt.clusters.text_server import TextServer
        from napari_mousegpt.words.servers import Server

        return TextServer(Server(server, model))
    return TextModel(model, device=device)


class TextModel:
    """An encoder of sentences on this machine. Nothing in its folder is unpickled or run as code.

    Parameters
    ----------
    name : str
        Folder or id of the hub.
    device : str
        Where it runs.

    Raises
    ------
    ConsentError, InputError, FormatError
        As :func:`find_embedding`.
    """

    url = ""

    def __init__(self, name: str, device: str = "auto") -> None:
        from napari_mousegpt.models import choose_device

        self.folder = _folder(name)
        self.name = str(self.folder) if Path(name).expanduser().exists() else name
        self._device = choose_device(device)
        self._files_hash = _looked_over(self.folder)
        self._pooling = _pooling_of(self.folder)

    @property
    def id(self) -> str:
        """Name, content hash and the way of pooling; the place of its folder does not count."""
        return f"{self.folder.name} {self._files_hash} {self._pooling}"

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one vector of length 1 for each text, shape (n, d)."""
        import torch

        tokenizer, model = self._loaded
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        found: list[NDArray[np.float32]] = [np.zeros(0, np.float32)] * len(texts)
        longest = min(_LONGEST, int(tokenizer.model_max_length))
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            batch = tokenizer(
                [texts[row] for row in rows],
                padding=True,
                truncation=True,
                max_length=longest,
                return_tensors="pt",
            ).to(self._device.name)
            with torch.inference_mode():
                states = model(**batch).last_hidden_state.float()
            if self._pooling == "first token":
                pooled = states[:, 0]
            else:
                seen = batch["attention_mask"].unsqueeze(-1).float()
                pooled = (states * seen).sum(1) / seen.sum(1).clamp(min=1)
            values = torch.nn.functional.normalize(pooled, dim=1).cpu().numpy()
            for row, vector in zip(rows, values, strict=True):
                found[row] = vector
        return np.stack(found) if found else np.zeros((0, 1), dtype=np.float32)

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        from safetensors import SafetensorError
        from transformers import AutoModel, AutoTokenizer

        from napari_mousegpt.models.checkpoints import no_progress_bars

        local = {"local_files_only": True, "trust_remote_code": False}
        try:
            with no_progress_bars():
                tokenizer = AutoTokenizer.from_pretrained(self.folder, **local)
                model, report = AutoModel.from_pretrained(
                    self.folder, use_safetensors=True, output_loading_info=True, **local
                )
        except ImportError as error:
            from napari_mousegpt.models.device import torchvision_problem

            raise DependencyError(
                self.folder,
                expected="what transformers needs for it",
                found=torchvision_problem() or str(error).splitlines()[0],
            ) from error
        except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
            raise _unusable(self.folder, str(error).splitlines()[0]) from error
        # A pooler is not used here, and many encoders of sentences come without one.
        absent = [name for name in sorted(report["missing_keys"]) if "pooler" not in name]
        if absent:
            raise _unusable(self.folder, f"{len(absent)} tensors absent, such as {absent[0]}")
        if tokenizer.pad_token is None:
            raise _unusable(self.folder, "a tokenizer without a token for padding")
        return tokenizer, model.to(self._device.name).eval().requires_grad_(False)


def _folder(name: str) -> Path:
    from napari_mousegpt.models import hub
    from napari_mousegpt.models.consent import Consent, ConsentError
    from napari_mousegpt.models.weights import download_subject, local_folder

    folder = local_folder(name)
    if folder is not None:
        return folder.absolute()
    subject = download_subject(name)
    if hub.is_offline():
        raise InputError(
            name,
            expected="the model on this machine, for nothing may be fetched (offline)",
            found="no whole copy of it",
            remedy="Copy its folder here and name the folder.",
        )
    if not Consent().agreed("download", subject):
        raise ConsentError(
            "download",
            subject,
            found=f"a download from https://huggingface.co/{subject} to {hub.model_cache()}",
            remedy=f"Agree with: napari-mousegpt models agree {name}",
        )
    model = hub.look_up(subject)
    place = hub.download(model)
    Consent().note_taken(subject, "", model.commit)
    return place


def _looked_over(folder: Path) -> str:
    from napari_mousegpt.models.json_files import read_object
    from napari_mousegpt.models.safetensors_files import content_hash, read_header

    if not (folder / "config.json").is_file():
        raise InputError(
            folder,
            expected="a folder with a model of language (config.json)",
            found="no such file",
            remedy="Name the folder that holds it.",
        )
    config = read_object(folder / "config.json")
    if config.get("auto_map"):
        raise _unusable(folder, "one that needs program code from its own folder, never run here")
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        pickled = any(any(folder.glob(kind)) for kind in ("*.bin", "*.pt", "*.pth"))
        raise _unusable(folder, "pickled weights only" if pickled else "no weights")
    for path in weights:
        read_header(path)
    if not any((folder / name).is_file() for name in ("tokenizer.json", "vocab.txt")):
        raise _unusable(folder, "no tokenizer")
    deciding = [*folder.glob("*.json"), *folder.glob("*.txt"), *weights]
    return content_hash(sorted(deciding))


def _pooling_of(folder: Path) -> str:
    """Return how a sentence gets one vector; the mean of its tokens where nothing is said."""
    from napari_mousegpt.models.json_files import read_object

    place = folder / _POOLING
    if not place.is_file():
        return "mean of tokens"
    config = read_object(place)
    ways = {name for name, on in config.items() if name.startswith("pooling_mode_") and on is True}
    if ways == {"pooling_mode_cls_token"}:
        return "first token"
    if ways <= {"pooling_mode_mean_tokens"}:
        return "mean of tokens"
    raise _unusable(folder, f"the pooling {', '.join(sorted(ways))}, which is not known here")


def _unusable(folder: Path, found: str) -> FormatError:
    return FormatError(
        folder,
        expected="an encoder of sentences in safetensors, with its tokenizer",
        found=found,
        remedy="Take another model, or a server that runs it.",
    )
