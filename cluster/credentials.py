"""Whether AWS credentials can be found, before Pulumi registers anything. Uses no network."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from sizing.errors import InputError, unknown_name

_ENVIRONMENT_SOURCES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_CONFIG_SOURCES = ("accessKey", "assumeRoleWithWebIdentity", "sharedCredentialsFiles")
_PROFILE_SOURCES = (
    "aws_access_key_id",
    "credential_process",
    "login_session",
    "role_arn",
    "sso_session",
    "sso_start_url",
)
_VENDOR_FILE = Path("/sys/devices/virtual/dmi/id/sys_vendor")

Get = Callable[[str], str | None]


def require_credentials(
    aws_config: Get, environment: Mapping[str, str], vendor_file: Path = _VENDOR_FILE
) -> None:
    """Raises InputError if no source of AWS credentials exists.

    `aws_config` reads the stack's `aws:` keys. A source that exists may still be refused by AWS.
    """
    if is_local(environment) or aws_config("skipCredentialsValidation") == "true":
        return
    profile = aws_config("profile") or environment.get("AWS_PROFILE")
    if profile:
        _check_profile(profile)
        return
    if any(aws_config(key) for key in _CONFIG_SOURCES):
        return
    if any(environment.get(key) for key in _ENVIRONMENT_SOURCES):
        return
    if _default_profile_has_source() or _on_ec2(environment, vendor_file):
        return
    raise InputError(
        "AWS credentials",
        None,
        "aws:profile, AWS_PROFILE, AWS_ACCESS_KEY_ID with its secret, or a default profile; "
        "`make up` needs none: it deploys into a local AWS",
    )


def has_credentials(aws_config: Get, environment: Mapping[str, str]) -> bool:
    """Whether there is a source of AWS credentials."""
    try:
        require_credentials(aws_config, environment)
    except InputError:
        return False
    return True


def is_local(environment: Mapping[str, str]) -> bool:
    """Whether AWS_ENDPOINT_URL points at this machine."""
    host = urlsplit(environment.get("AWS_ENDPOINT_URL", "")).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_profile(profile: str) -> None:
    known = _profiles()
    if profile not in known:
        raise unknown_name("AWS profile", profile, known or ["(no profile is configured)"])


def _default_profile_has_source() -> bool:
    default = _profiles().get("default", {})
    return any(key in default for key in _PROFILE_SOURCES)


def _profiles() -> dict[str, dict[str, object]]:
    """The profiles of AWS's config and credentials files, as botocore merges them."""
    # Imported only here: it takes a quarter of a second, and most users have said their source.
    session = cast("Any", import_module("botocore.session")).Session()
    return cast("dict[str, dict[str, object]]", session.full_config["profiles"])


def _on_ec2(environment: Mapping[str, str], vendor_file: Path) -> bool:
    """Whether an instance role may answer; asking for it would be a network wait elsewhere."""
    if environment.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return False
    try:
        return vendor_file.read_text(encoding="ascii", errors="replace").strip() == "Amazon EC2"
    except OSError:
        return False
