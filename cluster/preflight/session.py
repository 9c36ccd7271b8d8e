"""boto3 clients for the account that a stack's `aws:` keys name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, cast

from sizing.aws import AwsError, asked

# A preview is waited for: some patience with throttling, little with an AWS that does not answer.
_MAX_ATTEMPTS = 4
_CONNECT_TIMEOUT_S = 5
_READ_TIMEOUT_S = 20
NO_ROLE = "AssumeRole"
_ROLE_SESSION = "gpu-sizing-preflight"


@dataclass(slots=True)
class SessionClients:
    """Makes clients with a profile or keys, else with the credentials that boto3 finds.

    `assume_roles` are the stack's `aws:assumeRoles` (roleArn, externalId, sessionName), assumed in
    order. AWS_ENDPOINT_URL is honoured. Nothing is imported or read before the first client.
    """

    profile: str | None = None
    access_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    assume_roles: Sequence[Mapping[str, Any]] = ()
    _made: dict[tuple[str, str], Any] = field(
        default_factory=dict[tuple[str, str], Any], repr=False
    )
    _session: Any = field(default=None, repr=False)

    def client(self, service: str, region: str) -> Any:
        """A client of that service in that region. Raises as `sizing.aws.asked` does."""
        key = (service, region)
        if key not in self._made:
            self._made[key] = asked(lambda: _client(self._ready(region), service, region))
        return self._made[key]

    def _ready(self, region: str) -> Any:
        if self._session is None:
            session = _session(self.profile, self.access_key, self.secret_key, self.token)
            for role in self.assume_roles:
                session = _assumed(session, role, region)
            self._session = session
        return self._session


def _session(
    profile: str | None, access_key: str | None, secret_key: str | None, token: str | None
) -> Any:
    # boto3 has no types, and takes a second to import.
    boto3 = cast("Any", import_module("boto3.session"))
    if not access_key:
        return boto3.Session(profile_name=profile or None)
    return boto3.Session(
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        aws_session_token=token or None,
    )


def _assumed(session: Any, role: Mapping[str, Any], region: str) -> Any:
    external = {"ExternalId": role["externalId"]} if role.get("externalId") else {}
    client = _client(session, "sts", region)
    name = role.get("sessionName") or _ROLE_SESSION
    try:
        answer = asked(
            lambda: client.assume_role(RoleArn=role["roleArn"], RoleSessionName=name, **external)
        )
    except AwsError as error:
        raise AwsError(NO_ROLE, f"{role['roleArn']} cannot be assumed: {error}") from None
    made = answer["Credentials"]
    return _session(None, made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])


def _client(session: Any, service: str, region: str) -> Any:
    config = cast("Any", import_module("botocore.config")).Config(
        retries={"mode": "standard", "max_attempts": _MAX_ATTEMPTS},
        connect_timeout=_CONNECT_TIMEOUT_S,
        read_timeout=_READ_TIMEOUT_S,
    )
    return session.client(service, region_name=region, config=config)
