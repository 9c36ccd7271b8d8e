"""What the AWS account says before anything is created: can the plan start, and where.

`survey` asks and decides; `site.decide` is the deciding alone, on facts that are already there.
"""

from cluster.preflight.capacity import capacity_error
from cluster.preflight.facts import Question, Reservation, Site, Subnet
from cluster.preflight.reservation import derived_purchase, reservation_facts
from cluster.preflight.session import SessionClients
from cluster.preflight.survey import survey

__all__ = [
    "Question",
    "Reservation",
    "SessionClients",
    "Site",
    "Subnet",
    "capacity_error",
    "derived_purchase",
    "reservation_facts",
    "survey",
]
