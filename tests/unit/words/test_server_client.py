from __future__ import annotations

import asyncio
import json
import logging
import socket
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_mousegpt.core.provenance import plain
from napari_mousegpt.errors import InputError
from napari_mousegpt.models.asks import Ask, ClipFrames
from napari_mousegpt.models.consent import Consent, ConsentError
from napari_mousegpt.words import server_client
from napari_mousegpt.words.server_client import describe_remote, look_at
from napari_mousegpt.words.server_consent import agree_to_server
from napari_mousegpt.words.servers import KEY_VARIABLE, Reply, Server, ServerError
from support.mock_server import MODEL, Answer, Request, chat_answer, mock_server

KEY = "sk-secret-0123456789"


@pytest.fixture(autouse=True)
def _no_proxy_no_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    monkeypatch.setenv("NAPARI_MOUSEGPT_CONSENT", str(tmp_path / "consent.json"))


def ask(number: int) -> Ask:
    frames = np.zeros((2, 8, 8, 3), dtype=np.uint8)
    return Ask((ClipFrames(frames, np.arange(2), 10.0, 4, 0.4),), f"This is clip number {number}.")


def asks(n: int) -> list[Ask]:
    return [ask(number) for number in range(n)]


def quick(url: str, **settings: Any) -> Server:
    return Server(url, MODEL, **{"first_wait_s": 0.01, "timeout_s": 5.0, **settings})


def no_client_threads() -> bool:
    return not [thread for thread in threading.enumerate() if "server " in thread.name]


def answer_all(status: int, body: bytes = b"", **headers: str) -> Any:
    return lambda request: Answer(
        status, body, {k.replace("_", "-"): v for k, v in headers.items()}
    )


# What the server says it is


def test_a_server_is_looked_at_before_any_frame() -> None:
    with mock_server() as mock:
        facts = look_at(quick(mock.url))
        assert facts.listed == (MODEL,)
        assert facts.software == "mock"
        assert not facts.note
        assert not mock.requests
        assert json.loads(json.dumps(plain(facts)))["asked"] == MODEL


def test_a_server_that_was_looked_at_is_not_looked_at_again() -> None:
    with mock_server() as mock:
        server = quick(mock.url)
        facts = look_at(server)
        for _ in range(3):
            assert len(list(describe_remote(asks(2), server, facts=facts))) == 2
        assert len(mock.listings) == 1


def test_a_model_that_is_not_listed_is_refused_with_the_list() -> None:
    models = Answer(body=b'{"data": [{"id": "other-a"}, {"id": "other-b"}]}')
    with mock_server(models=models) as mock:
        with pytest.raises(ServerError, match="'tiny-vlm', found only other-a, other-b") as caught:
            describe_remote(asks(1), quick(mock.url))
        assert caught.value.kind == "model"
        assert not mock.requests
        notes: list[str] = []
        server = quick(mock.url, unlisted="note")
        assert len(list(describe_remote(asks(1), server, note=notes.append))) == 1
    assert notes == ["The server does not list tiny-vlm, only other-a, other-b."]


@pytest.mark.parametrize(
    "models",
    [
        Answer(404),
        Answer(500),
        Answer(body=b"oops"),
        Answer(body=b"[]"),
        Answer(body=b'{"data":[]}'),
    ],
)
def test_a_server_without_a_list_is_asked_all_the_same(models: Answer) -> None:
    with mock_server(models=models) as mock:
        with pytest.warns(UserWarning, match="did not list its models"):
            replies = describe_remote(asks(2), quick(mock.url))
        assert [reply.text for reply in replies] == ["clip 0", "clip 1"]


def test_an_endless_list_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_client, "_LONGEST_LIST", 1000)
    with mock_server(models=Answer(body=b"x" * 100_000)) as mock:
        assert look_at(quick(mock.url)).note


def test_another_model_that_answers_is_kept_and_told_once() -> None:
    def lie(request: Request) -> Answer:
        return Answer(body=chat_answer("x", model="cheap-1b"))

    with mock_server(lie) as mock, pytest.warns(UserWarning, match="says that cheap-1b") as warned:
        replies = list(describe_remote(asks(5), quick(mock.url)))
    assert len(warned) == 1
    assert {reply.model for reply in replies} == {"cheap-1b"}
    assert replies[0].problem == "answered by cheap-1b, not by tiny-vlm"


# Refusals of the whole server


@pytest.mark.parametrize("status", [401, 403])
def test_a_missing_key_is_told_at_once(status: int) -> None:
    with mock_server(models=Answer(status)) as mock:
        with pytest.raises(ServerError, match=f"{KEY_VARIABLE}.*keyring set napari-mousegpt"):
            describe_remote(asks(1), quick(mock.url))
        assert not mock.requests


def test_a_missing_key_that_shows_only_with_a_clip_ends_everything() -> None:
    with mock_server(answer_all(401)) as mock:
        with pytest.raises(ServerError, match=KEY_VARIABLE) as caught:
            list(describe_remote(asks(500), quick(mock.url, concurrency=2)))
        assert caught.value.kind == "key"
        assert len(mock.requests) <= 4
    assert no_client_threads()


def test_a_forbidden_clip_among_good_ones_is_its_own_error() -> None:
    def behave(request: Request) -> Answer:
        return Answer(403) if request.clip == 2 else Answer(body=chat_answer("x"))

    with mock_server(behave) as mock:
        replies = list(describe_remote(asks(4), quick(mock.url, concurrency=1)))
    assert [reply.error is None for reply in replies] == [True, True, False, True]


def test_a_wrong_path_points_to_v1() -> None:
    with mock_server(answer_all(404, b'{"detail":"Not Found"}')) as mock:
        server = quick(mock.url.removesuffix("/v1"))
        with pytest.raises(ServerError, match=r"/v1 seems to be missing: try http://.*/v1$"):
            list(describe_remote(asks(3), server))


def test_nobody_there() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        server = quick(f"http://127.0.0.1:{held.getsockname()[1]}/v1")
        with pytest.raises(ServerError, match=r"nothing answers there.*Is the server running"):
            describe_remote(asks(1), server)


def test_an_unknown_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: object, **more: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    agree_to_server("http://gpu.lab/v1", "Ada")
    with pytest.raises(ServerError, match=r"the name gpu\.lab is not known") as caught:
        describe_remote(asks(1), quick("http://gpu.lab/v1"))
    assert caught.value.kind == "connection"


def test_https_where_there_is_none() -> None:
    with mock_server() as mock:
        server = quick(mock.url.replace("http:", "https:"))
        with pytest.raises(ServerError, match="no trusted connection"):
            describe_remote(asks(1), server)


def test_no_frame_follows_a_redirect() -> None:
    with mock_server() as other:
        away = f"{other.url}/chat/completions"
        with (
            mock_server(answer_all(307, location=away)) as mock,
            pytest.raises(ServerError, match="not sent on to another address"),
        ):
            list(describe_remote(asks(1), quick(mock.url)))
        assert not other.requests


def test_a_server_that_dies_ends_everything_and_what_was_answered_is_kept() -> None:
    def behave(request: Request) -> Answer:
        return Answer(body=chat_answer("x"), cut=0 if request.clip >= 20 else None)

    got: list[Reply] = []
    with mock_server(behave) as mock:
        replies = describe_remote(asks(1000), quick(mock.url, tries=2, concurrency=3))
        with pytest.raises(ServerError, match="8 clips in a row got no answer") as caught:
            got.extend(replies)
        assert len(mock.requests) < 60
    assert caught.value.kind == "connection"
    assert [reply.text for reply in got[:20]] == ["x"] * 20
    assert all(reply.error is not None and reply.tries == 2 for reply in got[20:])
    assert len(got) >= 28


def test_a_server_that_refuses_everything_is_left() -> None:
    said = b'{"error": {"message": "At most 1 image(s) may be provided"}}'
    got: list[Reply] = []
    with mock_server(answer_all(400, said)) as mock:
        replies = describe_remote(asks(1000), quick(mock.url, concurrency=2))
        with pytest.raises(ServerError, match="At most 1 image"):
            got.extend(replies)
        assert len(mock.requests) < 20
    assert [reply.row for reply in got] == sorted({reply.row for reply in got})
    assert len(got) >= 8
    assert all(reply.tries == 1 and reply.error is not None for reply in got)


@pytest.mark.parametrize("trouble", [Answer(401), Answer(500), Answer(delay_s=9)])
def test_a_server_that_is_of_no_use_any_more_is_left(trouble: Answer) -> None:
    """The key has run out, the model has crashed, or the server hangs."""

    def behave(request: Request) -> Answer:
        return trouble if request.clip >= 3 else Answer(body=chat_answer("x"))

    with mock_server(behave) as mock:
        server = quick(mock.url, tries=1, timeout_s=0.2, concurrency=4)
        with pytest.raises(ServerError, match="8 clips in a row got no answer"):
            list(describe_remote(asks(200), server))
        assert len(mock.requests) < 20


# One clip


def test_a_bad_clip_among_good_ones_keeps_the_sentence_of_the_server() -> None:
    def behave(request: Request) -> Answer:
        said = b'{"error": {"message": "cannot identify image"}}'
        return Answer(400, said) if request.clip == 1 else Answer(body=chat_answer("x"))

    with mock_server(behave) as mock:
        replies = list(describe_remote(asks(3), quick(mock.url)))
    assert [reply.error is None for reply in replies] == [True, False, True]
    assert "cannot identify image" in str(replies[1].error)
    assert replies[1].tries == 1


def test_a_clip_too_slow_is_a_timeout_and_the_rest_goes_on() -> None:
    def behave(request: Request) -> Answer:
        return Answer(body=chat_answer("x"), delay_s=30 if request.clip == 0 else 0)

    with mock_server(behave) as mock:
        server = quick(mock.url, timeout_s=1.5, tries=2)
        replies = list(describe_remote(asks(3), server))
    assert replies[0].error is not None
    assert replies[0].error.kind == "timeout"
    assert "within 1.5 s" in str(replies[0].error)
    assert [reply.text for reply in replies[1:]] == ["x", "x"]


def in_seconds(seconds: int) -> dict[str, str]:
    now = datetime.now(UTC)
    until = now + timedelta(seconds=seconds)
    return {
        "Date": format_datetime(now, usegmt=True),
        "Retry-After": format_datetime(until, usegmt=True),
    }


@pytest.mark.parametrize(
    ("headers", "least"), [({"Retry-After": "0.4"}, 0.4), (in_seconds(1), 1.0)]
)
def test_the_pause_that_the_server_asks_for_is_made(headers: dict[str, str], least: float) -> None:
    arrived: list[float] = []

    def behave(request: Request) -> Answer:
        arrived.append(time.monotonic())
        return Answer(body=chat_answer("x")) if request.nth else Answer(429, headers=headers)

    with mock_server(behave) as mock:
        (reply,) = describe_remote(asks(1), quick(mock.url))
    assert (reply.text, reply.tries) == ("x", 2)
    assert least <= arrived[1] - arrived[0] < least + 20


def test_an_answer_that_drips_is_a_timeout_too() -> None:
    """Every byte comes in time, the whole answer does not."""

    def behave(request: Request) -> Answer:
        return Answer(body=chat_answer("x"), drip_s=0.05)

    with mock_server(behave) as mock:
        begun = time.monotonic()
        (reply,) = describe_remote(asks(1), quick(mock.url, timeout_s=0.3, tries=1))
        assert time.monotonic() - begun < 10
    assert reply.error is not None
    assert reply.error.kind == "timeout"


def test_pauses_double_and_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_mousegpt.words import server_exchange

    arrived: list[float] = []
    chosen: list[float] = []

    class Asyncio:
        """Notes the pauses that are chosen, as a busy machine makes longer ones of them."""

        def __getattr__(self, name: str) -> Any:
            return getattr(asyncio, name)

        async def sleep(self, seconds: float) -> None:
            chosen.append(seconds)
            await asyncio.sleep(seconds)

    monkeypatch.setattr(server_exchange, "asyncio", Asyncio())

    def behave(request: Request) -> Answer:
        arrived.append(time.monotonic())
        return Answer(500)

    with mock_server(behave) as mock:
        server = quick(mock.url, first_wait_s=0.1, longest_wait_s=0.25, tries=5)
        (reply,) = describe_remote(asks(1), server)
    assert reply.tries == 5
    assert (np.array(chosen) >= [0.05, 0.1, 0.2, 0.25]).all()
    assert (np.array(chosen) <= [0.1, 0.2, 0.25, 0.25]).all()
    assert (np.diff(arrived) >= chosen).all()


def test_an_answer_cut_at_its_limit_is_kept_marked_and_not_asked_again() -> None:
    choice = {"message": {"content": '{"label": "re'}, "finish_reason": "length"}

    def behave(request: Request) -> Answer:
        return Answer(body=chat_answer("", choices=[choice]))

    with mock_server(behave) as mock:
        server = quick(mock.url, max_tokens=5)
        (reply,) = describe_remote(asks(1), server, read=lambda text: ({}, "not JSON"))
    assert reply.text == '{"label": "re'
    assert reply.problem == "not JSON; cut at max_tokens=5"
    assert reply.tries == 1


def test_an_answer_that_cannot_be_read_is_asked_again_with_another_seed() -> None:
    with mock_server() as mock:
        server = quick(mock.url, asks_again=2, seed=3)
        (reply,) = describe_remote(asks(1), server, read=lambda text: ({}, "not JSON"))
    assert [(r.body["seed"], r.body["temperature"]) for r in mock.requests] == [
        (3, 0.0),
        (4, 0.2),
        (5, 0.2),
    ]
    assert (reply.text, reply.problem, reply.tries) == ("clip 0", "not JSON", 3)


def test_an_answer_that_cannot_be_read_is_kept_when_the_server_then_fails() -> None:
    def behave(request: Request) -> Answer:
        return Answer(503) if request.nth else Answer(body=chat_answer("I see no mouse"))

    with mock_server(behave) as mock:
        server = quick(mock.url, tries=2)
        (reply,) = describe_remote(asks(1), server, read=lambda text: ({}, "not JSON"))
    assert (reply.text, reply.error, reply.tries) == ("I see no mouse", None, 3)
    assert reply.problem == "not JSON; asked again in vain: status 503 (2 tries)"


def test_a_clip_that_cannot_be_packed_is_its_own_error(monkeypatch: pytest.MonkeyPatch) -> None:
    import av

    monkeypatch.setattr(av, "codecs_available", set())
    with mock_server() as mock:
        replies = list(describe_remote(asks(2), quick(mock.url, form="mp4")))
        assert not mock.requests
    assert [reply.error.kind if reply.error else "" for reply in replies] == ["clip", "clip"]
    assert "choose the form 'images'" in str(replies[0].error)


def test_a_long_answer_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_mousegpt.words import server_exchange

    monkeypatch.setattr(server_exchange, "_LONGEST_BODY", 10_000)
    with mock_server(answer_all(200, b" " * 50_000)) as mock:
        (reply,) = describe_remote(asks(1), quick(mock.url))
    assert reply.error is not None
    assert reply.error.kind == "malformed"


# Ends


def test_cancelled_within_a_clip() -> None:
    def behave(request: Request) -> Answer:
        if request.clip == 5:  # all before it are answered, but for 1
            stop.set()
        return Answer(body=chat_answer("x"), delay_s=30 if request.clip in (1, 5) else 0)

    stop = threading.Event()
    got: list[int] = []
    with mock_server(behave) as mock:
        server = quick(mock.url, timeout_s=60.0, concurrency=2)
        begun = time.monotonic()
        for reply in describe_remote(asks(50), server, cancelled=stop.is_set):
            got.append(reply.row)
        seconds = time.monotonic() - begun
    assert seconds < 25
    assert got == [0, 2, 3, 4]  # 1 and 5 hang; what came behind them is not lost
    assert no_client_threads()


def test_closed_within_a_clip_and_the_asks_are_closed_too() -> None:
    closed = threading.Event()

    def endless() -> Iterator[Ask]:
        try:
            for number in range(1000):
                yield ask(number)
        finally:
            closed.set()

    def behave(request: Request) -> Answer:
        return Answer(body=chat_answer("x"), delay_s=30 if request.clip else 0)

    with mock_server(behave) as mock:
        replies = describe_remote(endless(), quick(mock.url, timeout_s=60.0))
        assert next(replies).row == 0
        begun = time.monotonic()
        replies.close()  # type: ignore[attr-defined]
        assert time.monotonic() - begun < 25
    assert closed.is_set()
    assert no_client_threads()


def test_an_error_while_clips_are_cut_reaches_the_caller() -> None:
    def broken() -> Iterator[Ask]:
        yield ask(0)
        raise InputError("m.mp4", found="a damaged frame")

    with mock_server() as mock, pytest.raises(InputError, match="a damaged frame"):
        list(describe_remote(broken(), quick(mock.url)))
    assert no_client_threads()


def test_an_error_of_the_reader_of_replies_reaches_the_caller() -> None:
    def read(text: str) -> Any:
        raise ZeroDivisionError("fault")

    with mock_server() as mock, pytest.raises(ZeroDivisionError, match="fault"):
        list(describe_remote(asks(300), quick(mock.url), read=read))
    assert no_client_threads()


def test_no_asks_no_replies() -> None:
    with mock_server() as mock:
        assert list(describe_remote([], quick(mock.url))) == []
        assert list(describe_remote(iter([]), quick(mock.url))) == []


# Where frames and keys go


@pytest.fixture
def lab_host(monkeypatch: pytest.MonkeyPatch) -> str:
    """A name that is no loopback to the client, and leads to this machine."""
    true = socket.getaddrinfo

    def here(host: object, *args: Any, **more: Any) -> Any:
        return true("127.0.0.1" if host in ("gpu.lab", b"gpu.lab") else host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    return "gpu.lab"


def test_nothing_reaches_another_host_before_it_was_agreed_to(lab_host: str) -> None:
    with mock_server() as mock:
        server = quick(mock.url.replace("127.0.0.1", lab_host))
        with pytest.raises(ConsentError, match=r"10 frames of your video.*host gpu.lab"):
            describe_remote(asks(5), server)
        with pytest.raises(ConsentError):
            look_at(server)
        with pytest.raises(ConsentError, match="77 frames"):
            describe_remote(iter(asks(5)), server, n_frames=77)
        assert not mock.requests
        assert not mock.listings
        agree_to_server(server.url, "Ada")
        assert len(list(describe_remote(asks(5), server))) == 5
        assert len(list(describe_remote(asks(1), server, agreements=Consent()))) == 1


def test_a_proxy_is_used_for_other_hosts_and_never_for_this_machine(
    lab_host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mock_server() as proxy, mock_server() as mock:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert len(list(describe_remote(asks(2), quick(mock.url)))) == 2
        assert not proxy.requests
        assert not proxy.listings
        server = quick(mock.url.replace("127.0.0.1", lab_host))
        agree_to_server(server.url, "Ada")
        assert len(list(describe_remote(asks(3), server))) == 3
        assert len(proxy.requests) == 3


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("ALL_PROXY", "socks5://u:geheim@127.0.0.1:9", r"httpx\[socks\]"),
        ("ALL_PROXY", "odd://u:geheim@x", "ALL_PROXY"),
        ("HTTPS_PROXY", "http://u:geheim@[::1", "HTTPS_PROXY"),
        ("SSL_CERT_FILE", "/geheim/none.pem", "SSL_CERT_FILE"),
    ],
)
def test_settings_of_this_machine_that_cannot_be_used_are_named(
    name: str, value: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "socks" in value:
        monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv(name, value)
    agree_to_server("https://gpu.lab/v1", "Ada")
    with pytest.raises(ServerError, match=remedy) as caught:
        look_at(quick("https://gpu.lab/v1"))
    assert "geheim" not in "".join(traceback.format_exception(caught.value))


def test_a_key_on_an_open_line_is_told(lab_host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    with mock_server() as mock:
        server = quick(mock.url.replace("127.0.0.1", lab_host))
        agree_to_server(server.url, "Ada")
        with pytest.warns(UserWarning, match="gpu.lab unencrypted"):
            list(describe_remote(asks(1), server))


def test_a_key_is_sent_and_seen_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """The server repeats the key in every place it can; no text on our side may hold it."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpcore").setLevel(logging.DEBUG)
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    statuses = (200, 200, 400, 500, 413, 429, 302, 200)

    def repeat(request: Request) -> Answer:
        status = statuses[request.clip % len(statuses)]
        said = json.dumps({"error": {"message": f"key {KEY} is odd"}}).encode()
        good = chat_answer(f"I was told {KEY}", model=f"model-{KEY}")
        headers = {"Location": f"http://x/{KEY}"} if status == 302 else {}
        return Answer(status, good if status == 200 else said, headers)

    models = Answer(body=json.dumps({"data": [{"id": MODEL}, {"id": KEY}]}).encode())
    texts: list[str] = []
    with mock_server(repeat, models) as mock:
        server = quick(mock.url, tries=2, concurrency=1)
        facts = look_at(server)
        replies = list(describe_remote(asks(16), server, note=texts.append))
        assert {r.headers["authorization"] for r in mock.requests} == {f"Bearer {KEY}"}
        assert {r.headers["authorization"] for r in mock.listings} == {f"Bearer {KEY}"}
        assert KEY not in json.dumps([request.body for request in mock.requests])
    texts += [repr(server), str(plain(server)), repr(facts), str(plain(facts))]
    for reply in replies:
        texts += [repr(reply), str(reply.error), repr(vars(reply))]
        if reply.error is not None:
            texts += traceback.format_exception(reply.error)
            texts += [repr(vars(reply.error)), repr(reply.error.__context__)]
    with mock_server(models=Answer(401, f"wrong key {KEY}".encode())) as mock:
        with pytest.raises(ServerError) as caught:
            describe_remote(asks(1), quick(mock.url))
        texts += traceback.format_exception(caught.value)
        texts.append(repr(vars(caught.value)))
    texts += [record.getMessage() for record in caplog.records]
    texts += [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(replies) == 16
    assert any("httpcore" in record.name for record in caplog.records)
    assert [text for text in texts if KEY in text or KEY[4:] in text] == []
    assert sum("[key]" in text for text in texts) > 10
