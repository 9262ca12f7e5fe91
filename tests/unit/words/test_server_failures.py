from __future__ import annotations

import json
import socket
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from napari_mousegpt.words.server_failures import (
    connection_error,
    retry_after,
    status_error,
    tidy,
)
from napari_mousegpt.words.server_keys import NO_KEY, ServerKey
from napari_mousegpt.words.servers import Server, ServerError
from support.pace import Cost

SERVER = Server("http://localhost:8000/v1", "tiny")
KEY = ServerKey("sk-secret-0123456789", "the environment variable V")


def failed(status: int, said: object = "", server: Server = SERVER, **headers: str) -> ServerError:
    content = said.encode() if isinstance(said, str) else json.dumps(said).encode()
    return status_error(status, httpx.Headers(headers), content, server, NO_KEY)


@pytest.mark.parametrize(
    ("status", "kind", "again"),
    [
        (400, "refused", False),
        (401, "key", False),
        (403, "key", False),
        (404, "path", False),
        (405, "refused", False),
        (408, "busy", True),
        (409, "busy", True),
        (413, "too large", False),
        (422, "refused", False),
        (425, "busy", True),
        (429, "busy", True),
        (500, "server", True),
        (502, "server", True),
        (503, "busy", True),
        (504, "server", True),
        (307, "redirect", False),
        (204, "malformed", False),
    ],
)
def test_each_status_has_a_name_and_a_verdict(status: int, kind: str, again: bool) -> None:
    error = failed(status)
    assert (error.kind, error.again, error.status) == (kind, again, status)
    assert f"status {status}" in str(error)


def test_a_missing_v1_is_pointed_out() -> None:
    error = failed(404, {"detail": "Not Found"}, Server("http://localhost:8000", "tiny"))
    assert "/v1 seems to be missing: try http://localhost:8000/v1" in str(error)
    assert "Not Found" in str(error)
    assert "missing" not in str(failed(404, {"detail": "Not Found"}))


def test_a_model_that_is_not_there_is_no_wrong_path() -> None:
    error = failed(404, {"error": {"message": 'model "tiny" not found, try pulling it first'}})
    assert error.kind == "model"
    assert "try pulling it first" in str(error)


def test_without_a_key_the_error_says_where_it_belongs() -> None:
    error = failed(401, "", Server("http://gpu.lab/v1", "tiny", key_variable="LAB_KEY"))
    assert "environment variable LAB_KEY" in str(error)
    assert "keyring set napari-mousegpt gpu.lab" in str(error)


def test_a_wrong_key_is_named_by_its_source_and_never_shown() -> None:
    said = b'{"error": {"message": "Incorrect API key: sk-secret-0123456789."}}'
    error = status_error(403, {}, said, SERVER, KEY)
    assert "Incorrect API key: [key]." in str(error)
    assert "environment variable V" in str(error)
    assert "sk-secret" not in str(error)


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("At most 1 image(s) may be provided in one prompt.", "fewer frames"),
        ("video input is not supported", "form='images'"),
        ("response_format type json_schema is not supported", "answer='object'"),
        ("logprobs are not enabled", "logprobs=False"),
        ("maximum context length is 4096 tokens", "shorter prompt"),
    ],
)
def test_a_refusal_keeps_the_sentence_and_adds_a_remedy(said: str, remedy: str) -> None:
    error = failed(400, {"error": {"message": said, "type": "BadRequestError"}})
    assert said.rstrip(".") in str(error)
    assert remedy in str(error)


def test_a_bad_picture_gets_no_advice_about_many_pictures() -> None:
    said = failed(400, {"error": {"message": "cannot identify image file"}})
    assert str(said).endswith("which says: cannot identify image file")
    assert "log of the server" in str(failed(400))


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "bad thing"}},
        {"error": "bad thing"},
        {"message": "bad thing"},
        {"detail": "bad thing"},
        {"detail": [{"loc": ["body"], "msg": "bad thing", "input": "x" * 99}]},
        [{"error": {"message": "bad thing"}}],
        "bad thing",
        "<html><style>p {}</style><body><h1>bad</h1> thing</body></html>",
        '"bad thing"',
    ],
)
def test_the_sentence_is_found_wherever_servers_put_it(body: object) -> None:
    assert "which says: bad thing" in str(failed(400, body))


@pytest.mark.parametrize("body", ["", "{}", "[]", "null", "0", "\xff\x00", "[" * 100_000])
def test_a_body_that_says_nothing_is_no_trouble(body: str) -> None:
    assert len(str(failed(500, body))) < 500


def test_what_the_server_says_is_short_and_harmless() -> None:
    said = f"\x1b[31mbad\x07 image\n data:image/jpeg;base64,{'QUJD' * 50} {'so ' * 300}"
    line = tidy(said, NO_KEY)
    assert line.startswith("[31mbad image data:image/jpeg;base64,... so so")
    assert len(line) == 300
    assert line.isprintable()


@pytest.mark.parametrize("page", ["<" * 2**21, "<script" * 2**18, "x" * 2**22 + "</script>"])
def test_a_page_of_megabytes_is_no_trouble(page: str) -> None:
    with Cost() as cost:
        assert failed(500, page).kind == "server"
    assert cost.seconds < 1


def test_a_redirect_is_named_and_not_followed() -> None:
    error = failed(302, "", location="https://evil.example/v1")
    assert "https://evil.example/v1" in str(error)
    assert "not sent on" in str(error)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("0", 0.0), ("7", 7.0), ("0.25", 0.25), ("-3", 0.0), ("1e400", None), ("nan", None),
     ("soon", None), ("", None)],
)  # fmt: skip
def test_pauses_in_seconds(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}) == seconds


def test_a_date_is_counted_from_the_clock_of_the_server() -> None:
    now = datetime(2031, 5, 4, 3, 2, 1, tzinfo=UTC)  # years ahead of ours
    headers = {
        "date": format_datetime(now, usegmt=True),
        "retry-after": format_datetime(now + timedelta(seconds=90), usegmt=True),
    }
    assert retry_after(headers) == 90
    headers["retry-after"] = format_datetime(now - timedelta(seconds=90), usegmt=True)
    assert retry_after(headers) == 0


def test_a_date_without_a_clock_is_counted_from_ours() -> None:
    begun = datetime.now(UTC)
    found = retry_after(
        {"retry-after": format_datetime(begun + timedelta(seconds=90), usegmt=True)}
    )
    passed = (datetime.now(UTC) - begun).total_seconds()
    assert found is not None
    # The date has whole seconds.
    assert 89 - passed < found <= 90


def test_only_statuses_that_pass_have_a_pause() -> None:
    assert failed(429, "", **{"retry-after": "7"}).wait_s == 7
    assert failed(400, "", **{"retry-after": "7"}).wait_s is None


@pytest.mark.parametrize(
    ("cause", "sentence", "again"),
    [
        (OSError("x"), "was cut", True),
        (ConnectionRefusedError(111, "refused"), "nothing answers there", True),
        (socket.gaierror(-2, "unknown"), "name localhost is not known", True),
        (ssl.SSLError("certificate"), "no trusted connection", False),
    ],
)
def test_broken_connections_have_names(cause: Exception, sentence: str, again: bool) -> None:
    error = httpx.ReadError("x")
    error.__cause__ = cause
    told = connection_error(SERVER, error)
    assert (told.kind, told.again) == ("connection", again)
    assert sentence in str(told)
