"""Asks the account where the nodes can go, before anything is made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import reduce

import pulumi

from cluster.account import NOT_ASKED, Place
from cluster.choice import API_KEY_SECRET_KEY, TOKEN_SECRET_KEY
from cluster.design import Design
from cluster.preflight import Question, Site, derived_purchase, reservation_facts, survey
from cluster.zone import Zone
from sizing.aws import AwsError, Clients
from sizing.plan import Finding
from sizing.render.text import WIDTH, fields, wrapped
from sizing.stack_config import StackConfig

_MARKS = {"yes": "ok", "no": "NO", "unknown": "not checked"}


def with_reservation(config: StackConfig, clients: Clients | None) -> StackConfig:
    """The configuration with the purchase option that its reservation stands for.

    A capacity block needs a market type of its own, and a price of its own: so this comes before
    the plan. Raises InputError for an unknown reservation or one that contradicts `purchase`.
    """
    if clients is None or not config.capacity_reservation_id:
        return config
    try:
        facts = reservation_facts(clients, config.region, config.capacity_reservation_id)
    except AwsError:
        return config  # the survey says that it could not ask
    given = config.purchase if "purchase" in config.model_fields_set else None
    purchase = derived_purchase(facts, given)
    if purchase is config.purchase:
        return config
    return config.model_copy(update={"purchase": purchase})


def choose_site(wanted: Design, place: Place) -> Site:
    """Where the nodes go. Raises InputError for what cannot work; logs what was checked."""
    site = survey(question(wanted, place.zones), place.clients, datetime.now(UTC))
    pulumi.log.info(render_checks(site.checks))
    return site


def render_checks(checks: Sequence[Finding]) -> str:
    """What the account said, a line each; one line where nobody could be asked."""
    prefixes = ("not checked: ", f"{NOT_ASKED}: ")
    details = [reduce(str.removeprefix, prefixes, finding.detail) for finding in checks]
    if all(finding.verdict == "unknown" for finding in checks):
        reasons = "; ".join(dict.fromkeys(details))
        return "\n".join(wrapped(f"Nothing was checked in the account: {reasons}", WIDTH))
    rows = [
        (finding.what, f"{_MARKS[finding.verdict]}: {detail}")
        for finding, detail in zip(checks, details, strict=True)
    ]
    return "\n".join(["Checked in the account", *fields(rows, WIDTH)])


def question(wanted: Design, zones: Sequence[Zone]) -> Question:
    """What the design asks of the account."""
    config, plan, serving = wanted.config, wanted.plan, wanted.serving
    existing = (
        (TOKEN_SECRET_KEY, config.serving.hugging_face_token_secret if serving else ""),
        (API_KEY_SECRET_KEY, config.serving.api_key_secret if serving else ""),
    )
    return Question(
        region=plan.region,
        instance_type=plan.instance_type,
        nodes=plan.nodes,
        addresses=wanted.addresses,
        purchase=plan.purchase,
        purchase_given="purchase" in config.model_fields_set,
        quota=plan.quota,
        reservation_id=config.capacity_reservation_id or None,
        zones=tuple(zones),
        offered_zone_ids=plan.zones,
        network=config.network,
        serving=serving is not None,
        secrets=tuple((key, name) for key, name in existing if name),
        project=wanted.identity.project,
        stack=wanted.identity.stack,
    )
