"""What is said about chosen files, as text that a panel shows: problems stand out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from napari_mousegpt.io.file_report import FileReport, Problem

__all__ = ["Inks", "Said", "length_problem", "of_report", "said_html", "said_text"]


@dataclass(frozen=True)
class Inks:
    """Colours of text that read well on the ground of a theme, as ``"#rrggbb"``."""

    text: str
    quiet: str
    problem: str

    @classmethod
    def of_theme(cls, name: str) -> Inks:
        """Return the colours for a theme of napari."""
        from napari.utils.theme import get_theme

        theme = get_theme(name)
        # napari's own warning colour cannot be read on its light ground.
        dark = theme.type == "dark"
        quiet, problem = ("#a9b0ba", "#f0b429") if dark else ("#5b5f66", "#9a3b00")
        return cls(theme.text.as_hex(), quiet, problem)


@dataclass(frozen=True)
class Said:
    """What is said about one thing: sentences, then what is wrong and what to do about it."""

    sentences: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def of_report(report: FileReport) -> Said:
    """Return what the report of a file says, with the problems once only."""
    return Said(report.sentences, report.problems)


def length_problem(video: FileReport | None, pose: FileReport | None) -> Problem | None:
    """Return a problem when a pose is longer or shorter than its video."""
    pictures = video.numbers.get("n_frames") if video is not None else None
    rows = pose.numbers.get("n_frames") if pose is not None and pose.kind == "pose" else None
    if not pictures or not rows or pictures == rows:
        return None
    more = "longer" if rows > pictures else "shorter"
    return Problem(
        f"The pose has {rows} rows for {pictures} pictures: it is {abs(rows - pictures)} {more}.",
        'If it belongs to this video, choose what to do under "If lengths differ".',
    )


def said_text(parts: Sequence[Said]) -> str:
    """Return it as plain text, problems marked with "!"."""
    blocks = [
        "\n".join([*part.sentences, *(f"! {p.what} {p.remedy}".rstrip() for p in part.problems)])
        for part in parts
    ]
    return "\n\n".join(block for block in blocks if block)


def said_html(parts: Sequence[Said], inks: Inks) -> str:
    """Return it as rich text, problems in their own colour and what to do below them."""
    blocks = []
    for part in parts:
        lines = [_line(text, inks.text) for text in part.sentences]
        for problem in part.problems:
            lines.append(_line(f"! {problem.what}", inks.problem, "font-weight: bold;"))
            if problem.remedy:
                lines.append(_line(problem.remedy, inks.problem, "margin-left: 12px;"))
        blocks.append("".join(lines))
    rule = '<p style="margin: 0; font-size: 4px;">&nbsp;</p>'
    return rule.join(block for block in blocks if block)


def _line(text: str, ink: str, style: str = "") -> str:
    return f'<p style="margin: 0 0 3px 0; color: {ink}; {style}">{escape(text)}</p>'
