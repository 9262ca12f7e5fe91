"""What a run card tells of the model that describes."""

from __future__ import annotations

import json
from pathlib import Path

from napari_mousegpt.models.device import Device, choose_device
from napari_mousegpt.models.weights import Weights
from napari_mousegpt.words import DescribeParams
from napari_mousegpt.words.calibration import calibrate
from napari_mousegpt.words.found_model import FoundModel
from napari_mousegpt.words.scoring import LabelScores, ScoringParams

#: Numbers a card calculates with, the best first.
TWO = ("bfloat16", "float32")


def test_the_card_tells_the_temperature_that_was_used(tmp_path: Path) -> None:
    weights = Weights("m", tmp_path, "", "hash", "", "internvl", "vlm")
    scores = LabelScores(("left", "right"), [[-0.4, -1.1], [-1.1, -0.4]] * 20)
    truth = ["left", "right"] * 17 + ["right", "left"] * 3
    fit = calibrate(scores, truth, params=ScoringParams(prior_weight=0.0), model="m")
    plainly = FoundModel(DescribeParams("m"), weights=weights, device=choose_device("cpu"))
    assert "calibration" not in plainly.provenance()
    params = DescribeParams("m", vocabulary=("left", "right"), calibration=fit)
    told = FoundModel(params, weights=weights, device=choose_device("cpu")).provenance()
    kept = json.loads(told["calibration"])
    assert kept["temperature"] == fit.temperature != 1.0
    assert kept["n"] == 40


def test_numbers_of_another_size_make_another_run(tmp_path: Path) -> None:
    weights = Weights("m", tmp_path, "", "hash", "", "internvl", "vlm")
    cpu, card = Device("cpu", "cpu", 2**34, ("float32",)), Device("cuda:0", "cuda", 2**34, TWO)
    found = [
        FoundModel(DescribeParams("m", **more), weights=weights, device=device).inputs
        for device, more in (
            (cpu, {}),
            (card, {}),
            (card, {"dtype": "float32"}),
            (card, {"quantised": "int8"}),
        )
    ]
    assert [each["numbers"] for each in found] == ["float32", "bfloat16", "float32", "int8"]
    assert found[0] == found[2]
