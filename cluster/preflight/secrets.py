"""Whether the secrets that a stack names exist. Their values are never read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cluster.preflight.facts import Facts, Question, Secret, Unanswered, unknown, yes
from cluster.preflight.reservation import moment
from sizing.aws import AwsError, Clients, asked
from sizing.errors import InputError
from sizing.plan import Finding

_MISSING = "ResourceNotFoundException"
# What AWS answers to a name that no secret can have.
_IMPOSSIBLE = frozenset(
    {"ValidationException", "InvalidParameterException", "ParamValidationError"}
)
_NONE, _DELETED = "there is none", "it is deleted"
_ARN = re.compile(r"arn:[^:]+:secretsmanager:(?P<region>[^:]*):")
_TOKEN = re.compile(r"(hf_|sk-|AKIA)\w{12,}")


def check_names(question: Question) -> None:
    """Raises InputError for what cannot be a secret's name, before AWS is asked with it."""
    for key, name in question.secrets:
        if _TOKEN.match(name):
            # The value is kept out of the message: it is the secret itself.
            raise InputError(key, "(a token)", "the name or ARN of a secret, not the token itself")
        arn = _ARN.match(name)
        if arn and arn["region"] != question.region:
            raise InputError(
                key, name, f"a secret in {question.region}; this ARN is of another region"
            )


def secret_state(clients: Clients, region: str, name: str) -> Secret:
    """A secret's state. Raises AwsError where AWS does not say."""
    client = clients.client("secretsmanager", region)
    try:
        answer: dict[str, Any] = asked(lambda: client.describe_secret(SecretId=name))
    except AwsError as error:
        if error.code == _MISSING:
            return Secret(_NONE)
        if error.code in _IMPOSSIBLE:
            return Secret(f"no secret can have that name: {error}")
        raise
    if deleted := answer.get("DeletedDate"):
        return Secret(f"{_DELETED} at {moment(deleted)}")
    return Secret(None)


def check_secrets(question: Question, facts: Facts) -> Iterator[Finding]:
    """A finding a secret. Raises InputError for one that is missing."""
    for key, name in question.secrets:
        state = facts.secrets[name]
        if isinstance(state, Unanswered):
            yield unknown(f"secret {key}", state)
            continue
        if state.problem:
            raise InputError(key, name, _allowed(question.region, name, state.problem))
        yield yes(f"secret {key}", f"{name} exists")


def _allowed(region: str, name: str, problem: str) -> str:
    wanted = f"the name or ARN of a secret in {region} ({problem})"
    command = f"aws secretsmanager {{}} --region {region} {{}} {name}"
    if problem.startswith(_DELETED):
        return f"{wanted}; bring it back with `{command.format('restore-secret', '--secret-id')}`"
    if problem == _NONE and not _ARN.match(name):
        made = f"{command.format('create-secret', '--name')} --secret-string file://FILE"
        return f"{wanted}; make it with `{made}`"
    return wanted
