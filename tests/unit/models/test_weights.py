from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants, hf_api

from napari_mousegpt.errors import FormatError, InputError, StorageError
from napari_mousegpt.models import hub as hub_room
from napari_mousegpt.models import weights as room
from napari_mousegpt.models.consent import Consent, ConsentError
from napari_mousegpt.models.weights import (
    Weights,
    card_needed_gb,
    download_subject,
    fetch_again,
    find_weights,
    local_folder,
)
from support.hub_server import Hub, serving
from support.tiny_models import tiny_vlm

MODEL = "lab/tiny"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tiny_vlm("internvl", tmp_path_factory.mktemp("made") / "model")
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
    (folder / "optimizer.pt").write_bytes(b"never downloaded")
    return folder


@pytest.fixture
def model(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "model"))


@pytest.fixture
def hub(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The real library of the hub, talking to a server on the loopback address."""
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    with serving(Hub({MODEL: model})) as server:
        address = server.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address)
        monkeypatch.setattr(hf_api.api, "endpoint", server.url)
        yield server


def agree(subject: str = MODEL) -> None:
    Consent().agree("download", subject, who="Ada")


# Folders


def test_a_folder_is_found_and_looked_over(model: Path) -> None:
    found = find_weights(str(model))
    assert found == Weights("model", model, "", found.files_hash, "apache-2.0", "internvl", "vlm")
    assert find_weights(str(model / "config.json")) == found
    assert local_folder(str(model)) == model


def test_the_hash_follows_what_decides_about_answers(model: Path) -> None:
    before = find_weights(str(model)).files_hash
    (model / "README.md").write_text("other words")
    assert find_weights(str(model)).files_hash == before
    (model / "chat_template.jinja").write_text("{{ messages }}")
    assert find_weights(str(model)).files_hash != before


def test_a_small_model_needs_no_card_and_a_large_one_does(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = find_weights(str(model))
    assert card_needed_gb(found) == 0
    monkeypatch.setattr(room, "LARGEST_WITHOUT_CARD_GB", 0)
    plain = card_needed_gb(found)
    assert plain == pytest.approx(2 * 1e-9 * _numbers(model) / 0.8)
    assert card_needed_gb(found, dtype="float32") == pytest.approx(2 * plain)
    assert card_needed_gb(found, quantised="int4") == pytest.approx(plain / 4)


def _numbers(model: Path) -> int:
    from safetensors.torch import load_file

    return sum(tensor.numel() for tensor in load_file(model / "model.safetensors").values())


@pytest.mark.parametrize("name", ["", "nothing", "/no/such/folder", "a/b/c", "./x", "~nobody/x"])
def test_a_name_of_nothing_is_told(name: str) -> None:
    with pytest.raises(InputError, match="expected a folder, a preset, or an id"):
        find_weights(name)


def test_a_misspelt_preset_gets_the_nearest() -> None:
    with pytest.raises(InputError, match="Did you mean qwen3-vl-8b"):
        find_weights("qwen3vl-8b")


def test_a_folder_has_no_revision(model: Path) -> None:
    with pytest.raises(InputError, match=r"revision 'main' of .* no revisions"):
        find_weights(str(model), revision="main")


def test_a_folder_goes_before_the_hub(
    model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lab").mkdir()
    model.rename(tmp_path / "lab" / "tiny")
    assert download_subject(MODEL) == ""
    assert find_weights(MODEL).folder == tmp_path / "lab" / "tiny"


def test_a_model_that_reads_pictures_only_is_refused(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers.models.auto import video_processing_auto

    monkeypatch.delitem(video_processing_auto.VIDEO_PROCESSOR_MAPPING_NAMES, "internvl")
    assert find_weights(str(model)).kind == "vlm"  # its own files name a video processor
    (model / "processor_config.json").write_text('{"processor_class": "InternVLProcessor"}')
    with pytest.raises(InputError, match="internvl, which reads pictures but no video"):
        find_weights(str(model))


# The hub


def test_nothing_is_asked_of_the_hub_before_someone_agreed(hub: Hub) -> None:
    with pytest.raises(ConsentError) as told:
        find_weights(MODEL)
    assert "a download from https://huggingface.co/lab/tiny to " in str(told.value)
    assert "napari-mousegpt models agree lab/tiny" in str(told.value)
    with pytest.raises(ConsentError):
        find_weights(MODEL, agreed=False)
    agree("lab/other")
    with pytest.raises(ConsentError):
        find_weights(MODEL)
    assert hub.asked == []


def test_a_preset_tells_what_would_be_downloaded() -> None:
    with pytest.raises(ConsentError, match=r"MCG-NJU/.* \(about 0.2 GB, CC-BY-NC-4.0, non-comm"):
        find_weights("videomae-b", offline=False)
    with pytest.raises(ConsentError, match="licence not verified"):
        find_weights("vivit-b", offline=False)


def test_a_download_is_pinned_counted_and_asked_for_once(hub: Hub, model: Path) -> None:
    agree()
    seen: list[tuple[int, int]] = []
    found = find_weights(MODEL, progress=lambda done, total: seen.append((done, total)))
    commit = hub.commit(MODEL)
    assert (found.name, found.revision, found.licence) == (MODEL, commit, "apache-2.0")
    assert found.folder.name == commit
    assert found.files_hash == find_weights(str(model)).files_hash
    assert all(f"/{commit}/" in line for line in hub.asked if "/resolve/" in line)
    assert not any("optimizer" in line for line in hub.asked)
    totals = {total for _, total in seen}
    assert totals == {sum(p.stat().st_size for p in model.iterdir() if p.suffix != ".pt")}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == seen[-1][1]
    asked = len(hub.asked)
    assert find_weights(MODEL, agreed=False) == found
    assert find_weights(MODEL, offline=True) == found
    assert find_weights(MODEL, revision=commit) == found
    assert local_folder(MODEL) == found.folder
    assert len(hub.asked) == asked


def test_bytes_that_two_bars_count_are_counted_once() -> None:
    seen: list[tuple[int, int]] = []
    bars = hub_room._silent_bars(lambda done, total: seen.append((done, total)), 100)
    wire, disk, files = bars(unit="B"), bars(unit="B"), bars(unit="it")
    wire.update(30)
    disk.update(20)
    files.update(1)
    disk.update(20)
    assert seen == [(30, 100), (30, 100), (40, 100)]


def test_the_model_stays_the_same_until_another_is_asked_for(hub: Hub, model: Path) -> None:
    agree()
    first = find_weights(MODEL)
    (model / "config.json").write_text((model / "config.json").read_text() + "\n")
    assert find_weights(MODEL) == first
    second = find_weights(MODEL, revision="main")
    assert second.revision == hub.commit(MODEL) != first.revision
    assert second.files_hash != first.files_hash
    assert find_weights(MODEL).revision == first.revision
    assert find_weights(MODEL, revision="main", offline=True) == second


def test_what_is_not_here_cannot_be_had_offline(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    agree()
    hub.gated.add(MODEL)
    with pytest.raises(InputError, match=r"expected lab/tiny on this machine.*\(offline\)"):
        find_weights(MODEL, offline=True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(InputError, match=r"no whole copy of it. Go online once"):
        find_weights(MODEL)
    assert hub.asked == []


def test_a_gated_model_says_where_to_ask(hub: Hub) -> None:
    agree()
    hub.gated.add(MODEL)
    with pytest.raises(InputError, match=r"known people only. Ask for access on https://.*hf auth"):
        find_weights(MODEL)
    assert local_folder(MODEL) is None


def test_failures_of_the_hub_are_sentences(hub: Hub, model: Path) -> None:
    with pytest.raises(InputError, match="no such model on the hub, or a private one"):
        find_weights("lab/none", agreed=True)
    with pytest.raises(InputError, match="found no revision 'v9'"):
        find_weights(MODEL, revision="v9", agreed=True)
    hub.broken = True
    with pytest.raises(InputError, match=r"the hub answered 503. Try again later"):
        find_weights(MODEL, agreed=True)


def test_no_network_is_a_sentence(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing listens at the port of a server that has gone.
    with serving(Hub()) as gone:
        pass
    monkeypatch.setattr(hf_api.api, "endpoint", gone.url)
    with pytest.raises(InputError, match=r"found no way to the hub \(ConnectError\)"):
        find_weights(MODEL, agreed=True)


def test_pickled_weights_are_refused_before_they_are_downloaded(hub: Hub, model: Path) -> None:
    (model / "model.safetensors").rename(model / "pytorch_model.bin")
    with pytest.raises(FormatError, match=r"optimizer.pt, pytorch_model.bin. .*nothing was downl"):
        find_weights(MODEL, agreed=True)
    assert not any("/resolve/" in line for line in hub.asked)


def test_a_full_disk_is_told_before_the_download(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_room.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 9, 1))
    with pytest.raises(StorageError, match=r"GB of room for lab/tiny, found 0.0 GB. Make room"):
        find_weights(MODEL, agreed=True)
    assert not any("/resolve/" in line for line in hub.asked)


def test_a_download_that_was_stopped_goes_on(hub: Hub) -> None:
    class StoppedError(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done > total // 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        find_weights(MODEL, agreed=True, progress=stop)
    assert local_folder(MODEL) is None
    assert find_weights(MODEL, agreed=True).kind == "vlm"


def test_damaged_files_are_fetched_anew(hub: Hub) -> None:
    agree()
    found = find_weights(MODEL)
    path = (found.folder / "model.safetensors").resolve()
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(FormatError, match="cut off"):
        find_weights(MODEL)
    assert fetch_again(MODEL) == found
    assert find_weights(MODEL) == found
    with pytest.raises(InputError, match="expected a model of the Hugging Face hub"):
        fetch_again(str(found.folder))


# Checkpoints that are converted


def test_a_checkpoint_of_video_swin_is_converted_once(tmp_path: Path) -> None:
    import torch

    from support.tiny_encoders import tiny_swin

    model, _ = tiny_swin()
    torch.save(model.state_dict(), tmp_path / "swin.pth")
    found = find_weights(str(tmp_path / "swin.pth"))
    assert (found.kind, found.family) == ("encoder", "swin3d")


def test_weights_of_torchvision_need_an_agreement_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(ConsentError, match=r"from download.pytorch.org to .* \(about 0.1 GB"):
        find_weights("swin3d-t", offline=False)
    with pytest.raises(InputError, match="offline"):
        find_weights("swin3d-t", offline=True)
    assert local_folder("swin3d-t") is None
    for name in ("torchvision:swin3d_t/NONE", "torchvision:no_model/A", "torchvision:"):
        with pytest.raises(InputError, match="expected weights that torchvision publishes"):
            find_weights(name)


def test_files_of_torchvision_are_checked_as_they_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hashlib

    import torch

    from napari_mousegpt.models import torchvision_weights

    data = bytes(range(256)) * 5000
    digest = hashlib.sha256(data).hexdigest()[:8]
    source = tmp_path / "source" / f"swin-{digest}.pth"
    source.parent.mkdir()
    source.write_bytes(data)
    url: Any = source.as_uri()
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "torch"))
    monkeypatch.setattr(torchvision_weights, "_url", lambda _: url)
    seen: list[tuple[int, int]] = []
    kept = torchvision_weights.fetch("torchvision:a/B", lambda *counts: seen.append(counts))
    assert kept.read_bytes() == data
    assert seen[-1] == (len(data), len(data))
    kept.unlink()
    source.write_bytes(data[:-1])
    with pytest.raises(FormatError, match=f"SHA-256 begins with {digest}"):
        torchvision_weights.fetch("torchvision:a/B")
    source.unlink()
    with pytest.raises(InputError, match=r"expected an answer from"):
        torchvision_weights.fetch("torchvision:a/B")
    assert list(kept.parent.iterdir()) == []
