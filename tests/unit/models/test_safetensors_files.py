from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.models import safetensors_files as room
from napari_mousegpt.models.safetensors_files import content_hash, read_header


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    tensors = {
        "a": torch.arange(12, dtype=torch.float32).reshape(3, 4),
        "b": torch.ones(5, dtype=torch.bfloat16),
        "empty": torch.zeros(0, 3),
        "twin": torch.zeros(3, 4),
        "flags": torch.tensor([True, False, True]),
    }
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    return tmp_path / "model.safetensors"


def library_says(path: Path) -> bool:
    """Whether the safetensors library itself opens the file."""
    try:
        with safe_open(path, framework="pt"):
            return True
    except SafetensorError:
        return False


def rewritten(path: Path, change: Any) -> Path:
    """The same file with a changed header of the right length."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    text = json.dumps(change(header) or header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + length :])
    return path


def test_a_whole_file_tells_its_tensors(whole: Path) -> None:
    found = read_header(whole)
    assert set(found.spans) == {"a", "b", "empty", "flags", "twin"}
    assert found.half_bytes == 2 * 12 * 2 + 5 * 2 + 3
    assert found.header_bytes + max(stop for _, stop in found.spans.values()) == (
        whole.stat().st_size
    )


def test_every_cut_is_told_and_the_library_agrees(whole: Path) -> None:
    data = whole.read_bytes()
    for length in range(len(data)):
        whole.write_bytes(data[:length])
        with pytest.raises(FormatError, match=r"model.safetensors: expected .* download it again"):
            read_header(whole)
    assert not library_says(whole)
    whole.write_bytes(data[:-1])
    with pytest.raises(
        FormatError, match=r"expected 109 bytes of its tensors, found 108: .* cut off"
    ):
        read_header(whole)
    assert not library_says(whole)


def test_more_bytes_than_listed_are_told(whole: Path) -> None:
    whole.write_bytes(whole.read_bytes() + b"xyz")
    with pytest.raises(FormatError, match="3 bytes more than its header lists"):
        read_header(whole)
    assert not library_says(whole)


def _move(header: dict[str, Any]) -> None:
    header["a"]["data_offsets"][0] += 4


def _reshape(header: dict[str, Any]) -> None:
    header["a"]["shape"] = [3, 5]


def _negative(header: dict[str, Any]) -> None:
    header["a"]["shape"] = [-3, -4]


def _overlap(header: dict[str, Any]) -> None:
    header["b"]["data_offsets"] = header["a"]["data_offsets"]


def _same_place(header: dict[str, Any]) -> None:
    header["twin"]["data_offsets"] = header["a"]["data_offsets"]


def _unknown(header: dict[str, Any]) -> None:
    header["a"]["dtype"] = "Q7"


def _offsets(header: dict[str, Any]) -> None:
    del header["a"]["data_offsets"]


def _no_tensors(header: dict[str, Any]) -> dict[str, Any]:
    return {"__metadata__": {}}


def _a_list(header: dict[str, Any]) -> Any:
    return ["a"]


@pytest.mark.parametrize(
    "change",
    [_move, _reshape, _negative, _overlap, _same_place, _unknown, _offsets, _no_tensors, _a_list],
)
def test_a_wrong_header_is_told(whole: Path, change: Any) -> None:
    rewritten(whole, change)
    with pytest.raises(FormatError, match="expected a whole safetensors file, found"):
        read_header(whole)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"\xff" * 64, "begin with no length"),
        (bytes(64), "begin with no length"),
        (b"", "0 bytes that begin"),
        ((1000).to_bytes(8, "little") + b"{}", "the file is cut off"),
        ((4).to_bytes(8, "little") + b"{]}}" + bytes(9), "a header that is none"),
        ((4).to_bytes(8, "little") + b"\xff\xfe\xfd\xfc", "a header that is none"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "git lfs pull"),
        (b"<!DOCTYPE html><html>404</html>" * 9, "begin with no length"),
    ],
)
def test_what_is_no_such_file_is_told(tmp_path: Path, data: bytes, found: str) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=found):
        read_header(path)
    assert not library_says(path)


def test_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_header(tmp_path / "none.safetensors")


def test_the_hash_is_that_of_content_not_of_place(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    copy = tmp_path / "copy" / whole.name
    copy.write_bytes(whole.read_bytes())
    assert content_hash([whole]) == content_hash([copy])
    config = tmp_path / "config.json"
    config.write_text("{}")
    assert content_hash([whole, config]) == content_hash([config, whole])
    config.write_text("{ }")
    assert content_hash([whole]) != content_hash([whole, config])


def test_of_large_files_every_tensor_counts(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An adapter that was merged changes tensors in the middle, never only the ends of a file."""
    monkeypatch.setattr(room, "_WHOLE", 0)
    tensors = {f"layer{number}": torch.zeros(40_000) for number in range(4)}
    hashes = set()
    for changed in (None, *tensors):
        made = {name: tensor + (name == changed) for name, tensor in tensors.items()}
        save_file(made, whole)
        hashes.add(content_hash([whole]))
    assert len(hashes) == 5
