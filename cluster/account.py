"""The AWS account that the cluster goes to, and who may ask it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from cluster.credentials import has_credentials
from cluster.policies import Account
from cluster.preflight import SessionClients
from cluster.zone import Zone
from sizing.aws import AwsError, Clients, asked
from sizing.errors import InputError

NOT_ASKED = "NotAsked"
_PARTITIONS = {"us-gov-": "aws-us-gov", "cn-": "aws-cn"}


@dataclass(frozen=True, slots=True)
class Place:
    """The account, its zones where they are known already, and clients that ask that account.

    `own` says that the clients need no provider to ask.
    """

    account: Account
    zones: tuple[Zone, ...]
    clients: Clients
    own: bool = False


def partition(region: str) -> str:
    """The AWS partition that a region lies in; ARNs begin with it."""
    return next((name for start, name in _PARTITIONS.items() if region.startswith(start)), "aws")


def own_place(region: str, clients: Clients | None) -> Place | None:
    """The account of clients that have the provider's own credentials; None if it did not answer.

    Asked without the provider, which would take another half second to start.
    """
    if clients is None:
        return None
    try:
        number = _account_number(clients, region)
    except (AwsError, InputError):
        return None
    return Place(Account(partition(region), number, region), (), clients, own=True)


def providers_place(region: str, clients: Clients | None, opts: pulumi.InvokeOptions) -> Place:
    """The account behind the provider. `clients` may have other credentials than it."""
    account = _providers_account(region, opts)
    return Place(account, _providers_zones(opts), _of_account(clients, account))


def public_parameter(place: Place, name: str, opts: pulumi.InvokeOptions) -> pulumi.Input[str]:
    """The value of one of AWS's public SSM parameters."""
    if place.own:
        ssm = place.clients.client("ssm", place.account.region)
        try:
            return asked(lambda: ssm.get_parameter(Name=name))["Parameter"]["Value"]
        except AwsError:
            pass  # the provider may be allowed to, and says best why not
    # The other field is always a secret, and a public parameter need not be one.
    return aws.ssm.get_parameter_output(name=name, opts=opts).insecure_value


def own_clients() -> Clients | None:
    """boto3 with the stack's `aws:` keys and what the environment holds; None without either."""
    config = pulumi.Config("aws")
    if not has_credentials(config.get, os.environ):
        return None
    return SessionClients(
        profile=config.get("profile"),
        access_key=config.get("accessKey"),
        secret_key=config.get("secretKey"),
        token=config.get("token"),
        assume_roles=config.get_object("assumeRoles") or (),
    )


def _account_number(clients: Clients, region: str) -> str:
    sts = clients.client("sts", region)
    return asked(sts.get_caller_identity)["Account"]


def _providers_account(region: str, opts: pulumi.InvokeOptions) -> Account:
    try:
        number = aws.get_caller_identity(opts=opts).account_id
    except Exception as error:
        # The first call to AWS: an expired login shows here, and a traceback would bury it.
        raise pulumi.RunError(f"AWS did not say which account this is: {error}") from None
    return Account(partition(region), number, region)


def _providers_zones(opts: pulumi.InvokeOptions) -> tuple[Zone, ...]:
    """The zones that the account can use; local and wavelength zones left out."""
    regular = aws.GetAvailabilityZonesFilterArgs(
        name="opt-in-status", values=["opt-in-not-required"]
    )
    try:
        found = aws.get_availability_zones(state="available", filters=[regular], opts=opts)
    except Exception as error:
        raise pulumi.RunError(f"AWS did not say which zones there are: {error}") from None
    pairs = zip(found.names, found.zone_ids, strict=True)
    return tuple(Zone(name=name, zone_id=zone_id) for name, zone_id in pairs)


class _Nobody:
    """Clients where nobody can be asked: every check says so."""

    def __init__(self, why: str) -> None:
        self._why = why

    def client(self, service: str, region: str) -> Any:  # noqa: ARG002 -- as the protocol has it
        """Raises AwsError with the reason."""
        raise AwsError(NOT_ASKED, self._why)


def _of_account(clients: Clients | None, account: Account) -> Clients:
    """The clients if they ask the account that the provider deploys to."""
    if clients is None:
        return _Nobody("no AWS credentials were found")
    try:
        number = _account_number(clients, account.region)
    except (AwsError, InputError) as error:
        return _Nobody(str(error))
    if number == account.number:
        return clients
    return _Nobody(f"the credentials at hand are of account {number}, not {account.number}")
