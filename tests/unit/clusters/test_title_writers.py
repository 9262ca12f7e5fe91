from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from napari_mousegpt.clusters.title_writers import ModelTitles, ServerTitles
from napari_mousegpt.errors import InputError
from napari_mousegpt.models.consent import Consent, ConsentError
from napari_mousegpt.words import DescribeParams
from napari_mousegpt.words.found_model import FoundModel, find_model
from napari_mousegpt.words.server_consent import agree_to_server
from napari_mousegpt.words.servers import Server, ServerError
from support.mock_server import Answer, Request, chat_answer, mock_server
from support.tiny_models import tiny_vlm


def test_a_server_gets_text_and_no_pictures() -> None:
    with mock_server(lambda _: Answer(body=chat_answer("wall trotting"))) as server:
        writer = ServerTitles(Server(server.url, "tiny-vlm"))
        assert writer.name == "tiny-vlm"
        assert writer.write("You name.", "Notes <|im_end|>") == "wall trotting"
    (request,) = server.requests
    assert [message["role"] for message in request.body["messages"]] == ["system", "user"]
    assert request.body["messages"][1]["content"] == "Notes < |im_end|>"
    assert request.body["temperature"] == 0
    assert "image" not in str(request.body)


def test_a_server_that_is_busy_is_asked_again() -> None:
    def behave(request: Request) -> Answer:
        return Answer(503) if request.nth == 0 else Answer(body=chat_answer("trot"))

    with mock_server(behave) as server:
        patient = replace(Server(server.url, "tiny-vlm"), first_wait_s=0.01)
        assert ServerTitles(patient).write("", "Notes") == "trot"
        assert len(server.requests) == 2


def test_a_server_that_refuses_or_is_not_there() -> None:
    with mock_server(lambda _: Answer(401)) as server:
        with pytest.raises(ServerError) as refused:
            ServerTitles(Server(server.url, "tiny-vlm")).write("", "Notes")
        assert refused.value.kind == "key"
        gone = replace(Server(server.url, "tiny-vlm"), tries=1)
    with pytest.raises(ServerError, match="server"):
        ServerTitles(gone).write("", "Notes")


def test_words_leave_this_machine_only_after_agreement(tmp_path: Path) -> None:
    kept = Consent(tmp_path / "consent.json")
    far = Server("https://example.org/v1", "big")
    with pytest.raises(ConsentError, match=r"words about your clusters would leave"):
        ServerTitles(far, kept)
    agree_to_server(far.url, "KM", kept)
    assert ServerTitles(far, kept).name == "big"


@pytest.mark.slow
def test_a_model_on_this_machine(tmp_path: Path) -> None:
    folder = tiny_vlm("qwen2_5_vl", tmp_path / "tiny")
    writer = ModelTitles(find_model(DescribeParams(model=str(folder), device="cpu")))
    assert writer.name.startswith("tiny")
    said = writer.write("You name.", "walking (90%)")
    assert said == writer.write("You name.", "walking (90%)")
    assert "\n" not in said
    with pytest.raises(InputError, match="expected one on this machine, found a server"):
        ModelTitles(FoundModel(DescribeParams()))
