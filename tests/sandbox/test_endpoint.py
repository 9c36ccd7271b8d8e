"""The stand-in provider reaches this machine or nothing."""

from __future__ import annotations

import pytest

from sandbox.aws_provider.clients import (
    Aws,
    EndpointError,
    choose_endpoint,
    make_client,
    require_loopback,
)
from sandbox.aws_provider.provider import ConfigError, read_config

HERE = ["http://127.0.0.1:5000", "http://127.9.9.9:1", "http://localhost:80", "http://[::1]:9"]
ELSEWHERE = [
    "https://ec2.us-east-1.amazonaws.com",
    "http://10.0.0.1:5000",
    "http://169.254.169.254",
    "http://127.0.0.1.example.com",
    "http://localhost.example.com",
    "http://127.0.0.1@example.com",
    "http://0.0.0.0:5000",
    "http://[::ffff:8.8.8.8]",
    "127.0.0.1:5000",
    "",
]


@pytest.mark.parametrize("url", HERE)
def test_this_machine_is_accepted(url: str) -> None:
    assert require_loopback(url) == url


@pytest.mark.parametrize("url", ELSEWHERE)
def test_any_other_place_is_refused(url: str) -> None:
    with pytest.raises(EndpointError, match="not on this machine"):
        require_loopback(url)


def test_no_endpoint_is_an_error_and_not_the_real_aws() -> None:
    with pytest.raises(EndpointError, match="no AWS endpoint"):
        choose_endpoint({}, {})


def test_a_second_endpoint_that_leads_elsewhere_is_refused_too() -> None:
    here = {"AWS_ENDPOINT_URL": HERE[0]}
    with pytest.raises(EndpointError):
        choose_endpoint({"s3": ELSEWHERE[0]}, here)
    with pytest.raises(EndpointError):
        choose_endpoint({}, {**here, "AWS_ENDPOINT_URL_EC2": ELSEWHERE[0]})


def test_the_environment_wins_over_a_state_files_endpoint() -> None:
    assert choose_endpoint({"ec2": HERE[1]}, {"AWS_ENDPOINT_URL": HERE[0]}) == HERE[0]
    assert choose_endpoint({"ec2": HERE[1]}, {}) == HERE[1]


def test_clients_cannot_be_made_for_elsewhere() -> None:
    with pytest.raises(EndpointError):
        Aws(ELSEWHERE[0], "us-east-1")
    with pytest.raises(EndpointError):
        make_client(ELSEWHERE[0], "ec2", "us-east-1")


def test_clients_use_dummy_credentials_whatever_the_environment_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREALREALREALREAL")
    monkeypatch.setenv("AWS_PROFILE", "a-profile-that-does-not-exist")
    client = make_client(HERE[0], "ec2", "us-east-1")
    assert client._request_signer._credentials.access_key == "sandbox"
    assert client.meta.endpoint_url == HERE[0]


def test_configuration_is_read_from_its_nested_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    config = {
        "region": "eu-north-1",
        "endpoints": '[{"ec2": "http://127.0.0.1:7"}]',
        "defaultTags": '{"tags": {"Team": "ml"}}',
    }
    assert read_config(config) == ("http://127.0.0.1:7", "eu-north-1", {"Team": "ml"})


def test_a_missing_region_is_said_with_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError, match="aws:region"):
        read_config({})
