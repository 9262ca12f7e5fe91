from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_mousegpt.errors import InputError
from napari_mousegpt.reports.reliability import draw_reliability
from napari_mousegpt.words.calibration import Calibration, calibrate
from napari_mousegpt.words.scoring import LabelScores, ScoringParams, softmax

LABELS = ("walking", "rearing", "still")


def calibration(sharpness: float, n: int = 300) -> Calibration:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(n, 3)) * 1.5
    truth = [LABELS[rng.choice(3, p=row)] for row in softmax(logits)]
    return calibrate(
        LabelScores(LABELS, sharpness * logits),
        truth,
        animals=[f"m{i % 5}" for i in range(n)],
        params=ScoringParams(prior_weight=0.0),
        model="model $x$ @ 1234",
    )


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf"])
def test_the_picture_is_written_whole(tmp_path: Path, ending: str) -> None:
    path = draw_reliability(tmp_path / f"r{ending}", calibration(3.0))
    assert path.stat().st_size > 5000
    assert [child.name for child in tmp_path.iterdir()] == [f"r{ending}"]


def test_what_is_written_on_it(tmp_path: Path) -> None:
    from matplotlib import rc_context

    found = calibration(3.0)
    with rc_context({"svg.fonttype": "none"}):
        text = draw_reliability(tmp_path / "r.svg", found).read_text()
    assert "model $x$ @ 1234" in text
    assert f"ECE {found.ece_before:.3f}" in text
    assert f"at temperature {found.temperature:.3g}, ECE {found.ece_after:.3f}" in text
    assert "300 accepted labels of 5 animals" in text
    for row in (*found.before, *found.after):
        assert not row.n or f">{row.n}<" in text


def test_points_stand_below_the_diagonal_of_a_model_too_sure(tmp_path: Path) -> None:
    shapes = []
    for sharpness in (4.0, 0.25):
        path = draw_reliability(tmp_path / f"{sharpness}.png", calibration(sharpness))
        pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
        blue = np.abs(pixels - (0, 0x72, 0xB2)).sum(axis=2) < 12
        # The left panel without the thin bars: how far its points stand above the diagonal.
        panel = blue[:, : blue.shape[1] // 2]
        panel = panel[:, :-8] & panel[:, 4:-4] & panel[:, 8:]
        rows, columns = np.nonzero(panel)
        shapes.append(float((-rows).mean() - columns.mean()))
    assert shapes[0] < shapes[1] - 100


def test_no_labels_held_out_and_a_wrong_ending(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ending in .png, .svg, .pdf"):
        draw_reliability(tmp_path / "r.txt", calibration(1.0))
