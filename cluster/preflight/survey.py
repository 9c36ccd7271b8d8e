"""Asks an account whether a plan can start there, before anything is created."""

from __future__ import annotations

from datetime import datetime

from cluster.preflight.asking import gather
from cluster.preflight.facts import Question, Site
from cluster.preflight.site import check_question, decide
from sizing.aws import Clients


def survey(question: Question, clients: Clients, now: datetime) -> Site:
    """Where the nodes go, with a finding for each check; `now` carries its time zone.

    Raises InputError, with the fix, for anything that cannot work. What AWS does not answer is a
    finding `unknown`.
    """
    check_question(question)
    return decide(question, gather(question, clients), now)
