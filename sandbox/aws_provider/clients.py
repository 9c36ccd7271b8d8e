"""The only way from the provider to an AWS: boto3 on a loopback endpoint, dummy credentials."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast
from urllib.parse import urlsplit

from sandbox.aws_provider.values import Props

DUMMY_ACCESS_KEY = "sandbox"
DUMMY_SECRET_KEY = "sandbox"


class EndpointError(Exception):
    """No endpoint, or one that is not on this machine."""


class AwsError(Exception):
    """An error that AWS answered with: its `code`, and a message that names the call."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def require_loopback(url: str) -> str:
    """The URL, if its host is this machine; EndpointError otherwise. Never resolves a name."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return url
    try:
        if ipaddress.ip_address(host).is_loopback:
            return url
    except ValueError:
        pass
    raise EndpointError(
        f"AWS endpoint {url!r} is not on this machine: the stand-in aws provider only talks to "
        "a local AWS (127.0.0.0/8, ::1 or localhost). For a real account install Pulumi, which "
        "brings the real aws provider."
    )


def choose_endpoint(configured: Mapping[str, str], environment: Mapping[str, str]) -> str:
    """The endpoint from AWS_ENDPOINT_URL, else the provider's `endpoints`; there is no default.

    Every URL found is checked, so that one that leads elsewhere is never merely shadowed. The
    environment comes first: a state file may hold the port of a local AWS that is gone.
    """
    named = [environment[key] for key in sorted(environment) if key.startswith("AWS_ENDPOINT_URL")]
    urls = [require_loopback(url) for url in (*named, *configured.values()) if url]
    if not urls:
        raise EndpointError(
            "no AWS endpoint: set AWS_ENDPOINT_URL (see `python -m sandbox env`); the stand-in "
            "aws provider never falls back to the real AWS"
        )
    return urls[0]


class Aws:
    """Calls to one region of the local AWS. Clients are made when first used, then shared."""

    def __init__(self, endpoint: str, region: str) -> None:
        self.endpoint = require_loopback(endpoint)
        self.region = region
        self.partition = "aws"
        self.account_id = "123456789012"  # moto's fixed account
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def ec2(self, operation: str, **params: Any) -> Props:
        """Call EC2; see `call`."""
        return self.call("ec2", operation, **params)

    def iam(self, operation: str, **params: Any) -> Props:
        """Call IAM; see `call`."""
        return self.call("iam", operation, **params)

    def call(self, service: str, operation: str, **params: Any) -> Props:
        """boto3's answer to `operation` (its snake_case name); AwsError when AWS refuses."""
        exceptions = cast("Any", import_module("botocore.exceptions"))
        try:
            return getattr(self._client(service), operation)(**params)
        except exceptions.ClientError as error:
            detail = error.response["Error"]
            message = f"{service} {operation}: {detail['Code']}: {detail.get('Message', '')}"
            raise AwsError(detail["Code"], message) from error
        except exceptions.BotoCoreError as error:
            raise AwsError("Unreachable", f"{service} {operation}: {error}") from error

    def arn(self, service: str, resource: str, region: str | None = None) -> str:
        """An ARN in this account; IAM's have no region (pass "")."""
        place = self.region if region is None else region
        return f"arn:{self.partition}:{service}:{place}:{self.account_id}:{resource}"

    def _client(self, service: str) -> Any:
        with self._lock:  # making a boto3 client is not thread-safe; using one is
            if service not in self._clients:
                self._clients[service] = make_client(self.endpoint, service, self.region)
            return self._clients[service]


def make_client(endpoint: str, service: str, region: str) -> Any:
    """A boto3 client that can only reach `endpoint`, with dummy credentials."""
    # boto3 has no types, and is imported late since most previews need no call at all.
    boto3, botocore, config = (
        cast("Any", import_module(name))
        for name in ("boto3.session", "botocore.session", "botocore.config")
    )
    # Otherwise AWS_PROFILE would have to name a profile that exists.
    no_profile: dict[str, Any] = {"profile": (None, [], None, None)}
    session = boto3.Session(
        aws_access_key_id=DUMMY_ACCESS_KEY,
        aws_secret_access_key=DUMMY_SECRET_KEY,
        botocore_session=botocore.Session(session_vars=no_profile),
    )
    return session.client(
        service,
        region_name=region,
        endpoint_url=require_loopback(endpoint),
        config=config.Config(
            retries={"total_max_attempts": 1}, proxies={}, connect_timeout=5, read_timeout=60
        ),
    )
