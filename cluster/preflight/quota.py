"""Whether the account's service quota has room for the nodes."""

from __future__ import annotations

import math

from cluster.preflight.facts import Facts, Question, Running, Unanswered, unknown, yes
from sizing.errors import InputError
from sizing.instance import Purchase
from sizing.plan import Finding, Quota

WHAT = "quota"
_VCPUS = "vCPUs"


def takes_quota(question: Question) -> bool:
    """Whether launches count: a reservation and a capacity block have taken theirs already."""
    if question.reservation_id or question.purchase is Purchase.CAPACITY_BLOCK:
        return False
    return question.quota is not None and question.quota.unit == _VCPUS


def check_quota(question: Question, facts: Facts) -> Finding | None:
    """What the quota says, None where none applies. Raises InputError where it is too small."""
    quota, limit = question.quota, facts.quota_limit
    if quota is None or not takes_quota(question):
        return None
    if quota.code is None:
        return unknown(WHAT, f"AWS's code of {quota.name} is not known")
    if limit is None or isinstance(limit, Unanswered):
        return unknown(WHAT, limit or "the quota was not read")
    running = facts.running
    others = 0.0 if isinstance(running, Unanswered) else running.others_vcpus
    if limit < others + quota.needed:
        raise _too_small(question, quota, limit, others)
    have = f"{quota.name}: {quota.needed:g} of {limit:g} vCPUs needed"
    if isinstance(running, Unanswered):
        return unknown(WHAT, f"{have}; how many are in use is not known ({running.reason})")
    return yes(WHAT, f"{have}{_shown(running)}")


def _shown(running: Running) -> str:
    own = len(running.own)
    ours = f" (this stack's {own} nodes are among the needed)" if own else ""
    return f", {running.others_vcpus:g} in use by other instances{ours}"


def _too_small(question: Question, quota: Quota, limit: float, others: float) -> InputError:
    enough = math.ceil(others + quota.needed)
    command = (
        f"aws service-quotas request-service-quota-increase --region {quota.region} "
        f"--service-code {quota.service} --quota-code {quota.code} --desired-value {enough}"
    )
    used = f" beside {others:g} in use by other instances" if others else ""
    return InputError(
        f"AWS quota {quota.code}",
        f"{limit:g} vCPUs",
        f"at least {enough} of '{quota.name}': {question.nodes} x {question.instance_type} need "
        f"{quota.needed:g}{used}; raise it with `{command}` and allow about 30 minutes, or set "
        "capacityReservationId: a reservation takes none",
        f"{enough} vCPUs",
    )
