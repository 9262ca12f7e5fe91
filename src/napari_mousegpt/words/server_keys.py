"""The key of a server: found in the environment or the keyring, and kept out of every text."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from napari_mousegpt.errors import InputError
from napari_mousegpt.words.servers import KEY_VARIABLE, Server

__all__ = ["KEYRING_SERVICE", "ServerKey", "find_key", "key_advice"]

#: Keys stand in the keyring under this service, with the host as user.
KEYRING_SERVICE = "napari-mousegpt"
_HIDDEN = "[key]"
#: A filter sees only what is logged right there, so all of them are named.
_LOGGERS = (
    "httpx",
    *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")),
)
#: Shorter keys are no secrets ("EMPTY", "none"), and their letters may stand in any word.
_SECRET_LENGTH = 8


class ServerKey:
    """A key that does not show itself.

    Parameters
    ----------
    value : str
        The key; empty for none.
    source : str
        Where it was found, as a phrase.

    Raises
    ------
    InputError
        When it holds characters that cannot be sent. The message does not show it.
    """

    __slots__ = ("_value", "source")

    def __init__(self, value: str, source: str) -> None:
        self._value = value.strip()
        self.source = source
        if not (self._value.isascii() and all("!" <= letter <= "~" for letter in self._value)):
            raise InputError(
                f"the key in {source}",
                expected="letters, digits and signs without spaces",
                found="other characters",
                remedy="Copy it again, without quotes or line ends.",
            )

    def __repr__(self) -> str:
        return f"ServerKey(from {self.source})" if self._value else "ServerKey(none)"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a key is not written to files")

    def headers(self) -> dict[str, str]:
        """Return the header that carries the key; none without a key."""
        return {"Authorization": f"Bearer {self._value}"} if self._value else {}

    def hide(self, text: str) -> str:
        """Return a text that came from the server without the key, should it repeat it."""
        if len(self._value) < _SECRET_LENGTH:
            return text
        return text.replace(self._value, _HIDDEN)

    @contextmanager
    def hidden_in_logs(self) -> Iterator[None]:
        """Keep the key out of the log of the HTTP library, should the server repeat it there."""

        def hide(record: logging.LogRecord) -> bool:
            record.msg, record.args = self.hide(record.getMessage()), ()
            return True

        loggers = [logging.getLogger(name) for name in _LOGGERS]
        for logger in loggers:
            logger.addFilter(hide)
        try:
            yield
        finally:
            for logger in loggers:
                logger.removeFilter(hide)


NO_KEY: Final = ServerKey("", "nowhere")


def find_key(server: Server) -> ServerKey:
    """Return the key of a server: from its environment variable, else from the keyring, else none.

    Raises
    ------
    InputError
        When the variable was chosen by the user and is not set, and the keyring has no key either;
        or when the keyring is locked.
    """
    value = os.environ.get(server.key_variable, "")
    if value.strip():
        return ServerKey(value, f"the environment variable {server.key_variable}")
    value = _from_keyring(server.host)
    if value.strip():
        return ServerKey(value, f"the keyring ({KEYRING_SERVICE}, {server.host})")
    if server.key_variable != KEY_VARIABLE:
        raise InputError(
            f"key of server {server.url}",
            expected=f"the environment variable {server.key_variable}",
            found="that it is not set",
            remedy=key_advice(server),
        )
    return NO_KEY


def key_advice(server: Server) -> str:
    """Return how to give the key of a server, as a sentence."""
    return (
        f"Set the environment variable {server.key_variable}, or store the key once with: "
        f"keyring set {KEYRING_SERVICE} {server.host}"
    )


def _from_keyring(host: str) -> str:
    try:
        import keyring
        from keyring.errors import KeyringError, NoKeyringError
    except ImportError:
        return ""
    try:
        found: str | None = keyring.get_password(KEYRING_SERVICE, host)
    except NoKeyringError:
        return ""  # a machine without a keyring, as most servers are
    except KeyringError as error:
        raise InputError(
            f"keyring entry {KEYRING_SERVICE}, {host}",
            expected="an open keyring",
            found=type(error).__name__,
            remedy="Unlock it, or set the environment variable instead.",
        ) from error
    return found or ""
