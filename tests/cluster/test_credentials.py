"""Finding out that there are no credentials, early and without a network."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.credentials import is_local, require_credentials
from sizing.errors import InputError

NO_FILE = Path("no-such-vendor-file")


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An account-less machine: botocore reads these two files and nothing else."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path


def check(
    environment: dict[str, str] | None = None,
    config: dict[str, str] | None = None,
    vendor_file: Path = NO_FILE,
) -> None:
    require_credentials((config or {}).get, environment or {}, vendor_file)


def test_none_at_all_says_what_would_do_in_one_line() -> None:
    with pytest.raises(InputError, match="AWS_PROFILE") as caught:
        check()
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    "environment",
    [
        {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE"},
        {"AWS_WEB_IDENTITY_TOKEN_FILE": "token"},
        {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/role"},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://role"},
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:5000"},
        {"AWS_ENDPOINT_URL": "http://localhost:5000"},
        {"AWS_ENDPOINT_URL": "http://[::1]:5000"},
    ],
)
def test_the_environment_suffices(environment: dict[str, str]) -> None:
    check(environment)


@pytest.mark.parametrize(
    "config",
    [
        {"skipCredentialsValidation": "true"},
        {"accessKey": "AKIAEXAMPLE"},
        {"assumeRoleWithWebIdentity": "{}"},
    ],
)
def test_the_stacks_own_aws_keys_suffice(config: dict[str, str]) -> None:
    check(config=config)


@pytest.mark.parametrize(
    "line",
    ["sso_session = corp", "role_arn = arn:aws:iam::1:role/r", "credential_process = tool"],
)
def test_a_default_profile_suffices(no_credentials: Path, line: str) -> None:
    (no_credentials / "config").write_text(f"[default]\n{line}\n")
    check()


def test_a_default_credentials_file_suffices(no_credentials: Path) -> None:
    (no_credentials / "credentials").write_text("[default]\naws_access_key_id = AKIAEXAMPLE\n")
    check()


def test_a_default_profile_that_only_says_a_region_does_not(no_credentials: Path) -> None:
    (no_credentials / "config").write_text("[default]\nregion = us-east-1\n")
    with pytest.raises(InputError, match="AWS credentials"):
        check()


def test_a_named_profile_must_exist(no_credentials: Path) -> None:
    (no_credentials / "config").write_text("[profile work]\nsso_session = corp\n")
    check(config={"profile": "work"})
    check({"AWS_PROFILE": "work"})
    with pytest.raises(InputError, match="nearest: work"):
        check({"AWS_PROFILE": "wrok", "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE"})


def test_a_named_profile_where_none_is_configured() -> None:
    with pytest.raises(InputError, match="no profile is configured"):
        check({"AWS_PROFILE": "work"})


def test_an_instance_role_may_answer_on_ec2(tmp_path: Path) -> None:
    vendor = tmp_path / "sys_vendor"
    vendor.write_text("Amazon EC2\n")
    check(vendor_file=vendor)
    with pytest.raises(InputError):
        check({"AWS_EC2_METADATA_DISABLED": "true"}, vendor_file=vendor)
    vendor.write_text("QEMU\n")
    with pytest.raises(InputError):
        check(vendor_file=vendor)


@pytest.mark.parametrize(
    "url", ["https://ec2.us-east-1.amazonaws.com", "http://10.0.0.1", "", "localhost", "http://x"]
)
def test_only_loopback_is_local(url: str) -> None:
    assert not is_local({"AWS_ENDPOINT_URL": url})
