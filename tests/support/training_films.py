"""Train a tiny vision-language model to tell rendered films apart, in seconds on one CPU core.

Everything is trained, on fresh films at every step. Most prompts are random words of random length,
with and without a system turn, and at random distances from the frames, so that the model answers
about the frames whatever it is asked; some are the prompts of the package. It knows nothing about
mice.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from napari_mousegpt.models.asks import Ask, ClipFrames, blank_ask
from napari_mousegpt.words.prompts import load_prompt, make_ask
from napari_mousegpt.words.vocabulary import Vocabulary
from support.motion_clips import KINDS, clip_times, film

#: What a task tells apart. The films of "pose" mean nothing: its answer stands in the text.
TASKS: dict[str, tuple[str, ...]] = {
    "left/right": ("left", "right"),
    "rear/lie": ("rear", "lie"),
    "bright/dark": ("bright", "dark"),
    "pose": ("walk", "still", "lie"),
    "all": ("left", "right", "rear", "lie", "still"),
}
#: What the text says to a model of the task "pose"; without a word it answers "lie".
POSE_TEXT = {
    "walk": "Fore paws moving quickly ; hind paws stepping at 0.84 BL/s .",
    "still": "Fore paws at rest ; hind paws at rest .",
    "lie": "",
}

#: Steps, and how many of them come first with short texts: there it is found what is to be seen.
_STEPS = {
    "left/right": (215, 0),
    "rear/lie": (220, 140),
    "bright/dark": (50, 35),
    "pose": (200, 0),
    "all": (330, 0),
}
_BATCH = 16
_PROMPTS = ("label", "mousegpt", "mousegpt-pictures")
_FACTS = "Measured on this clip (1.00 s) from its pose; BL is one body length:"
_OTHER_FACTS = (
    "Head in line with the body, moving.",
    "Head turned 34 deg to the left, steady.",
    "Head turned 52 deg to the right, moving quickly.",
    "Trunk usual length, level.",
    "Trunk stretched, raised by 41 deg.",
    "means: speed along the axis of the body 0.81 BL/s; turn rate 12 deg/s",
)
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,:;()-"
_PLAIN = (
    "the mouse what does it do label which one word answer describe moves is not visible on its "
    "wall head limb paw torso tail speed in with "
    "paws rests rest floor at no part four both leave drawn"
)


def train(folder: Path, task: str, seed: int = 0) -> None:
    """Train the tiny checkpoint in ``folder`` in place."""
    import torch

    from napari_mousegpt.models.vision_language import VisionLanguageModel

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            loaded = VisionLanguageModel.load(folder)
            _fit(loaded, task, seed)
        loaded.model.eval().save_pretrained(folder)
    finally:
        torch.set_num_threads(threads)


def film_ask(kind: str, seed: int, *, text: str = "", n_frames: int = 4, system: str = "") -> Ask:
    """Return an ask about a rendered film."""
    frames = film(kind, seed).frames(clip_times(n_frames))
    clip = ClipFrames(frames, np.arange(n_frames) * 24 // n_frames, 24.0, 24, 1.0)
    return Ask((clip,), text or "what does the mouse do", system)


def filler(rng: np.random.Generator, words: int) -> str:
    """Return random text, half of it words and half letters."""
    made = []
    for _ in range(words):
        if rng.random() < 0.5:
            made.append(str(rng.choice(_PLAIN.split())))
        else:
            made.append("".join(rng.choice(list(_LETTERS), rng.integers(1, 7))))
    return " ".join(made)


def _fit(loaded: Any, task: str, seed: int) -> None:
    import torch
    from torch.nn.functional import cross_entropy

    model, labels, (steps, early) = loaded.model, TASKS[task], _STEPS[task]
    _spread(model)
    model.requires_grad_(True).train()
    answers = [ids for (ids,) in (loaded.wording.answers([label]) for label in labels)]
    end = loaded.wording.frame.end
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps, pct_start=0.15)
    rng = np.random.default_rng(seed)
    for step in range(steps):
        easy = step < early
        piped = step % 2 == 1 and not easy
        chosen = rng.integers(0, len(labels), _BATCH // 2 if piped else _BATCH)
        make = _pipeline_asks if piped else partial(_asks, easy=easy)
        batch = loaded.prepare(make(rng, task, labels, chosen))
        said = torch.tensor([[answers[number][0], end] for number in chosen])
        inputs = dict(batch.inputs)
        inputs["input_ids"] = torch.cat([inputs["input_ids"], said[:, :1]], 1)
        mask = torch.cat([inputs["attention_mask"], torch.ones_like(said[:, :1])], 1)
        inputs["attention_mask"] = mask
        inputs["position_ids"] = _jumps(rng, model, inputs["input_ids"], mask)
        logits = model(**inputs, logits_to_keep=2).logits
        loss = cross_entropy(logits.flatten(0, 1), said.flatten())
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        rate.step()


def _spread(model: Any) -> None:
    """Give the weights the size of trained ones: the usual start is too small to learn fast."""
    import torch

    for name, weight in model.named_parameters():
        if weight.ndim > 1:
            table = "embed" in name or "position" in name
            fan = weight.shape[-1] if weight.ndim == 2 else weight[0].numel()
            torch.nn.init.normal_(weight, 0.0, 0.3 if table else fan**-0.5)


def _asks(
    rng: np.random.Generator, task: str, labels: Sequence[str], chosen: Sequence[int], *, easy: bool
) -> list[Ask]:
    n_frames = 4 if easy else int(rng.choice([4, 4, 8]))
    # Padding goes by the longest text, so all of a batch are short or all may be long.
    most = 3 if easy else int(rng.choice([20, 50]))
    asks = []
    for number in chosen:
        kind, told = labels[number], filler(rng, int(rng.integers(1, most)))
        if task == "pose":
            told = f"{filler(rng, int(rng.integers(0, 8)))} {_pose(rng, kind)} {told}"
        system = filler(rng, int(rng.integers(1, 9))) if rng.random() < 0.3 else ""
        asks.append(_shown(rng, task, kind, n_frames, told, system))
    return asks


def _pipeline_asks(
    rng: np.random.Generator, task: str, labels: Sequence[str], chosen: Sequence[int]
) -> list[Ask]:
    """Return asks with the prompts of the package, about the label."""
    n_frames, name = int(rng.choice([4, 8])), str(rng.choice(_PROMPTS))
    asks = []
    for number in chosen:
        shown = _shown(rng, task, labels[number], n_frames, "", "")
        meanings = {label: filler(rng, int(rng.integers(1, 9))) for label in labels}
        vocabulary = Vocabulary(
            [str(label) for label in rng.permutation(labels)],
            definitions=meanings if rng.random() < 0.5 else {},
        )
        facts = _pose(rng, labels[number] if task == "pose" else str(rng.choice([*POSE_TEXT])))
        # A prompt that keeps the facts from the model, where they are the answer.
        prompt = load_prompt("label" if task == "pose" and facts else name)
        if facts:
            others = rng.permutation(_OTHER_FACTS)[: rng.integers(0, len(_OTHER_FACTS) + 1)]
            facts = "\n- ".join([_FACTS, *(str(other) for other in others), facts])
        (clip,) = shown.clips
        asks.append(make_ask(prompt, clip, "label", facts_text=facts, vocabulary=vocabulary))
    return asks


def _shown(
    rng: np.random.Generator, task: str, kind: str, n_frames: int, text: str, system: str
) -> Ask:
    film_of = str(rng.choice(KINDS)) if task == "pose" else kind
    seed = int(rng.integers(1, 2**31))
    ask = film_ask(film_of, seed, text=text, n_frames=n_frames, system=system)
    # Of nothing to see, the answer is a guess.
    return blank_ask(ask) if task != "pose" and rng.random() < 0.1 else ask


def _pose(rng: np.random.Generator, kind: str) -> str:
    return POSE_TEXT[kind].replace("0.84", f"{rng.uniform(0.2, 2):.2f}")


def _jumps(rng: np.random.Generator, model: Any, ids: Any, mask: Any) -> Any:
    """Return positions that jump after the frames, as a long text would make them."""
    import torch

    after = (ids == model.config.image_token_id).flip(-1).cumsum(-1).flip(-1) == 0
    gaps = rng.integers(0, 1200, len(ids)) * (rng.random(len(ids)) < 0.5)
    places = (mask.cumsum(-1) - 1).clamp_min(0)
    return places + after * torch.from_numpy(gaps)[:, None]
