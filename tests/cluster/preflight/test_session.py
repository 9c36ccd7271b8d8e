"""Whose account is asked: the one that the stack's `aws:` keys name."""

from __future__ import annotations

import sys
from pathlib import Path
from subprocess import run
from typing import Any

import pytest

from cluster.preflight import SessionClients
from sizing.aws import AwsError
from sizing.errors import InputError
from tests.cluster.preflight.answers import REGION

PROFILES = """
[team]
aws_access_key_id = PROFILEKEY
aws_secret_access_key = dummy
"""


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the machine that runs the tests."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "credentials").write_text(PROFILES)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))


def key_of(client: Any) -> str:
    return client._request_signer._credentials.access_key


def test_keys_of_the_stack() -> None:
    clients = SessionClients(access_key="STACKKEY", secret_key="dummy", token="dummy")
    assert key_of(clients.client("ec2", REGION)) == "STACKKEY"
    assert clients.client("ec2", REGION) is clients.client("ec2", REGION)


def test_a_profile() -> None:
    assert key_of(SessionClients(profile="team").client("ec2", REGION)) == "PROFILEKEY"


def test_an_unknown_profile_is_an_error_of_the_user() -> None:
    with pytest.raises(InputError, match="nobody"):
        SessionClients(profile="nobody").client("ec2", REGION)


def test_an_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    clients = SessionClients(access_key="STACKKEY", secret_key="dummy")
    assert clients.client("ec2", REGION).meta.endpoint_url == "http://127.0.0.1:9"


def test_a_role_that_cannot_be_assumed_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("cluster.preflight.session._MAX_ATTEMPTS", 1)
    clients = SessionClients(
        access_key="STACKKEY",
        secret_key="dummy",
        assume_roles=({"roleArn": "arn:aws:iam::123456789012:role/deploy"},),
    )
    with pytest.raises(AwsError, match="role/deploy cannot be assumed"):
        clients.client("ec2", REGION)


def test_secrets_are_not_shown() -> None:
    assert "hidden" not in repr(SessionClients(access_key="hidden", secret_key="hidden"))


def test_nothing_slow_is_imported_until_aws_is_asked() -> None:
    code = (
        "import sys, cluster.preflight as p; p.SessionClients(profile='x');"
        "sys.exit('boto3' in sys.modules or 'botocore' in sys.modules)"
    )
    run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])
