from __future__ import annotations

from pathlib import Path

import pytest

from napari_mousegpt.errors import InputError
from napari_mousegpt.models.consent import Consent, ConsentError
from napari_mousegpt.words.server_consent import agree_to_server, check_agreement
from napari_mousegpt.words.servers import Server


@pytest.fixture
def consent(tmp_path: Path) -> Consent:
    return Consent(tmp_path / "consent.json")


def test_nothing_is_asked_for_the_same_machine(consent: Consent) -> None:
    check_agreement(Server("http://localhost:8000/v1", "m"), consent)
    assert not consent.path.exists()


def test_another_host_is_named_with_the_frames_and_the_way_to_agree(consent: Consent) -> None:
    server = Server("http://gpu.lab:8000/v1", "m")
    with pytest.raises(ConsentError) as caught:
        check_agreement(server, consent, n_frames=8000)
    text = str(caught.value)
    assert "host gpu.lab" in text
    assert "8000 frames of your video" in text
    assert "unencrypted" in text
    assert "agree_to_server('http://gpu.lab:8000', who='your name')" in text
    # The words of the message do what they say.
    assert agree_to_server("http://gpu.lab:8000", "Ada", consent) == "http://gpu.lab:8000"
    check_agreement(server, consent, n_frames=8000)


def test_frames_of_unknown_number_are_named_too(consent: Consent) -> None:
    with pytest.raises(ConsentError, match="the frames of every clip") as caught:
        check_agreement(Server("https://gpu.lab/v1", "m"), consent)
    assert "unencrypted" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://gpu.lab/v1",  # no longer encrypted
        "https://gpu.lab:8443/v1",
        "https://gpu.lab.evil.example/v1",
        "https://other.lab/v1",
    ],
)
def test_an_agreement_holds_for_one_scheme_host_and_port(consent: Consent, url: str) -> None:
    agree_to_server("https://gpu.lab/v1", "Ada", consent)
    check_agreement(Server("https://gpu.lab/other/path", "m"), consent)
    with pytest.raises(ConsentError):
        check_agreement(Server(url, "m"), consent)


def test_by_default_the_agreements_of_the_user_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAPARI_MOUSEGPT_CONSENT", str(tmp_path / "mine.json"))
    server = Server("https://gpu.lab/v1", "m")
    with pytest.raises(ConsentError):
        check_agreement(server)
    agree_to_server(server.url, "Ada")
    check_agreement(server)


def test_an_agreement_to_no_address_is_refused(consent: Consent) -> None:
    with pytest.raises(InputError, match="server address"):
        agree_to_server("gpu.lab", "Ada", consent)
