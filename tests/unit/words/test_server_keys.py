from __future__ import annotations

import pickle
import sys
from types import ModuleType

import pytest

from napari_mousegpt.errors import InputError
from napari_mousegpt.words.server_keys import ServerKey, find_key
from napari_mousegpt.words.servers import KEY_VARIABLE, Server

KEY = "sk-secret-0123456789"
SERVER = Server("https://gpu.lab/v1", "m")


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    monkeypatch.setitem(sys.modules, "keyring", None)


def stand_in_keyring(monkeypatch: pytest.MonkeyPatch, answer: str | Exception | None) -> None:
    errors = ModuleType("keyring.errors")
    errors.KeyringError = type("KeyringError", (Exception,), {})  # type: ignore[attr-defined]
    errors.NoKeyringError = type(  # type: ignore[attr-defined]
        "NoKeyringError", (errors.KeyringError,), {}
    )
    keyring = ModuleType("keyring")

    def get_password(service: str, user: str) -> str | None:
        assert (service, user) == ("napari-mousegpt", "gpu.lab")
        if isinstance(answer, Exception):
            raise getattr(errors, str(answer))("sealed")
        return answer

    keyring.get_password = get_password  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)


def test_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_keyring(monkeypatch, "another")
    monkeypatch.setenv(KEY_VARIABLE, f" {KEY}\n")
    key = find_key(SERVER)
    assert key.headers() == {"Authorization": f"Bearer {KEY}"}
    assert KEY_VARIABLE in key.source


def test_then_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_keyring(monkeypatch, KEY)
    key = find_key(SERVER)
    assert key.headers() == {"Authorization": f"Bearer {KEY}"}
    assert key.source == "the keyring (napari-mousegpt, gpu.lab)"


@pytest.mark.parametrize("answer", [None, "", Exception("NoKeyringError")])
def test_without_any_there_is_none(
    monkeypatch: pytest.MonkeyPatch, answer: Exception | str | None
) -> None:
    assert not find_key(SERVER)
    stand_in_keyring(monkeypatch, answer)
    key = find_key(SERVER)
    assert not key
    assert key.headers() == {}


def test_a_locked_keyring_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_keyring(monkeypatch, Exception("KeyringError"))
    with pytest.raises(InputError, match="Unlock it"):
        find_key(SERVER)


def test_a_variable_that_was_chosen_must_be_set() -> None:
    with pytest.raises(InputError, match=r"MY_KEY.*keyring set napari-mousegpt gpu\.lab"):
        find_key(Server("https://gpu.lab/v1", "m", key_variable="MY_KEY"))


@pytest.mark.parametrize("value", ["sk secret", "sk-secret\nX-Other: 1", "sk-sécret", "sk\x00x"])
def test_a_key_that_cannot_be_sent_is_refused_unseen(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    with pytest.raises(InputError, match="the variable V") as caught:
        ServerKey(value, "the variable V")
    assert value not in str(caught.value)
    assert "cret" not in str(caught.value)


def test_a_key_does_not_show_itself() -> None:
    key = ServerKey(KEY, "the variable V")
    for text in (repr(key), str(key), f"{key}", repr([key]), repr(vars(type(key)))):
        assert KEY not in text
    with pytest.raises(TypeError, match="not written"):
        pickle.dumps(key)


def test_a_key_that_the_server_repeats_is_hidden() -> None:
    key = ServerKey(KEY, "the variable V")
    assert key.hide(f"wrong key {KEY}!") == "wrong key [key]!"
    # "EMPTY" is what servers without keys are given; it is a word.
    assert ServerKey("EMPTY", "the variable V").hide("EMPTY cage") == "EMPTY cage"
    assert ServerKey("", "nowhere").hide("abc") == "abc"
