"""What a person should know about the behaviours of a map, as sentences."""

from __future__ import annotations

from napari_mousegpt.clusters.cluster_name import ClusterName

__all__ = ["notes_of"]

#: One behaviour with more of what is assigned than this tells little.
_GIANT = 0.75


def notes_of(names: tuple[ClusterName, ...], n_rows: int, has_words: bool) -> list[str]:
    """Return what is odd about behaviours, given how many intervals there are, and any words."""
    total = sum(one.n_ranges for one in names)
    if not names:
        return ["The map has no behaviours: nothing can be named or merged."]
    found = []
    if n_rows and not total:
        found.append(f"All {n_rows} intervals are noise: no behaviour has a member.")
    elif len(names) == 1:
        found.append("There is one behaviour only: nothing can be merged. Look at finer levels.")
    elif total:
        largest = max(names, key=lambda one: one.n_ranges)
        if largest.n_ranges > _GIANT * total:
            found.append(
                f"{largest.cluster} ({largest.name}) holds {largest.n_ranges / total:.0%} of all "
                "assigned intervals: look at finer levels before you merge."
            )
    if not has_words:
        found.append(
            "There are no words: names say what was measured or are numbers, and likeness is that "
            "of place."
        )
    return found
