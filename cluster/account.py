"""The AWS account that the cluster goes to, as its provider sees it."""

from __future__ import annotations

import os

import pulumi
import pulumi_aws as aws

from cluster.credentials import has_credentials
from cluster.policies import Account
from cluster.preflight import SessionClients
from cluster.zone import Zone
from sizing.aws import Clients

_PARTITIONS = {"us-gov-": "aws-us-gov", "cn-": "aws-cn"}


def partition(region: str) -> str:
    """The AWS partition that a region lies in; ARNs begin with it."""
    return next((name for start, name in _PARTITIONS.items() if region.startswith(start)), "aws")


def aws_account(region: str, opts: pulumi.InvokeOptions) -> Account:
    """The account behind the provider's credentials."""
    try:
        number = aws.get_caller_identity(opts=opts).account_id
    except Exception as error:
        # The first call to AWS: an expired login shows here, and a traceback would bury it.
        raise pulumi.RunError(f"AWS did not say which account this is: {error}") from None
    return Account(partition(region), number, region)


def account_zones(opts: pulumi.InvokeOptions) -> tuple[Zone, ...]:
    """The availability zones that the account can use; local and wavelength zones left out."""
    regular = aws.GetAvailabilityZonesFilterArgs(
        name="opt-in-status", values=["opt-in-not-required"]
    )
    try:
        found = aws.get_availability_zones(state="available", filters=[regular], opts=opts)
    except Exception as error:
        raise pulumi.RunError(f"AWS did not say which zones there are: {error}") from None
    pairs = zip(found.names, found.zone_ids, strict=True)
    return tuple(Zone(name=name, zone_id=zone_id) for name, zone_id in pairs)


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
