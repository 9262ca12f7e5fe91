from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from filelock import FileLock

from napari_mousegpt.errors import FormatError, InputError, StorageError
from napari_mousegpt.models import consent as consent_room
from napari_mousegpt.models.consent import Consent, ConsentError, consent_path


@pytest.fixture
def consent(tmp_path: Path) -> Consent:
    return Consent(tmp_path / "settings" / "consent.json")


def test_nothing_is_agreed_to_at_first_and_nothing_is_written(consent: Consent) -> None:
    assert not consent.agreed("download", "owner/model")
    assert not consent.path.parent.exists()


def test_an_agreement_is_kept_with_who_and_when(consent: Consent) -> None:
    consent.agree("server", "lab.example:8000", who="Ada")
    consent.agree("server", "lab.example:8000", who="Bo")
    again = Consent(consent.path)
    assert again.agreed("server", "lab.example:8000")
    assert not again.agreed("download", "lab.example:8000")
    assert not again.agreed("server", "lab.example")
    (entry,) = json.loads(consent.path.read_text())["agreements"]
    assert entry["who"] == "Ada"
    assert entry["when"].endswith("+00:00")


def test_agreements_at_the_same_time_are_all_kept(consent: Consent) -> None:
    def agree(number: int) -> None:
        Consent(consent.path).agree("download", f"owner/model{number}", who="Ada")

    threads = [threading.Thread(target=agree, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(consent.agreed("download", f"owner/model{number}") for number in range(8))


def test_the_commit_that_was_taken_is_remembered_by_branch(consent: Consent) -> None:
    assert consent.taken("owner/model") == ""
    consent.note_taken("owner/model", "", "a" * 40)
    consent.note_taken("owner/model", "v2", "b" * 40)
    assert (consent.taken("owner/model"), consent.taken("owner/model", "v2")) == (
        "a" * 40,
        "b" * 40,
    )


@pytest.mark.parametrize("text", ["", "{", "[]", '{"agreements": [1], "taken": {}}', "\x00"])
def test_a_damaged_file_is_told_and_left_alone(consent: Consent, text: str) -> None:
    consent.path.parent.mkdir()
    consent.path.write_text(text)
    for use in (
        lambda: consent.agreed("download", "a/b"),
        lambda: consent.agree("download", "a/b", who="Ada"),
    ):
        with pytest.raises(FormatError, match=r"consent.json: expected the list .* asked again"):
            use()
    assert consent.path.read_text() == text


@pytest.mark.parametrize(
    ("kind", "subject", "who"),
    [("upload", "a/b", "Ada"), ("server", " ", "Ada"), ("server", "h", "")],
)
def test_an_agreement_names_all_three(consent: Consent, kind: str, subject: str, who: str) -> None:
    with pytest.raises(InputError, match="Name all three"):
        consent.agree(kind, subject, who)  # type: ignore[arg-type]


def test_a_full_disk_is_told(small_disk: Path) -> None:
    consent = Consent(small_disk / "consent.json")
    consent.agree("download", "a/b", who="Ada")
    before = consent.path.read_text()
    (small_disk / "filler").write_bytes(bytes(200_000))
    with pytest.raises(StorageError):
        consent.agree("download", "a/" + "c" * 100_000, who="Ada")
    assert consent.path.read_text() == before


def test_a_lock_that_is_not_given_back_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consent_room, "_PATIENCE_S", 0.1)
    consent = Consent(tmp_path / "consent.json")
    with (
        FileLock(f"{consent.path}.lock"),
        pytest.raises(StorageError, match=r"consent\.json\.lock"),
    ):
        consent.agree("download", "a/b", who="Ada")
    consent.agree("download", "a/b", who="Ada")
    assert consent.agreed("download", "a/b")


def test_the_file_is_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NAPARI_MOUSEGPT_CONSENT", str(tmp_path / "c.json"))
    assert consent_path() == tmp_path / "c.json" == Consent().path
    monkeypatch.delenv("NAPARI_MOUSEGPT_CONSENT")
    assert consent_path().name == "consent.json"
    assert "napari-mousegpt" in str(consent_path())


def test_a_missing_agreement_says_what_goes_where_and_how_to_agree() -> None:
    error = ConsentError("server", "lab.example", found="frames sent there", remedy="Agree.")
    assert isinstance(error, InputError)
    assert error.kind == "server"
    assert str(error) == (
        "lab.example: expected your agreement, given once, found frames sent there. Agree."
    )
