from __future__ import annotations

import json
import pickle

import pytest

from napari_mousegpt.core.provenance import digest, plain
from napari_mousegpt.errors import InputError
from napari_mousegpt.words.servers import Server, ServerError


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
        ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1"),
        (" HTTP://LocalHost:11434/v1 ", "http://localhost:11434/v1"),
        ("http://gpu.lab/v1/chat/completions", "http://gpu.lab/v1"),
        ("https://gpu.lab:443/v1", "https://gpu.lab/v1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
    ],
)
def test_addresses_are_put_in_one_form(given: str, kept: str) -> None:
    server = Server(given, "m")
    assert server.url == kept
    assert server.chat_url == f"{kept}/chat/completions"
    assert Server(server.url, "m") == server


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8000",
        "localhost",
        "ftp://host/v1",
        "file:///etc/passwd",
        "http:///v1",
        "http://host:99999/v1",
        "http://host:port/v1",
        "http://127.0.0.1\\evil.example/v1",
        "http://evil.example /v1",
        "http://münchen.example/v1",
        "http://host/v1/%2e%2e",
        "http://[::1/v1",
    ],
)
def test_what_is_no_plain_address_is_refused(url: str) -> None:
    with pytest.raises(InputError, match=r"http://127\.0\.0\.1:8000/v1"):
        Server(url, "m")


@pytest.mark.parametrize(
    "url",
    [
        "https://sk-secret-123@host/v1",
        "https://me:sk-secret-123@host/v1",
        "https://host/v1?api_key=sk-secret-123",
        "https://host/v1#sk-secret-123",
        "http://127.0.0.1:8000@evil.example/v1",
        "http://127.0.0.1\\@evil.example/v1",
    ],
)
def test_an_address_that_may_hold_a_key_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(InputError, match="without user, password") as caught:
        Server(url, "m")
    assert "sk-secret" not in str(caught.value)


def test_a_damaged_address_that_may_hold_a_key_is_not_shown() -> None:
    with pytest.raises(InputError, match="server address") as caught:
        Server("http://[::1/v1?api_key=sk-secret-123", "m")
    assert "sk-secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["sk-secret-123", "hf_abcDEF123", "", "A B", "9A"])
def test_a_key_given_as_the_name_of_a_variable_is_refused_without_showing_it(name: str) -> None:
    with pytest.raises(InputError, match="environment variable, in capitals") as caught:
        Server("http://localhost/v1", "m", key_variable=name)
    assert not name or name not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://127.8.9.1/v1", True),
        ("http://localhost:1234/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://localhost.evil.example/v1", False),
        ("http://127.0.0.1.evil.example/v1", False),
        ("http://127.1/v1", False),
        ("http://0.0.0.0/v1", False),
        ("http://192.168.1.5/v1", False),
        ("https://api.example.org/v1", False),
    ],
)
def test_only_this_very_machine_is_loopback(url: str, same: bool) -> None:
    assert Server(url, "m").loopback is same


@pytest.mark.parametrize(
    "setting",
    [
        {"form": "gif"},
        {"answer": "xml"},
        {"unlisted": "maybe"},
        {"concurrency": 0},
        {"timeout_s": 0.0},
        {"timeout_s": float("nan")},
        {"tries": 0},
        {"jpeg_quality": 0},
        {"jpeg_quality": 96},
        {"size": -1},
        {"asks_again": -1},
        {"temperature": 2.5},
        {"longest_wait_s": -1.0},
        {"model": " "},
    ],
)
def test_settings_out_of_range_are_named(setting: dict[str, object]) -> None:
    with pytest.raises(InputError, match=next(iter(setting))):
        Server(**{"url": "http://localhost/v1", "model": "m", **setting})  # type: ignore[arg-type]


def test_a_server_goes_into_a_run_card() -> None:
    server = Server("http://localhost:8000/v1", "m")
    card = json.loads(json.dumps(plain(server)))
    assert card["url"] == "http://localhost:8000/v1"
    assert card["jpeg_quality"] == 90
    assert digest(server) != digest(Server("http://localhost:8000/v1", "m", size=224))
    assert pickle.loads(pickle.dumps(server)) == server


def test_an_error_names_server_cause_and_remedy() -> None:
    server = Server("http://localhost:8000/v1", "m")
    error = ServerError(server, "path", found="status 404", remedy="Look.", status=404)
    assert str(error) == "server http://localhost:8000/v1: found status 404. Look."
    assert error.exit_code == 2
