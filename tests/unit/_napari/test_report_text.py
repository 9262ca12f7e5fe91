from __future__ import annotations

from pathlib import Path

import pytest

from napari_mousegpt._napari.layers import ink_on
from napari_mousegpt._napari.report_text import (
    Inks,
    Said,
    length_problem,
    of_report,
    said_html,
    said_text,
)
from napari_mousegpt.io.file_report import FileReport, Problem

REPORT = FileReport(
    Path("m1.mp4"),
    "video",
    "mp4",
    ("m1.mp4: 90 frames <of> 64 x 48 pixels.",),
    (Problem("3 frames are damaged.", "Copy the file again."),),
    {"n_frames": 90},
)


def test_problems_stand_out_and_are_followed_by_what_to_do() -> None:
    inks = Inks("#111111", "#222222", "#aa0000")
    html = said_html([of_report(REPORT), Said(("pose.csv: a pose.",))], inks)
    assert "90 frames &lt;of&gt; 64" in html
    problem = html[html.index("! 3 frames") - 80 : html.index("! 3 frames")]
    assert "#aa0000" in problem
    assert "bold" in problem
    assert html.index("! 3 frames") < html.index("Copy the file again.") < html.index("pose.csv")
    text = said_text([of_report(REPORT), Said(("pose.csv: a pose.",))])
    assert text.splitlines() == [
        "m1.mp4: 90 frames <of> 64 x 48 pixels.",
        "! 3 frames are damaged. Copy the file again.",
        "",
        "pose.csv: a pose.",
    ]


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_inks_can_be_read_on_the_ground_of_their_theme(theme: str) -> None:
    from napari.utils.theme import get_theme

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    ground = luminance(get_theme(theme).background.as_hex("long"))
    inks = Inks.of_theme(theme)
    for ink in (inks.text, inks.quiet, inks.problem):
        high, low = sorted([luminance(ink), ground], reverse=True)
        # The contrast that WCAG 2.1 asks of small text.
        assert (high + 0.05) / (low + 0.05) > 4.5, ink
    assert ink_on(inks.text) in ("#000000", "#ffffff")


def test_a_pose_of_another_length_is_told_before_it_is_opened() -> None:
    def pose(rows: int) -> FileReport:
        return FileReport(Path("p.csv"), "pose", "SLEAP", (), (), {"n_frames": rows})

    problem = length_problem(REPORT, pose(83))
    assert problem is not None
    assert problem.what == "The pose has 83 rows for 90 pictures: it is 7 shorter."
    assert "If lengths differ" in problem.remedy
    longer = length_problem(REPORT, pose(91))
    assert longer is not None
    assert "1 longer" in longer.what
    assert length_problem(REPORT, pose(90)) is None
    assert length_problem(None, pose(83)) is None
    assert length_problem(REPORT, None) is None
