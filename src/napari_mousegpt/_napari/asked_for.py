"""What a model is asked: the prompt and the labels that were chosen, and a prompt being edited."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from napari_mousegpt.core.files import make_folder
from napari_mousegpt.errors import InputError, MouseGPTError
from napari_mousegpt.models.consent import consent_path
from napari_mousegpt.words.prompts import Prompt, load_prompt, prompt_names
from napari_mousegpt.words.vocabulary import Vocabulary, read_vocabulary

__all__ = ["PROMPT_FILE", "AskedFor", "PromptDraft", "prompt_entries", "prompts_folder"]

#: Stands in the list of prompts for a file, to be chosen below.
PROMPT_FILE = "file"
#: Nobody writes a prompt or a list of labels of that size; a video may be taken for one.
_LARGEST = 2 * 2**20
_LABELS_TOLD = 8


def prompts_folder() -> Path:
    """Return where the prompts lie that the user has written, beside what was agreed to."""
    return consent_path().parent / "prompts"


def prompt_entries() -> dict[str, str]:
    """Return the prompts that can be chosen: those of the package, the user's own, any file."""
    folder = prompts_folder()
    own = sorted(folder.glob("*.toml")) if folder.is_dir() else []
    return {
        **{name: name for name in prompt_names()},
        **{str(path): f"{path.stem} (yours)" for path in own},
        PROMPT_FILE: "a file ...",
    }


class AskedFor:
    """Prompt and labels as they were chosen, read again when a file has changed.

    Attributes
    ----------
    prompt : Prompt or None
        None while it cannot be read.
    vocabulary : Vocabulary or None
        None without labels, and while they cannot be read.
    problem : MouseGPTError or None
        Why one of them cannot be used.
    """

    def __init__(self) -> None:
        self._prompt_source, self._labels = "mousegpt", ""
        self._seen: object = None
        self.prompt: Prompt | None = None
        self.vocabulary: Vocabulary | None = None
        self.problem: MouseGPTError | None = None
        self.refresh()

    def choose(self, prompt: str, labels: str) -> None:
        """Choose a prompt, by name or file, and a file with labels; empty for none."""
        self._prompt_source, self._labels = prompt, labels
        self.refresh()

    def refresh(self) -> bool:
        """Read what was chosen, unless it is as it was read before; return whether it was read."""
        seen = tuple((name, _state_of(name)) for name in (self._prompt_source, self._labels))
        if seen == self._seen:
            return False
        self._seen, self.problem = seen, None
        self.prompt = self.vocabulary = None
        try:
            if not self._prompt_source:
                raise InputError("prompt", expected="a file with a prompt", found="none named")
            if self._prompt_source not in prompt_names():
                _refuse_large(self._prompt_source, "a prompt")
            self.prompt = load_prompt(self._prompt_source)
            if self._labels:
                _refuse_large(self._labels, "a list of labels")
                self.vocabulary = read_vocabulary(self._labels)
        except MouseGPTError as error:
            self.problem = error
        except OSError as error:
            path = error.filename or self._labels or self._prompt_source
            self.problem = InputError(
                str(path), expected="a file that can be read", found=str(error.strerror)
            )
        return True

    def lines(self) -> list[str]:
        """Return what is asked, for people; or why it cannot be."""
        if self.prompt is None or self.problem is not None:
            return [str(self.problem)]
        lines = [f"Prompt {self.prompt.id} asks for {', '.join(self.prompt.parts)}."]
        if self.vocabulary is not None:
            labels = self.vocabulary.labels
            more = ", ..." if len(labels) > _LABELS_TOLD else ""
            lines.append(f"{len(labels)} labels: {', '.join(labels[:_LABELS_TOLD])}{more}.")
            lines += self.vocabulary.doubts
        return lines


class PromptDraft:
    """A prompt that is being edited, as the text of a file.

    Parameters
    ----------
    source : str
        Name of a prompt of the package, of which a copy is edited under another name, or a file.

    Attributes
    ----------
    text : str
    own : Path or None
        The file that is edited; None for a copy that is not saved yet.
    prompt : Prompt or None
        None while the text is none.
    problem : str
        Why the text is no prompt, as a sentence.
    """

    def __init__(self, source: str) -> None:
        self.prompt: Prompt | None = None
        self.problem = ""
        if source in prompt_names():
            self.own: Path | None = None
            # As it is written, with its comments; the name is what tells it from ours.
            ours = (_package_folder() / f"{source}.toml").read_text(encoding="utf-8")
            named = f'name = "{_free_name(f"my-{source}")}"'
            text = re.sub(r"(?m)^name = .*$", named, ours, count=1)
        else:
            self.own = Path(source)
            _refuse_large(source, "a prompt")
            try:
                text = self.own.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise InputError(source, expected="a prompt in UTF-8", found=str(error)) from error
        self.text = ""
        self.edit(text)

    @property
    def path(self) -> Path | None:
        """Where it would be saved; None while it is no prompt."""
        if self.own is not None or self.prompt is None:
            return self.own
        return prompts_folder() / f"{self.prompt.name}.toml"

    def edit(self, text: str) -> None:
        """Take another text."""
        self.text, self.prompt, self.problem = text, None, ""
        try:
            prompt = Prompt.from_toml(text)
            _ = prompt.id  # finds what cannot be told to a model
            self._check_name(prompt)
        except MouseGPTError as error:
            self.problem = str(error)
        else:
            self.prompt = prompt

    def lines(self) -> list[str]:
        """Return what the text is, for people."""
        from napari_mousegpt.words.prompt_preview import prompt_doubts

        if self.prompt is None:
            return [self.problem]
        lines = [f"Prompt {self.prompt.id} asks for {', '.join(self.prompt.parts)}."]
        return [*lines, *prompt_doubts(self.prompt), f"Save writes it to {self.path}."]

    def save(self) -> Path:
        """Write the text to the user's own file, comments and all, and return that.

        Raises
        ------
        InputError
            When it is no prompt, or the file is one of the package or of another prompt.
        StorageError
            When it cannot be written.
        """
        from napari_mousegpt.core.files import replacing

        path = self.path
        if path is None or self.prompt is None:
            raise InputError("prompt", expected="a text that is one", found=self.problem)
        if self.own is None and path.exists():
            raise InputError(
                f"prompt {self.prompt.name!r}",
                expected="a name that is free",
                found=f"one of yours in {path}",
                remedy="Change its name in the text, or edit that one.",
            )
        make_folder(path.parent)
        with replacing(path) as part:
            part.write_text(self.text, encoding="utf-8")
        self.own = path
        return path

    def _check_name(self, prompt: Prompt) -> None:
        inside = self.own is not None and self.own.resolve().is_relative_to(_package_folder())
        if prompt.name in prompt_names() or inside:
            raise InputError(
                f"prompt {prompt.name!r}",
                expected="another name: this one comes with the package and stays as it is",
                remedy=f'Write name = "my-{prompt.name}".',
            )


def _free_name(name: str) -> str:
    """Return the name, or one with a number behind it that no prompt of the user has."""
    number, free = 2, name
    while (prompts_folder() / f"{free}.toml").exists():
        free, number = f"{name}-{number}", number + 1
    return free


def _package_folder() -> Path:
    return Path(str(files("napari_mousegpt.words"))).resolve() / "prompt_files"


def _state_of(path: str) -> tuple[int, int] | None:
    try:
        facts = Path(path).stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_size


def _refuse_large(path: str, what: str) -> None:
    state = _state_of(path)
    if state is not None and state[1] > _LARGEST:
        raise InputError(
            path, expected=f"{what}, a small text file", found=f"{state[1] / 1e6:.0f} MB"
        )
