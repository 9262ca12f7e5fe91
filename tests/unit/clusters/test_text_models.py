"""Models of language and servers in place of the built-in embedding; both made here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from napari_mousegpt.clusters.search import SearchIndex
from napari_mousegpt.clusters.text_models import TextModel, find_embedding
from napari_mousegpt.clusters.text_server import TextServer
from napari_mousegpt.errors import FormatError, InputError, MismatchError
from napari_mousegpt.models.consent import Consent, ConsentError
from napari_mousegpt.words.server_consent import agree_to_server
from napari_mousegpt.words.servers import Server, ServerError
from support.mock_server import Answer, Request, mock_server
from support.searched import described
from support.torchvision_cure import cure_torchvision

WORDS = ["rears", "walks", "fast", "slowly", "grooms", "nose", "wall", "the", "neck", "floor"]


def tiny_encoder(folder: Path, seed: int = 0, pooling: str = "") -> Path:
    """Write an encoder of sentences with random weights, as sentence-transformers lays it out."""
    if not cure_torchvision():
        pytest.skip("transformers does not import with this torchvision")
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    names = ["[PAD]", "[UNK]", *WORDS]
    core = Tokenizer(models.WordLevel({name: i for i, name in enumerate(names)}, "[UNK]"))
    core.normalizer = normalizers.Lowercase()
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = BertConfig(vocab_size=len(names), intermediate_size=32, pad_token_id=0, **shape)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token="[PAD]", unk_token="[UNK]", model_max_length=64
    )
    tokenizer.save_pretrained(folder)
    if pooling:
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling" / "config.json").write_text(json.dumps({pooling: True}))
    return folder


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder(tmp_path_factory.mktemp("models") / "tiny")


def embedded(texts: Sequence[str], width: int = 8) -> list[list[float]]:
    """Vectors that hang on the words, as a server might send them."""
    rows = []
    for text in texts:
        row = np.zeros(width)
        for word in text.lower().split():
            row[hashlib.md5(word.encode()).digest()[0] % width] += 1
        rows.append(row.tolist())
    return rows


def answer(request: Request) -> Answer:
    data = [{"index": i, "embedding": row} for i, row in enumerate(embedded(request.body["input"]))]
    return Answer(body=json.dumps({"data": data[::-1]}).encode())  # in any order


def test_a_model_places_questions_and_texts(encoder: Path, tmp_path: Path) -> None:
    model = find_embedding(str(encoder), device="cpu")
    index = SearchIndex.build(described(), embedding=model)
    assert index.card["embedding"]["width"] == 16
    assert set(index.find("Walks fast along the wall", 5)["label"]) == {"walking"}
    folder = index.save(tmp_path / "index")
    # The index names its model, and finds it again.
    opened = SearchIndex.open(folder)
    assert opened.find("grooms", 2).equals(index.find("grooms", 2))
    # Words that nothing is known of have a vector all the same.
    assert len(opened.find("zeppelin", 2)) == 2


def test_vectors_of_texts_do_not_hang_on_their_neighbours(encoder: Path) -> None:
    model = TextModel(str(encoder), "cpu")
    texts = ["rears", "walks fast along the wall the wall", "grooms nose"] * 30
    together = model.encode(texts)
    alone = np.concatenate([model.encode([text]) for text in texts[:3]])
    np.testing.assert_allclose(together[:3], alone, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_pooling_is_that_of_the_model(encoder: Path, tmp_path: Path) -> None:
    first = TextModel(str(tiny_encoder(tmp_path / "a", 0, "pooling_mode_cls_token")), "cpu")
    mean = TextModel(str(encoder), "cpu")
    assert first.id != mean.id
    assert not np.allclose(first.encode(["walks fast"]), mean.encode(["walks fast"]), atol=1e-3)
    with pytest.raises(FormatError, match="pooling_mode_max_tokens, which is not known"):
        TextModel(str(tiny_encoder(tmp_path / "b", 0, "pooling_mode_max_tokens")), "cpu")


def test_another_model_is_refused(encoder: Path, tmp_path: Path) -> None:
    model = TextModel(str(encoder), "cpu")
    other = TextModel(str(tiny_encoder(tmp_path / "tiny", seed=1)), "cpu")
    folder = SearchIndex.build(described(), embedding=model).save(tmp_path / "index")
    with pytest.raises(MismatchError, match="Vectors of different models are not compared"):
        SearchIndex.open(folder, embedding=other)
    plain = SearchIndex.build(described()).save(tmp_path / "plain")
    with pytest.raises(MismatchError, match="expected the embedding that it was built with"):
        SearchIndex.open(plain, embedding=model)


def test_folders_that_cannot_be_used(encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"config\.json"):
        TextModel(str(tmp_path), "cpu")
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(FormatError, match="found pickled weights only"):
        TextModel(str(tmp_path), "cpu")
    (tmp_path / "config.json").write_text('{"model_type": "x", "auto_map": {"AutoModel": "a.B"}}')
    with pytest.raises(FormatError, match="program code from its own folder"):
        TextModel(str(tmp_path), "cpu")


def test_nothing_is_downloaded_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("napari_mousegpt.models.hub.is_offline", lambda offline=None: False)
    with pytest.raises(ConsentError, match="models agree nobody/no-such-encoder"):
        find_embedding("nobody/no-such-encoder")


def test_a_server_places_texts_in_their_order() -> None:
    with mock_server(answer) as server:
        model = find_embedding("tiny", server=server.url)
        texts = [f"rears number {i}" for i in range(600)]
        np.testing.assert_allclose(model.encode(texts), embedded(texts))
        assert len(server.requests) == 3
        assert server.requests[0].path.endswith("/v1/embeddings")
        index = SearchIndex.build(described(), embedding=model)
        assert set(index.find("Walks slowly", 4)["label"]) == {"walking"}


def test_another_model_behind_the_same_name_is_seen(tmp_path: Path) -> None:
    turned = False

    def behave(request: Request) -> Answer:
        data = json.loads(answer(request).body)["data"]
        for row in data if turned else ():
            row["embedding"] = [row["embedding"][-1], *row["embedding"][:-1]]
        return Answer(body=json.dumps({"data": data}).encode())

    with mock_server(behave) as server:
        model = find_embedding("tiny", server=server.url)
        folder = SearchIndex.build(described(), embedding=model).save(tmp_path / "index")
        assert len(SearchIndex.open(folder).find("walks", 2)) == 2
        turned = True
        with pytest.raises(MismatchError, match="the same sentence has another vector"):
            SearchIndex.open(folder).find("walks")


def test_no_sentence_leaves_without_agreement() -> None:
    far = Server("https://gpu.lab.invalid", "tiny")
    with pytest.raises(ConsentError, match="the sentences of every description would leave"):
        TextServer(far)
    agree_to_server(far.url, "Ada")
    assert Consent().agreed("server", far.origin)
    assert TextServer(far).id == "tiny at https://gpu.lab.invalid"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{}", 200),
        (b'{"data": [{"index": 0, "embedding": [1, 2]}]}', 200),
        (b'{"data": [{"index": 0, "embedding": ["a"]}, {"index": 1, "embedding": [1]}]}', 200),
        (b"no", 404),
    ],
)
def test_odd_answers_are_sentences(body: bytes, status: int) -> None:
    with mock_server(lambda request: Answer(status, body)) as server:
        model = TextServer(Server(server.url, "tiny"))
        with pytest.raises(ServerError, match=r"server http://127\.0\.0\.1"):
            model.encode(["a", "b"])


def test_a_busy_server_is_asked_again() -> None:
    tries = iter([Answer(503), Answer(503)])
    with mock_server(lambda request: next(tries, None) or answer(request)) as server:
        model = TextServer(Server(server.url, "tiny", first_wait_s=0.01))
        assert model.encode(["walks"]).shape == (1, 8)
        assert len(server.requests) == 3


def test_a_server_that_wants_a_long_wait_is_not_waited_for() -> None:
    with mock_server(lambda _: Answer(503, headers={"Retry-After": "1"})) as server:
        model = TextServer(Server(server.url, "tiny", first_wait_s=0.01, longest_wait_s=0.5))
        with pytest.raises(ServerError):
            model.encode(["walks"])
        assert len(server.requests) == 1
