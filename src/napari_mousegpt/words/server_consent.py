"""Whether frames may leave this machine for a server: asked once for each host, and kept."""

from __future__ import annotations

from typing import Literal, Protocol

from napari_mousegpt.models.consent import Consent, ConsentError
from napari_mousegpt.words.server_address import origin_of, split_address
from napari_mousegpt.words.servers import Server

__all__ = ["Agreements", "agree_to_server", "check_agreement"]


class Agreements(Protocol):
    """What was agreed to; :class:`napari_mousegpt.models.consent.Consent` is one."""

    def agreed(self, kind: Literal["download", "server"], subject: str) -> bool:
        """Return whether a person agreed to this."""


def check_agreement(
    server: Server, agreements: Agreements | None = None, *, n_frames: int | None = None
) -> None:
    """Raise unless frames may be sent to this server. The same machine needs no agreement.

    Parameters
    ----------
    server : Server
    agreements : Agreements, optional
        By default those of the user.
    n_frames : int, optional
        Number of pictures that would be sent; None where it is not known yet.

    Raises
    ------
    ConsentError
        When nobody agreed. It names the host, the number of frames and how to agree.
    """
    kept = Consent() if agreements is None else agreements
    if server.loopback or kept.agreed("server", server.origin):
        return
    count = "the frames of every clip" if n_frames is None else f"{n_frames} frames of your video"
    open_way = "" if server.origin.startswith("https:") else ", unencrypted"
    raise ConsentError(
        "server",
        server.origin,
        found=f"that {count}, with the prompt, would leave this machine for the host "
        f"{server.host}{open_way}",
        remedy="If that is allowed, agree once: in the describe panel, with the option "
        "--agree 'your name' of napari-mousegpt describe, or in Python: "
        "from napari_mousegpt.words.server_consent import agree_to_server; "
        f"agree_to_server({server.origin!r}, who='your name')",
    )


def agree_to_server(url: str, who: str, agreements: Consent | None = None) -> str:
    """Write down that frames may be sent to a server.

    Parameters
    ----------
    url : str
        Its address; scheme, host and port count, the path does not.
    who : str
        The person who agrees.
    agreements : Consent, optional
        By default those of the user.

    Returns
    -------
    str
        What was agreed to: scheme, host and port.
    """
    origin = origin_of(split_address(url))
    (Consent() if agreements is None else agreements).agree("server", origin, who)
    return origin
