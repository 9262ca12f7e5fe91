from __future__ import annotations

import getpass

import pytest

from napari_mousegpt.core.people import account_name


@pytest.mark.parametrize("error", [OSError, KeyError, ModuleNotFoundError])
def test_an_account_without_a_name(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    def nobody() -> str:
        raise error("pwd")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert account_name() == "unknown"


def test_an_account_with_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "kim")
    assert account_name() == "kim"
