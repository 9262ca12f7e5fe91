"""The pages say what is so."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").rglob("*.md")]
)
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    return [
        body for name, body in _FENCE.findall(page.read_text(encoding="utf-8")) if name == language
    ]


@pytest.mark.parametrize("name", ["make_tables", "make_formats"])
def test_generated_pages_are_current(name: str) -> None:
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    assert maker.PAGE.read_text(encoding="utf-8") == maker.page(), f"run python docs/{name}.py"


def test_architecture_names_every_room() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    source = ROOT / "src" / "napari_mousegpt"
    rooms = {path.parent.name for path in source.glob("*/__init__.py")}
    named = set(re.findall(r"^\|[^|]*\| `(\w+)` \|", text, re.MULTILINE)) - {"errors"}
    assert named == rooms


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_first_steps_in_python_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_mousegpt.io.samples import make_sample

    monkeypatch.setenv("NAPARI_MOUSEGPT_CACHE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    make_sample(tmp_path / "sample-v1", seconds=40, size=(96, 128))
    code = "\n".join(blocks(ROOT / "docs" / "getting_started.md", "python"))
    names: dict[str, object] = {}
    exec(compile(code, "getting_started.md", "exec"), names)
    assert (tmp_path / "bouts.csv").exists()
    assert len(names["together"]) == 2 * len(names["vecs"])  # type: ignore[arg-type]


def test_commands_of_the_pages_are_known() -> None:
    from napari_mousegpt.cli.main import build_parser

    parser = build_parser()
    known = 0
    for page in PAGES:
        for body in blocks(page, "sh"):
            for line in body.splitlines():
                _, found, arguments = line.partition("napari-mousegpt ")
                if found and line.startswith("napari-mousegpt"):
                    # As a shell does: quotes, and comments behind a command.
                    assert parser.parse_args(shlex.split(arguments, comments=True)).command
                    known += 1
    assert known > 30


def test_example_recording_is_the_one_described() -> None:
    folder = ROOT / "examples" / "data"
    text = (folder / "README.md").read_text(encoding="utf-8")
    sums = dict(re.findall(r"^([0-9a-f]{64})  (\S+)$", text, re.MULTILINE))
    assert set(sums.values()) == {"openfield.mp4", "openfield.csv"}
    for expected, name in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == expected


def test_prompts_and_labels_of_the_page_load(tmp_path: Path) -> None:
    from napari_mousegpt.words.prompts import Prompt
    from napari_mousegpt.words.vocabulary import read_vocabulary

    page = ROOT / "docs" / "describe.md"
    prompt, examples, labels = blocks(page, "toml")
    made = Prompt.from_toml(f"{prompt}\n{examples}")
    assert (len(made.examples), set(made.options)) == (1, {"head"})
    for text, ending, count in ((labels, "toml", 2), (*blocks(page, "csv"), "csv", 5)):
        path = tmp_path / f"labels.{ending}"
        path.write_text(text, encoding="utf-8")
        found = read_vocabulary(path)
        assert len(found) == count
        assert found.match("freezing") == "still"


def test_models_of_the_page_are_the_presets() -> None:
    from napari_mousegpt.models.presets import TIERS, presets

    text = (ROOT / "docs" / "describe.md").read_text(encoding="utf-8")
    for preset in presets("vlm"):
        licence = preset.licence or "not found"
        licence = f"**{licence}, non-commercial**" if preset.commercial is False else licence
        doubt = "" if preset.licence_seen else " ?"
        assert (
            f"| `{preset.name}` | {TIERS[preset.tier]} | {licence}{doubt} "
            f"| {preset.download_gb:.1f} | {preset.least_gb:.1f} |"
        ) in text
    assert all(f"`{preset.name}`" in text for preset in presets("encoder"))


def test_options_of_the_page_are_those_of_the_commands() -> None:
    from argparse import ArgumentParser

    from napari_mousegpt.cli.commands import COMMANDS

    text = (ROOT / "docs" / "describe.md").read_text(encoding="utf-8")
    known = set()
    for name in ("run", "describe", "project", "models", "certify", "calibrate", "propagate"):
        parser = ArgumentParser()
        COMMANDS[name].add_options(parser)
        known |= {option for action in parser._actions for option in action.option_strings}
    # Of other programs: servers are started with these.
    theirs = {"--host", "--limit-mm-per-prompt"}
    assert set(re.findall(r"`(--[a-z-]+)", text)) <= known | theirs


def test_the_front_page_names_every_command() -> None:
    from napari_mousegpt.cli.commands import COMMANDS

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = "\n".join(line.split("|")[1] for line in text.splitlines() if line.startswith("| `"))
    assert {name for name in COMMANDS if not re.search(rf"\b{name}\b", table)} == set()
