"""Which kind of layer tells what an ethogram says: by who says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_mousegpt.core.ethogram import Ethogram

__all__ = [
    "CLUSTERS",
    "CORRECTED",
    "HUMAN",
    "LABELS",
    "ROLES",
    "ROLE_OF_SOURCE",
    "ZONES",
    "are_visits",
    "role_of",
    "role_of_source",
]

HUMAN, LABELS, CLUSTERS, ZONES = "human", "labels", "clusters", "zones"
#: Layers whose bouts are at the desk, to be corrected there; visits to zones are measured.
CORRECTED = (HUMAN, LABELS, CLUSTERS)
ROLES = (*CORRECTED, ZONES)
#: Which kind of layer tells what a source says.
ROLE_OF_SOURCE = {"human": HUMAN, "import": HUMAN, "model": LABELS, "cluster": CLUSTERS}


def role_of_source(source: str) -> str:
    """Return the role of the layer that tells what a source says."""
    return ROLE_OF_SOURCE[source]


def are_visits(ethogram: Ethogram) -> bool:
    """Whether all bouts are visits to zones, as measured, which are no labels."""
    bouts = ethogram.bouts
    if not len(bouts) or "arena" not in bouts.columns:
        return False
    told = zip(bouts.column("source"), bouts.column("arena"), strict=True)
    return all(source == "model" and isinstance(arena, str) and arena for source, arena in told)


def role_of(ethogram: Ethogram) -> str:
    """Return the role of a layer for an ethogram; of a mixture, and of nothing, ``"labels"``."""
    if are_visits(ethogram):
        return ZONES
    roles = {role_of_source(source) for source in set(ethogram.bouts.column("source"))}
    return roles.pop() if len(roles) == 1 else LABELS
