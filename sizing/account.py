"""Whether an AWS account can start a plan's nodes: quota, offered zones, reservations.

Only on request and with credentials; a plan itself never asks an account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sizing.aws import AwsError, Clients, asked, pages
from sizing.errors import InputError
from sizing.plan import Finding, Plan, Quota
from sizing.quota import vcpu_quota_code


def check_account(plan: Plan, clients: Clients, reservation_id: str | None = None) -> Plan:
    """The plan with what was found in the account, and its quota marked if it was read.

    A question that AWS refuses, or that there are no credentials for, is a finding `unknown`.
    """
    if plan.quota is None:
        return plan
    findings = tuple(_findings(plan, plan.quota, clients, reservation_id))
    known = any(f.what == "quota" and f.verdict != "unknown" for f in findings)
    quota = plan.quota.model_copy(update={"checked": known})
    return plan.model_copy(update={"quota": quota, "account": findings})


def offered_zones(clients: Clients, region: str, instance_type: str) -> tuple[str, ...]:
    """The names of the zones in which the account can launch the type. Raises as `asked` does."""
    offerings = pages(
        clients.client("ec2", region),
        "describe_instance_type_offerings",
        "InstanceTypeOfferings",
        LocationType="availability-zone",
        Filters=[{"Name": "instance-type", "Values": [instance_type]}],
    )
    return tuple(offering["Location"] for offering in offerings)


def quota_limit(clients: Clients, quota: Quota) -> float:
    """The quota's value in the account, in the quota's unit. Raises as `asked` does."""
    client = clients.client("service-quotas", quota.region)
    answer = asked(
        lambda: client.get_service_quota(ServiceCode=quota.service, QuotaCode=quota.code)
    )
    return float(answer["Quota"]["Value"])


def instances(clients: Clients, region: str, states: Sequence[str]) -> list[dict[str, Any]]:
    """The account's instances in those states, as EC2 describes them. Raises as `asked` does."""
    reservations = pages(
        clients.client("ec2", region),
        "describe_instances",
        "Reservations",
        Filters=[{"Name": "instance-state-name", "Values": list(states)}],
    )
    return [instance for r in reservations for instance in r.get("Instances", [])]


def used_vcpus(running: Iterable[dict[str, Any]], code: str) -> float:
    """vCPUs of running instances that count against the quota with that code."""
    return float(sum(_vcpus(instance) for instance in running if _quota_code(instance) == code))


def _quota_code(instance: dict[str, Any]) -> str | None:
    lifecycle = instance.get("InstanceLifecycle", "on-demand")
    if lifecycle == "capacity-block":
        return None
    return vcpu_quota_code(instance["InstanceType"], spot=lifecycle == "spot")


def _vcpus(instance: dict[str, Any]) -> int:
    options = instance.get("CpuOptions", {})
    return int(options.get("CoreCount", 0)) * int(options.get("ThreadsPerCore", 0))


def _findings(
    plan: Plan, quota: Quota, clients: Clients, reservation_id: str | None
) -> Iterator[Finding]:
    yield _answered("offered", lambda: _offered(plan, clients))
    if reservation_id:
        yield _answered("reservation", lambda: _reservation(plan, clients, reservation_id))
    else:
        yield _answered("quota", lambda: _quota(plan, quota, clients))


def _answered(what: str, ask: Callable[[], Finding]) -> Finding:
    try:
        return ask()
    except AwsError as error:
        return _found(what, "unknown", f"not checked: {error}")
    except InputError:
        return _found(what, "unknown", "not checked: no AWS credentials were found")


def _offered(plan: Plan, clients: Clients) -> Finding:
    zones = sorted(offered_zones(clients, plan.region, plan.instance_type))
    if zones:
        return _found("offered", "yes", f"{plan.instance_type} in {', '.join(zones)}")
    return _found("offered", "no", f"{plan.instance_type} is not offered in {plan.region}")


def _quota(plan: Plan, quota: Quota, clients: Clients) -> Finding:
    if quota.code is None:
        return _found("quota", "unknown", f"AWS's code of {quota.name} is not known")
    limit = quota_limit(clients, quota)
    used = 0.0
    if quota.unit == "vCPUs":
        used = used_vcpus(instances(clients, plan.region, ("pending", "running")), quota.code)
    free = limit - used
    have = f"{quota.name}: {limit:g} {quota.unit}, {used:g} in use, {quota.needed:g} needed"
    if free >= quota.needed:
        return _found("quota", "yes", have)
    return _found("quota", "no", f"{have}: ask for {used + quota.needed:g} ({quota.code})")


def _reservation(plan: Plan, clients: Clients, reservation_id: str) -> Finding:
    client = clients.client("ec2", plan.region)
    answer = asked(
        lambda: client.describe_capacity_reservations(CapacityReservationIds=[reservation_id])
    )
    rows = answer.get("CapacityReservations", [])
    if not rows:
        return _found("reservation", "no", f"{reservation_id} is not in {plan.region}")
    row = rows[0]
    free, zone = row["AvailableInstanceCount"], row["AvailabilityZone"]
    said = f"{reservation_id}: {row['State']}, {free} x {row['InstanceType']} free in {zone}"
    fits = row["State"] == "active" and row["InstanceType"] == plan.instance_type
    return _found("reservation", "yes" if fits and free >= plan.nodes else "no", said)


def _found(what: str, verdict: str, detail: str) -> Finding:
    return Finding(what=what, verdict=verdict, detail=detail)
