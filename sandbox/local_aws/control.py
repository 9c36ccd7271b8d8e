"""What is no part of AWS: the health answer, and the limits that tests set.

GET    /sandbox/health
PUT    /sandbox/capacity      {"p5.48xlarge": 0}   how many more can be launched; null: any
PUT    /sandbox/quotas        {"L-417A185B": 192}  the account's value; null: the default
PUT    /sandbox/reservations  {"region": "us-east-1", "id": "cr-...", "end": "2026-01-31T00:00"}
DELETE /sandbox/limits        capacity and quotas as at the start
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.ec2.models import ec2_backends

from sandbox.local_aws.interfaces import drop_card_interfaces
from sandbox.local_aws.limits import LIMITS, QUOTAS
from sandbox.local_aws.refusals import RefusedError
from sandbox.local_aws.supply import in_use, occupants, reservations

_Body = dict[str, Any]


def control(method: str, path: str, body: bytes, account: str) -> tuple[int, str]:
    """(HTTP status, text) for a request to one of the paths above."""
    action = _ACTIONS.get((method, path.rpartition("/")[2]))
    if action is None:
        return 404, f"there is no {method} {path}"
    try:
        return 200, action(json.loads(body or b"{}"), account)
    except (KeyError, TypeError, ValueError, RefusedError) as error:
        return 400, str(error)


def _health(_body: _Body, _account: str) -> str:
    return str(os.getpid())


def _capacity(body: _Body, account: str) -> str:
    for kind, more in body.items():
        if more is None:
            LIMITS.capacity.pop(kind, None)
        else:
            LIMITS.capacity[kind] = in_use(account, kind) + int(more)
    return ""


def _quotas(body: _Body, _account: str) -> str:
    unknown = sorted(body.keys() - QUOTAS.keys())
    if unknown:
        raise ValueError(f"unknown quotas: {', '.join(unknown)}")
    for code, value in body.items():
        if value is None:
            LIMITS.quotas.pop(code, None)
        else:
            LIMITS.quotas[code] = float(value)
    return ""


def _end_reservation(body: _Body, account: str) -> str:
    found = reservations(account, body["region"]).require(body["id"])
    end = datetime.fromisoformat(body["end"])
    found.end_date = end if end.tzinfo else end.replace(tzinfo=UTC)
    found.end_date_type = "limited"
    if found.is_block and found.state == "expired":
        _end_instances(ec2_backends[account][body["region"]], found.capacity_reservation_id)
    return ""


def _end_instances(backend: Any, reservation: str) -> None:
    """AWS ends what runs in a capacity block before it ends; in a plain reservation it runs on."""
    for instance in occupants(backend, reservation):
        backend.terminate_instances([instance.id])
        drop_card_interfaces(instance)


def _lift(_body: _Body, _account: str) -> str:
    LIMITS.lift()
    return ""


_ACTIONS: dict[tuple[str, str], Callable[[_Body, str], str]] = {
    ("GET", "health"): _health,
    ("PUT", "capacity"): _capacity,
    ("PUT", "quotas"): _quotas,
    ("PUT", "reservations"): _end_reservation,
    ("DELETE", "limits"): _lift,
}
