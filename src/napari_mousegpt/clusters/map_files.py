"""Cluster maps on disk: readable JSON beside plain arrays, with checksums, without pickles."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clusters.accepted import Accepted
from napari_mousegpt.clusters.consensus import Partitions
from napari_mousegpt.clusters.params import ClusterParams, is_newer, rule_params
from napari_mousegpt.clusters.projection import Projection
from napari_mousegpt.core.files import PART_SUFFIX, replacing
from napari_mousegpt.core.provenance import digest
from napari_mousegpt.errors import FormatError, InputError, OutputExistsError

if TYPE_CHECKING:
    from napari_mousegpt.clusters.cluster_map import ClusterMap

__all__ = ["VERSION", "load_map", "rule_id", "save_map"]

#: Raised when the meaning of a field changes. A map is written as the oldest version that tells all
#: of it, so that older programs read it: 2 with accepted behaviours or newer parameters, 3 with
#: ids that a refit kept.
VERSION = 3
_KIND = "napari-mousegpt cluster map"
_CARD, _ARRAYS = "map.json", "arrays.npz"


def rule_id(found: ClusterMap) -> str:
    """Return the content hash of everything that decides a label."""
    return digest({"rule": _rule(found), "arrays": _checksums(_arrays(found))})


def save_map(found: ClusterMap, folder: Path) -> Path:
    """Write a map; see :meth:`ClusterMap.save`."""
    if (folder / _CARD).is_file() and rule_id(load_map(folder)) == rule_id(found):
        return folder
    if folder.exists() and not _is_free(folder):
        raise OutputExistsError(
            folder,
            expected="a new or empty folder",
            found="other files",
            remedy="Choose another folder for this map.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    arrays = _arrays(found)
    with replacing(folder / _ARRAYS) as part, part.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    body = {
        "kind": _KIND,
        "version": _version(found),
        "map_id": rule_id(found),
        **_rule(found),
        "sizes": list(found.sizes),
        "medoids": [list(medoid) for medoid in found.medoids],
        "software": dict(found.software),
        **({"accepted": [_told(one) for one in found.accepted]} if found.accepted else {}),
        **({"parent": found.parent} if found.parent else {}),
        "arrays": _checksums(arrays),
    }
    text = json.dumps({**body, "checksum": digest(body, 16)}, indent=2, ensure_ascii=False)
    # The card goes last: a folder without it is no map.
    with replacing(folder / _CARD) as part:
        part.write_text(text + "\n", encoding="utf-8")
    return folder


def _is_free(folder: Path) -> bool:
    """Whether a folder is empty but for what a broken-off save leaves."""
    return folder.is_dir() and all(
        path.name == _ARRAYS or path.suffix == PART_SUFFIX for path in folder.iterdir()
    )


def load_map(folder: Path) -> ClusterMap:
    """Read a map; see :meth:`ClusterMap.load`."""
    from napari_mousegpt.clusters.cluster_map import ClusterMap

    card = _read_card(folder / _CARD)
    arrays = _read_arrays(folder / _ARRAYS, card["arrays"])
    projection = Projection(
        arrays["kept"],
        arrays["center"],
        arrays["scale"],
        arrays["axes"],
        card["params"]["clip"],
        card["params"]["min_seen"],
    )
    return ClusterMap(
        params=ClusterParams(**card["params"]),
        model=card["model"],
        revision=card["revision"],
        names=tuple(card["names"]),
        width=card["width"],
        timed=card["timed"],
        projection=projection,
        penalty=float(arrays["penalty"]),
        longest=float(arrays["longest"]),
        micro=arrays["micro"],
        limit=float(arrays["limit"]),
        partitions=Partitions(arrays["centers"], arrays["first"]),
        shares=arrays["shares"],
        cohesion=arrays["cohesion"],
        sizes=tuple(card["sizes"]),
        medoids=tuple((rec, ind, start, stop) for rec, ind, start, stop in card["medoids"]),
        software=card["software"],
        accepted=tuple(
            Accepted(
                one["cluster"],
                one["name"],
                arrays[f"accepted_{one['cluster']}"],
                float(arrays[f"accepted_{one['cluster']}_limit"]),
                one["size"],
                tuple(one["medoid"]),
            )
            for one in card.get("accepted", ())
        ),
        ids=tuple(card.get("ids", ())),
        given=card.get("given", 0),
        parent=card.get("parent", ""),
    )


def _version(found: ClusterMap) -> int:
    if _is_refitted(found):
        return 3
    return 2 if found.accepted or is_newer(found.params) else 1


def _rule(found: ClusterMap) -> dict[str, Any]:
    """Return the plain fields that decide a label."""
    return {
        "params": rule_params(found.params),
        "model": found.model,
        "revision": found.revision,
        "names": list(found.names),
        "width": found.width,
        "timed": found.timed,
        **({"ids": list(found.ids), "given": found.given} if _is_refitted(found) else {}),
    }


def _is_refitted(found: ClusterMap) -> bool:
    return bool(found.ids or found.given)


def _arrays(found: ClusterMap) -> dict[str, NDArray[Any]]:
    return {
        "kept": found.projection.kept,
        "center": found.projection.center,
        "scale": found.projection.scale,
        "axes": found.projection.axes,
        "micro": found.micro,
        "centers": found.partitions.centers,
        "first": found.partitions.first,
        "shares": found.shares,
        "cohesion": found.cohesion,
        # As arrays, since JSON knows no infinity and prints no exact float everywhere.
        "penalty": np.asarray(found.penalty, dtype=np.float64),
        "longest": np.asarray(found.longest, dtype=np.float64),
        "limit": np.asarray(found.limit, dtype=np.float64),
        **{f"accepted_{one.cluster}": one.examples for one in found.accepted},
        **{
            f"accepted_{one.cluster}_limit": np.asarray(one.limit, dtype=np.float64)
            for one in found.accepted
        },
    }


def _told(one: Accepted) -> dict[str, Any]:
    return {
        "cluster": one.cluster,
        "name": one.name,
        "size": one.size,
        "medoid": list(one.medoid),
    }


def _checksums(arrays: dict[str, NDArray[Any]]) -> dict[str, str]:
    sums = {}
    for name, array in sorted(arrays.items()):
        content = hashlib.sha256(f"{array.dtype.str} {array.shape}\n".encode())
        content.update(np.ascontiguousarray(array).tobytes())
        sums[name] = content.hexdigest()
    return sums


def _read_card(path: Path) -> dict[str, Any]:
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(
            path.parent,
            expected=f"a folder with a cluster map ({_CARD})",
            found="no such file",
            remedy="Give the folder that a map was saved to.",
        ) from error
    except ValueError as error:
        raise _damaged(path, f"no JSON ({error})") from error
    if not isinstance(card, dict) or card.get("kind") != _KIND:
        raise FormatError(path, expected=f'"kind": "{_KIND}"', found="another file")
    if card.get("version") not in range(1, VERSION + 1):
        raise FormatError(
            path,
            expected=f"version 1 to {VERSION}",
            found=f"version {card.get('version')}",
            remedy="Update napari-mousegpt, or fit the map again.",
        )
    checksum = card.pop("checksum", "")
    if checksum != digest(card, 16):
        raise _damaged(path, "contents that differ from their checksum")
    return card


def _read_arrays(path: Path, checksums: dict[str, str]) -> dict[str, NDArray[Any]]:
    try:
        # Opened here: numpy leaves the file open when it finds it broken.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (OSError, ValueError, BadZipFile, EOFError) as error:
        raise _damaged(path, str(error)) from error
    if _checksums(arrays) != checksums:
        raise _damaged(path, "numbers that differ from their checksums")
    return arrays


def _damaged(path: Path, found: str) -> FormatError:
    return FormatError(
        path,
        expected="an undamaged cluster map",
        found=found,
        remedy="Restore the folder from a copy, or fit the map again.",
    )
