"""Who sits at the computer."""

from __future__ import annotations

import getpass

__all__ = ["account_name"]


def account_name() -> str:
    """Return the name of the user's account, ``"unknown"`` where it has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        # An account without a name, as in some containers; before Python 3.13 it is looked up in a
        # module that Windows lacks.
        return "unknown"
