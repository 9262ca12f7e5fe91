"""Write docs/formats.md from the registries of formats: python docs/make_formats.py."""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path

from napari_mousegpt.core.pose_steps import STEPS
from napari_mousegpt.io.image_names import IMAGE_SUFFIXES
from napari_mousegpt.io.label_formats import LABEL_FORMATS
from napari_mousegpt.io.pose import POSE_FORMATS

PAGE = Path(__file__).with_name("formats.md")

HEAD = """# What is read

<!-- Made by docs/make_formats.py from the registries of napari_mousegpt.io; do not edit. -->

`napari-mousegpt info FILE` says what a file is and what is wrong with it; the panel *Open
recording* shows the same. The content decides, not the ending; where it cannot, the message says
what to give.
How videos, poses and labels are treated, and why, stands in [recordings.md](recordings.md).
"""


def page() -> str:
    """Return the whole page."""
    suffixes = ", ".join(f"`{suffix}`" for suffix in IMAGE_SUFFIXES)
    return "\n".join(
        [
            HEAD,
            "## Pictures\n",
            "| what | how |",
            "|---|---|",
            "| video | any that FFmpeg decodes and in which a frame can be found again |",
            "| TIFF stack | page by page, or as a memory map |",
            f"| folder, pattern or list of images | {suffixes}, in natural order |",
            "| array, or a layer of another plugin | (T, Y, X) or (T, Y, X, C), lazy or not |",
            "",
            "## Poses\n",
            "Named by `pose_format=` or `--pose-format`.\n",
            *_table((entry.name, entry.suffixes, entry.meaning) for entry in POSE_FORMATS.values()),
            "",
            "## Labels\n",
            "Named by `load_labels(..., format=)` or `--format` of the command `labels`.\n",
            *_table(
                (entry.name, entry.suffixes, entry.meaning) for entry in LABEL_FORMATS.values()
            ),
            "",
            "## Steps that clean a pose\n",
            "None is done unasked. Given as `steps=` or `--pose-step`, done in the order given and",
            "kept in the run card with how many points each one removed, filled or changed.\n",
            "| step | values, by default | what it does |",
            "|---|---|---|",
            *(
                f"| `{name}` | "
                + ", ".join(
                    f"{field.name} {'to be given' if field.default is MISSING else field.default}"
                    for field in fields(kind)
                )
                + f" | {(kind.__doc__ or '').splitlines()[0]} |"
                for name, kind in STEPS.items()
            ),
            "",
        ]
    )


def _table(rows: object) -> list[str]:
    lines = ["| format | endings | what |", "|---|---|---|"]
    for name, suffixes, meaning in rows:  # type: ignore[attr-defined]
        lines.append(f"| {name} | {', '.join(f'`{suffix}`' for suffix in suffixes)} | {meaning} |")
    return lines


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
