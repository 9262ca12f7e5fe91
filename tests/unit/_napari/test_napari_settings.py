"""The tests' napari is one that nobody has set up."""

from __future__ import annotations

import os

from napari.settings import get_settings


def test_no_setting_of_the_users_napari_reaches_a_test() -> None:
    settings = get_settings()
    assert str(settings.config_path) == os.environ["NAPARI_CONFIG"]
    assert settings.experimental.async_ is False
