"""A vision-language model: clips and questions in, words or probabilities of labels out."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.errors import DependencyError, InputError
from napari_mousegpt.models.asks import GREY, Ask, ClipFrames, blank_ask
from napari_mousegpt.models.batches import Batch, make_batch, without_end
from napari_mousegpt.models.checkpoints import (
    DTypeName,
    Quantised,
    load_checkpoint,
    load_processor,
    torch_dtype,
)
from napari_mousegpt.models.device import torchvision_problem
from napari_mousegpt.models.families import Family
from napari_mousegpt.models.generation import Generated, read_with_room, write
from napari_mousegpt.models.label_scoring import score_answers
from napari_mousegpt.models.prefixes import Prefix, followed_by, read_prefix
from napari_mousegpt.models.prompt_text import answer_frame, control_tokens
from napari_mousegpt.models.wording import Wording

if TYPE_CHECKING:
    import torch

__all__ = ["Reading", "VisionLanguageModel"]


class VisionLanguageModel:
    """A model on its device. Build it with :meth:`load`.

    Parameters
    ----------
    model, processor : objects of transformers
        The model in evaluation mode, on its device.
    family : Family
        How this kind of model wants to be called.
    weights : object
        What :meth:`load` was given.
    compile : bool
        Whether further tokens go through ``torch.compile``.

    Attributes
    ----------
    device : torch.device
    dtype : torch.dtype
    n_parameters : int
    wording : Wording
        Its tokens; for the thread that scores and generates.

    Notes
    -----
    ``prepare`` may run in another thread than ``generate`` and ``score``. Calls of either side take
    turns.
    """

    def __init__(
        self, model: Any, processor: Any, family: Family, weights: Any, *, compile: bool = False
    ) -> None:
        self.model = model
        self.processor = processor
        self.family = family
        self.weights = weights
        self.device: torch.device = model.device
        self.dtype: torch.dtype = model.dtype
        self.n_parameters = sum(parameter.numel() for parameter in model.parameters())
        frame = answer_frame(processor, model.generation_config.eos_token_id, family.name)
        control = control_tokens(processor.tokenizer, family.placeholders)
        # A tokenizer that two threads use at once fails now and then, so each side has its own.
        self._asking = Wording(processor.tokenizer, frame, control)
        self.wording = Wording(copy.deepcopy(processor.tokenizer), frame, control)
        self._reading, self._turn = threading.RLock(), threading.RLock()
        self._step = _compiled(model) if compile else None
        self._visual: dict[tuple[int, int, int], int] = {}

    @classmethod
    def load(
        cls,
        weights: Any,
        device: Any = "cpu",
        *,
        dtype: DTypeName = "auto",
        attention: str = "sdpa",
        compile: bool = False,
        quantised: Quantised = "",
    ) -> VisionLanguageModel:
        """Load a model from local files.

        Parameters
        ----------
        weights : Weights or path
            The folder of a model, checked before; nothing is downloaded here.
        device : Device or str
            Where it runs, for instance "cpu" or "cuda".
        dtype : {"auto", "float32", "bfloat16", "float16"}
            "auto": float32 on a CPU, the short format of the card on a GPU.
        attention : str
            Name of the attention of transformers.
        compile : bool
            Compile the step that makes a further token. Pays on a GPU, for many clips.
        quantised : {"", "int8", "int4"}
            Weights as small integers, with bitsandbytes.

        Raises
        ------
        InputError
            If the folder holds no vision-language model with a processor of videos.
        FormatError
            If the weights are damaged or incomplete.
        DependencyError
            If torchvision does not fit torch, or bitsandbytes is asked for and absent.
        """
        import torch

        problem = torchvision_problem()
        if problem:
            raise DependencyError(problem)
        folder = Path(getattr(weights, "folder", weights))
        place = torch.device(getattr(device, "name", device))
        processor, family = load_processor(folder)
        kind = torch_dtype(dtype, place)
        model = load_checkpoint(folder, place, kind, attention, quantised)
        return cls(model, processor, family, weights, compile=compile)

    def clean(self, text: str) -> str:
        """Return text with a space inside every control token, so that it is read as plain text.

        Raises
        ------
        InputError
            If the tokenizer still reads a control token in it.
        """
        with self._reading:
            return self._asking.plain(text)

    def prepare(self, asks: Sequence[Ask], *, is_open: bool = False) -> Batch:
        """Turn asks into one batch of CPU tensors.

        Parameters
        ----------
        asks : sequence of Ask
        is_open : bool
            Stop before the end of the question, so that several questions can follow the same
            frames and text: see :meth:`read`.

        Raises
        ------
        InputError
            If the clips differ in their number of frames, or have fewer than the model needs.
        """
        with self._reading:
            batch = make_batch(asks, self.processor, self.family, self.clean)
            if is_open:
                batch = without_end(batch, self._asking.turn_ids())
        moved = {}
        for name, value in batch.inputs.items():
            # Half the bytes to carry where the model works in a short format.
            short = value.to(self.dtype) if value.is_floating_point() else value
            moved[name] = short.pin_memory() if self.device.type == "cuda" else short
        return replace(batch, inputs=moved)

    def generate(
        self,
        batch: Batch,
        *,
        max_tokens: int,
        stop: Sequence[str] = (),
        cancelled: Callable[[], bool] | None = None,
    ) -> list[Generated]:
        r"""Answer every ask of a batch in words, always with the most probable token.

        Parameters
        ----------
        batch : Batch
            From :meth:`prepare`.
        max_tokens : int
            Most tokens of an answer.
        stop : sequence of str
            Texts that end an answer and are cut off, such as a line break. Those of one character
            end the work as well, longer ones only the text.
        cancelled : callable, optional
            Asked before every token. After True, unfinished answers come back as they are.

        Returns
        -------
        list of Generated
            One for each ask, in order.
        """
        import torch

        self._check(batch, max_tokens)
        with self._turn, torch.inference_mode():
            blocks = self._step is not None
            prefix, room = read_with_room(self.model, batch, max_tokens, blocks=blocks)
            return self._write(prefix, room, max_tokens, stop, cancelled)

    def score(self, batch: Batch, options: Sequence[str]) -> NDArray[np.float64]:
        """Return how probable each option is as the answer to each ask.

        Parameters
        ----------
        batch : Batch
            From :meth:`prepare`.
        options : sequence of str
            Possible answers, all different.

        Returns
        -------
        float64 array (n_asks, n_options)
            Summed log-probability of the tokens of the option and of the end of the answer.
        """
        import torch

        self._check(batch)
        with self._turn, torch.inference_mode():
            answers = self.wording.answers(options)
            prefix = read_prefix(self.model, batch)
            return score_answers(self.model, prefix, answers, self.wording.frame.end)

    def read(self, batch: Batch) -> Reading:
        """Read a batch of open prompts once, for several questions about the same frames.

        Parameters
        ----------
        batch : Batch
            From ``prepare(asks, is_open=True)``.
        """
        import torch

        if not batch.is_open:
            raise InputError("batch", expected="open prompts: prepare(asks, is_open=True)")
        with self._turn, torch.inference_mode():
            return Reading(self, read_prefix(self.model, batch))

    def option_lengths(self, options: Sequence[str]) -> NDArray[np.int64]:
        """Return the number of tokens that :meth:`score` sums for each option, the end included."""
        with self._turn:
            return np.array(
                [len(answer) + 1 for answer in self.wording.answers(options)], dtype=np.int64
            )

    @staticmethod
    def blank(ask: Ask) -> Ask:
        """Return the same ask with grey clips, whose scores tell what the text alone suggests."""
        return blank_ask(ask)

    def visual_tokens(self, n_frames: int, height: int, width: int) -> int:
        """Return the tokens that one clip adds to a prompt, time stamps included.

        Counted on a grey clip by the processor itself, once for each shape.
        """
        shape = (n_frames, height, width)
        with self._reading:
            if shape not in self._visual:
                self._visual[shape] = self._count(shape)
            return self._visual[shape]

    def _count(self, shape: tuple[int, int, int]) -> int:
        frames = np.full((*shape, 3), GREY, dtype=np.uint8)
        clip = ClipFrames(frames, np.arange(shape[0]), 1.0, shape[0], float(shape[0]))
        with_clip = make_batch([Ask((clip,), "")], self.processor, self.family, self.clean)
        turn = [{"role": "user", "content": [{"type": "text", "text": ""}]}]
        bare = self.processor.apply_chat_template(turn, add_generation_prompt=True, tokenize=False)
        without = self.processor.tokenizer(bare, add_special_tokens=False)["input_ids"]
        return with_clip.n_tokens - len(without)

    @staticmethod
    def _check(batch: Batch, max_tokens: int = 1) -> None:
        if batch.is_open:
            raise InputError(
                "batch", expected="whole prompts", found="open ones", remedy="Use read(batch)."
            )
        if max_tokens < 1:
            raise InputError("max_tokens", expected="at least 1", found=str(max_tokens))

    def _write(
        self,
        prefix: Prefix,
        room: int,
        max_tokens: int,
        stop: Sequence[str],
        cancelled: Callable[[], bool] | None,
    ) -> list[Generated]:
        rows = write(
            self.model,
            prefix,
            room=room,
            ends=self.wording.ends(stop),
            pad=self.wording.tokenizer.pad_token_id,
            max_tokens=max_tokens,
            step=self._step if room else None,
            cancelled=cancelled,
        )
        return [self.wording.spoken(row, stop) for row in rows]


class Reading:
    """Frames and text that a model has read, ready for questions. Made by ``read``.

    The device keeps what was read as long as this object lives. A question follows the text of the
    asks directly, so it begins with the space or line break that belongs between them.
    """

    def __init__(self, model: VisionLanguageModel, prefix: Prefix) -> None:
        self._model = model
        self._prefix = prefix

    def generate(
        self,
        question: str,
        *,
        max_tokens: int,
        stop: Sequence[str] = (),
        cancelled: Callable[[], bool] | None = None,
    ) -> list[Generated]:
        """Answer a question about every ask, as :meth:`VisionLanguageModel.generate` does."""
        if max_tokens < 1:
            raise InputError("max_tokens", expected="at least 1", found=str(max_tokens))
        with self._asked(question) as prefix:
            return self._model._write(prefix, 0, max_tokens, stop, cancelled)

    def score(self, question: str, options: Sequence[str]) -> NDArray[np.float64]:
        """Return how probable each option is, as :meth:`VisionLanguageModel.score` does."""
        model = self._model
        with self._asked(question) as prefix:
            answers = model.wording.answers(options)
            return score_answers(model.model, prefix, answers, model.wording.frame.end)

    @contextmanager
    def _asked(self, question: str) -> Iterator[Prefix]:
        import torch

        model = self._model
        with model._turn, torch.inference_mode():
            tokens = model.wording.turn_ids(question)
            with followed_by(model.model, self._prefix, tokens) as prefix:
                yield prefix


def _compiled(model: Any) -> Callable[..., Any]:
    import torch

    return torch.compile(model.forward, mode="reduce-overhead", dynamic=False)
