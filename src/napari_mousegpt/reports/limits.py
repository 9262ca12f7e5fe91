"""What a run cannot tell, in sentences that follow from its own numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_mousegpt.core.provenance import RunCard
from napari_mousegpt.core.recording import Recording

if TYPE_CHECKING:
    from napari_mousegpt.clusters import Groups

__all__ = ["limits"]

#: Trackers call a point below this doubtful; it is only counted here.
_DOUBTFUL = 0.6


def limits(
    recording: Recording, card: RunCard, descriptions: pd.DataFrame, groups: Groups | None
) -> list[str]:
    """Return the limits of a run as sentences.

    Parameters
    ----------
    recording : Recording
        What the run was about.
    card : RunCard
        The finished run card.
    descriptions : DataFrame
        Words.
    groups : Groups or None
        Clusters; None when there are none.
    """
    return [
        *(str(warning) for warning in card.outcome.get("warnings", ())),
        *_of_pose(recording),
        *_of_words(card, descriptions),
        *_of_clusters(card, groups),
        "This is one recording. A difference between groups is a matter of animals, not of bouts: "
        "compare one number for each animal.",
    ]


def _of_pose(recording: Recording) -> Iterator[str]:
    pose = recording.pose
    if pose is None:
        yield (
            "There was no pose: the outline of one animal was measured. Head, limbs and tail "
            "cannot be told apart in it."
        )
        return
    if pose.sizes["space"] == 2:
        yield (
            "The pose is flat. Rearing and grooming are hard to tell from a flat pose; where the "
            "words name neither, that is no proof that the animal did neither."
        )
    missing = ~np.isfinite(pose["position"].values).all(axis=1)
    if "confidence" in pose:
        with np.errstate(invalid="ignore"):
            missing |= pose["confidence"].values < _DOUBTFUL
    share = missing.mean(axis=(0, 2))
    worst = int(np.argmax(share))
    name = str(pose["keypoints"].values[worst])
    yield (
        f"{missing.mean():.1%} of the points were missing or doubtful (score below {_DOUBTFUL}), "
        f"most often {name} ({share[worst]:.1%})."
    )
    if "length_policy" in pose.attrs:
        yield (
            f"Pose and video were not equally long ({pose.attrs['length_policy']}). If the tracker "
            "dropped frames in the middle, everything behind them is shifted."
        )


def _of_words(card: RunCard, descriptions: pd.DataFrame) -> Iterator[str]:
    if not len(descriptions):
        yield "No stretch was described."
        return
    silent = float((descriptions["label"] == "").mean())
    if silent > 0:
        yield f"{silent:.1%} of the described stretches were given no label: nothing stood out."
    yield from _of_confidence(card)
    models = ", ".join(sorted(set(descriptions["model"].astype(str))))
    yield f"The words were made by {models}, the same for every animal and camera."


def _of_confidence(card: RunCard) -> Iterator[str]:
    if "server" in card.models:
        yield (
            "The labels were written by a server, which gives no probabilities. Nothing here says "
            "how often they are right: check some bouts of each label by eye before counting."
        )
        return
    if "trust" not in card.models:
        yield (
            "A confidence says how clearly a label stood out against the others by its own rules. "
            "It is no probability of being right: check some bouts of each label by eye before "
            "counting."
        )
        return
    if "calibration" not in card.models:
        yield (
            "A confidence is how probable the model finds its label. It was not calibrated and is "
            "no probability of being right: check some bouts of each label by eye before counting."
        )
    yield _tried(card.models["trust"])


def _tried(trust: str) -> str:
    """Return what was seen of the model on drawn clips, from its line in a run card."""
    if not trust.startswith("{"):
        return "The model was never tried on this machine: napari-mousegpt certify does that."
    seen = json.loads(trust)
    failed = [name for name, score in seen["scores"].items() if "not passed" in score]
    not_passed = f" It did not pass: {', '.join(failed)}." if failed else ""
    return f"On drawn clips the model {seen['verdict']}. {seen['reason']}{not_passed}"


def _of_clusters(card: RunCard, groups: Groups | None) -> Iterator[str]:
    if groups is None:
        problem = str(card.outcome.get("clusters_problem", "")).strip()
        yield f"There are no clusters. {problem}".strip()
        return
    held = groups.clusters["coverage"]
    if len(held):
        yield (
            "Clusters are pieces that look alike in the measures, named afterwards from the words. "
            "A name holds for a part of the time of its cluster, the column coverage of "
            f"clusters.csv: here {held.min():.0%} to {held.max():.0%}."
        )
    else:
        yield "No cluster was found: all pieces are noise."
    yield (
        "Clusters fitted on one short recording need not come back in another. Freeze the map and "
        "apply it to all recordings you want to compare."
    )
