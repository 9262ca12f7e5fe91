"""Addresses of servers: split, checked, and what of them a person agrees to."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from napari_mousegpt.errors import InputError

__all__ = ["origin_of", "split_address"]

_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]")
_PATH = re.compile(r"[A-Za-z0-9._~/-]*")


def origin_of(parts: SplitResult) -> str:
    """Return scheme, host and port; the usual port is left out."""
    host = parts.hostname or ""
    name = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, _PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{name}{port}"


def split_address(url: str) -> SplitResult:
    """Split the address of a server; only such pass as every program splits in the same way.

    Raises
    ------
    InputError
        When it is no address, or holds a password or a query. What may be a key is not shown.
    """
    try:
        parts = urlsplit(url.strip())
        port_fits = parts.port is None or 0 < parts.port < 65_536
    except ValueError:
        parts, port_fits = SplitResult("", "", "", "", ""), False
    host = parts.hostname or ""
    bracketed = f"[{host}]" if ":" in host else host
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise InputError(
            f"server {parts.scheme}://{bracketed}",
            expected="an address without user, password, ? or #",
            found="one that holds more, not shown in case it is a key",
            remedy="Keys are read from the environment or the keyring.",
        )
    if not (
        parts.scheme in _PORTS
        and port_fits
        and _HOST.fullmatch(bracketed)
        and _PATH.fullmatch(parts.path)
    ):
        raise InputError(
            "server address",
            expected="something like http://127.0.0.1:8000/v1",
            found="something else" if set(url) & set("@?#") else repr(url[:80]),
        )
    return parts
