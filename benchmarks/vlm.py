"""Speed of vision-language models and video encoders here, against the plain way and the device.

Weights are random and made on the spot: they say nothing about quality. On a CPU the models are
small, so only ratios mean something; on a card the shapes are those of released models.

    python benchmarks/vlm.py                    # CPU, some minutes
    python benchmarks/vlm.py --device cuda      # a card of 40 GB or more
    python benchmarks/vlm.py --json             # the same as JSON
    python benchmarks/vlm.py --check            # exit 1 when a limit is missed
    python benchmarks/vlm.py --only scoring recipe
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from napari_mousegpt.models.asks import Ask
from napari_mousegpt.models.engine import Failed, run_engine
from napari_mousegpt.models.vision_language import VisionLanguageModel
from napari_mousegpt.runs.trial_clips import draw_clip
from napari_mousegpt.words.prompts import load_prompt, make_ask
from napari_mousegpt.words.vocabulary import Vocabulary
from support.tiny_models import FAMILIES, tiny_vlm
from support.torchvision_cure import cure_torchvision
from video_speed import Figure
from vlm_device import roofline_figures, seconds_of
from vlm_encoders import encoder_figures
from vlm_recipe import describe_clips

LABELS = (
    "walking", "running", "standing still", "rearing at the wall", "rearing without support",
    "grooming the head", "grooming the body", "sniffing the floor", "digging", "turning left",
    "turning right", "lying flat",
)  # fmt: skip
PROMPT = (
    "You see one mouse in an arena from above, a few frames of less than a second. Say what it "
    f"does, with one of these labels: {', '.join(LABELS)}. Look at the whole body."
)
#: Width, layers and picture of the models on a CPU: four million weights.
SHAPE = {"hidden": 256, "layers": 6, "frame": 112}
FRAMES, NEW_TOKENS = 8, 24
#: How often each pair of ways is timed: scoring takes little and is nearest to its limit.
TURNS = {"scoring": 5, "recipe": 3}
#: Clips of the comparison with the recipe, and how many of them at once.
CLIPS, BATCH = {"cpu": 16, "cuda": 64}, {"cpu": 8, "cuda": 32}


def asks(many: int, size: int) -> list[Ask]:
    """Return asks about drawn clips, with questions of different length."""
    actions = ("left", "right", "rear", "still")
    return [
        Ask(
            (draw_clip(actions[i % 4], i, n_frames=FRAMES, size=size),),
            f"{PROMPT} {'Mind the tail. ' * (i % 3)}",
        )
        for i in range(many)
    ]


def _ratio(
    slow: Callable[[], object], quick: Callable[[], object], device: str, turns: int
) -> float:
    """Median over turns of how many times longer the slow way takes; both ran once before."""
    slow()
    quick()
    found = [seconds_of(slow, device) / seconds_of(quick, device) for _ in range(turns)]
    return float(np.median(found))


def scoring(models: dict[str, VisionLanguageModel], device: str) -> list[Figure]:
    """Scoring of 12 labels over a shared prefix, against reading everything for each label.

    The question is that of the program's shortest prompt, without definitions or measures, which
    would only make it longer. Both ways begin with what the processor made, which costs the same
    for either.
    """
    clip = draw_clip("left", 0, n_frames=FRAMES, size=112)
    ask = make_ask(load_prompt("label"), clip, "label", vocabulary=Vocabulary(LABELS))
    figures = []
    for family, model in models.items():
        batch = model.prepare([ask])

        def long(model: Any = model, batch: Any = batch) -> np.ndarray:
            return _label_by_label(model, batch)

        def short(model: Any = model, batch: Any = batch) -> np.ndarray:
            return model.score(batch, LABELS)

        off = float(np.abs(long() - short()).max())
        ratio = _ratio(long, short, device, TURNS["scoring"])
        figures += [
            Figure(
                f"12 labels, {family}", ratio, at_least=8.0, note=f"{batch.n_tokens} tokens asked"
            ),
            Figure(f"12 labels, {family}: difference", off, "nat", at_most=_close(model, 1e-4)),
        ]
    return figures


def _label_by_label(model: VisionLanguageModel, batch: Any) -> np.ndarray:
    """Summed log-likelihoods of the labels from one whole forward for each."""
    import torch

    scores = []
    with torch.inference_mode():
        for answer in model.wording.answers(LABELS):
            said = torch.tensor([[*answer, model.wording.frame.end]])
            inputs = dict(batch.inputs)
            inputs["input_ids"] = torch.cat([inputs["input_ids"], said], 1)
            inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
            if "mm_token_type_ids" in inputs:
                kinds = inputs["mm_token_type_ids"]
                inputs["mm_token_type_ids"] = torch.cat([kinds, torch.zeros_like(said)], 1)
            inputs = {name: value.to(model.device) for name, value in inputs.items()}
            # Only the scores that are needed, as anybody would who writes it the long way.
            told = model.model(**inputs, logits_to_keep=said.shape[1] + 1).logits[0, :-1]
            rows = torch.arange(said.shape[1])
            scores.append(told.float().log_softmax(-1)[rows, said[0]].sum().item())
    return np.array([scores])


def batching(models: dict[str, VisionLanguageModel]) -> list[Figure]:
    """Difference of log-likelihoods of a clip in a batch and alone."""
    figures = []
    for family, model in models.items():
        some = asks(3, 112)
        together = model.score(model.prepare(some), LABELS)
        alone = np.concatenate([model.score(model.prepare([ask]), LABELS) for ask in some])
        # As for logits: of one token, not summed over an answer.
        off = float((np.abs(together - alone) / model.option_lengths(LABELS)).max())
        limit = _close(model, 1e-5)
        figures.append(Figure(f"batch = single, {family}", off, "nat/token", at_most=limit))
    return figures


def recipe(models: dict[str, VisionLanguageModel], device: str) -> list[Figure]:
    """Our engine against the documented recipe: same model, clips and tokens out."""
    figures, ratios = [], []
    for family, model in models.items():
        some = asks(CLIPS[device], 112)
        plain = _options(model, some)
        clips = [ask.clips[0].frames for ask in some]
        questions = [model.clean(ask.text) for ask in some]

        def theirs(
            model: Any = model, clips: Any = clips, questions: Any = questions, plain: Any = plain
        ) -> list[list[int]]:
            return describe_clips(model.model, model.processor, clips, questions, plain, NEW_TOKENS)

        def ours(model: Any = model, some: Any = some) -> list[str]:
            return _through_engine(model, some, BATCH[device])

        read = model.processor.tokenizer.decode
        same = sum(
            read(ids, skip_special_tokens=True).strip() == text
            for ids, text in zip(theirs(), ours(), strict=True)
        )
        ratio = _ratio(theirs, ours, device, TURNS["recipe"])
        ratios.append(ratio)
        figures.append(
            Figure(f"recipe / engine, {family}", ratio, note=f"{same}/{len(some)} answers equal")
        )
    mean = float(np.exp(np.mean(np.log(ratios))))
    wanted = 1.3 if device == "cpu" else 5.0
    figures.append(Figure("recipe / engine, geometric mean", mean, at_least=wanted))
    return figures


def _through_engine(model: VisionLanguageModel, some: Sequence[Ask], batch: int) -> list[str]:
    texts = []
    for _, result in run_engine(
        some,
        key=lambda ask: ask.clips[0].n_frames,
        cost=lambda _: 1.0,
        prepare=model.prepare,
        compute=lambda ready, _: model.generate(ready, max_tokens=NEW_TOKENS),
        budget=batch,
    ):
        if isinstance(result, Failed):
            raise result.error
        texts.append(result.text)
    return texts


def _options(model: VisionLanguageModel, some: Sequence[Ask]) -> list[dict[str, Any]]:
    """What the recipe has to be told so that it shows the model the same."""
    video = model.processor.video_processor
    patch, merge = getattr(video, "patch_size", None), getattr(video, "merge_size", None)
    factor = patch * merge if isinstance(patch, int) and isinstance(merge, int) else 28
    told = []
    for ask in some:
        clip = ask.clips[0]
        height, width = clip.frames.shape[1:3]
        metadata = {
            "total_num_frames": clip.source_frames,
            "fps": clip.source_fps,
            "duration": clip.seconds,
            "frames_indices": clip.indices.tolist(),
            "height": height,
            "width": width,
            "video_backend": "array",
        }
        told.append(
            {
                "do_sample_frames": False,
                "video_metadata": [metadata],
                "input_data_format": "channels_last",
                **model.family.size_arguments([clip.frames.shape[:3]], factor),
            }
        )
    return told


def _close(model: VisionLanguageModel, limit: float) -> float | None:
    """Limits hold for whole numbers of four bytes; shorter ones are printed only."""
    return limit if "32" in str(model.dtype) else None


def measure(device: str, parts: Sequence[str]) -> list[Figure]:
    """Return every figure of the parts that are wanted."""
    import torch

    if not cure_torchvision():
        raise SystemExit("torchvision is needed: install the build that belongs to torch")
    torch.set_num_threads(1 if device == "cpu" else torch.get_num_threads())
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        models = {}
        if set(parts) & {"scoring", "batching", "recipe"}:
            for family in FAMILIES:
                place = tiny_vlm(family, Path(folder) / family, **SHAPE)
                models[family] = VisionLanguageModel.load(place, device, dtype="float32")
        jobs: dict[str, Callable[[], list[Figure]]] = {
            "scoring": lambda: scoring(models, device),
            "batching": lambda: batching(models),
            "recipe": lambda: recipe(models, device),
            "encoders": lambda: encoder_figures(device, Path(folder)),
            "roofline": lambda: roofline_figures(device, Path(folder)),
        }
        for part in parts:
            figures += jobs[part]()
            print(f"{part} done", file=sys.stderr, flush=True)
    return figures


def _line(figure: Figure) -> str:
    if figure.value is None:
        return f"{figure.name:<52} left out   {figure.note}"
    limit = ""
    if figure.at_least is not None:
        limit = f"at least {figure.at_least:g}"
    if figure.at_most is not None:
        limit = f"at most {figure.at_most:g}"
    mark = "MISSED" if figure.missed else ""
    value = f"{figure.value:.3g} {figure.unit}"
    return f"{figure.name:<52} {value:<16} {limit:<14} {mark:<7} {figure.note}".rstrip()


def main() -> int:
    """Measure, print, and check if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = ("scoring", "batching", "recipe", "encoders", "roofline")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="PART")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--check", action="store_true", help="exit 1 when a limit is missed")
    options = parser.parse_args()
    import torch
    import transformers

    name = platform.processor() or platform.machine()
    if options.device == "cuda":
        name = torch.cuda.get_device_name()
    figures = measure(options.device, options.only)
    if options.json:
        facts = {
            "device": name,
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "figures": [{**asdict(figure), "missed": figure.missed} for figure in figures],
        }
        print(json.dumps(facts, indent=2))
    else:
        print(f"{name}, torch {torch.__version__}, transformers {transformers.__version__}")
        print("\n".join(map(_line, figures)))
    missed = [figure for figure in figures if figure.missed]
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
