"""Secrets must exist; their values, and tokens typed in the wrong place, are never shown."""

from __future__ import annotations

import pytest

from cluster.preflight.facts import Secret
from cluster.preflight.site import check_question, decide
from sizing.errors import InputError
from tests.cluster.preflight.answers import DENIED, MISSING, NOW, REGION, facts, question

KEY = "serving.huggingFaceTokenSecret"
ARN = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:token-AbCdEf"


@pytest.mark.parametrize(
    ("name", "state", "said"),
    [
        (
            "token",
            MISSING,
            r"'token' is not valid; allowed: the name or ARN of a secret in us-east-1 "
            r"\(there is none\); make it with `aws secretsmanager create-secret --region us-east-1 "
            r"--name token --secret-string file://FILE`",
        ),
        (ARN, MISSING, r"in us-east-1 \(there is none\)$"),
        ("token", Secret("it is deleted at noon"), r"`aws secretsmanager restore-secret .* token`"),
        ("a b", Secret("no secret can have that name"), "no secret can have that name"),
    ],
)
def test_a_missing_secret(name: str, state: Secret, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        decide(question(secrets=((KEY, name),)), facts(secrets={name: state}), NOW)
    assert (caught.value.key, caught.value.value) == (KEY, name)


def test_a_secret_that_exists_and_one_that_is_hidden() -> None:
    asked = question(secrets=((KEY, "token"), ("serving.apiKeySecret", "key")))
    site = decide(asked, facts(secrets={"token": Secret(None), "key": DENIED}), NOW)
    assert [(c.what, c.verdict) for c in site.checks[-2:]] == [
        (f"secret {KEY}", "yes"),
        ("secret serving.apiKeySecret", "unknown"),
    ]


@pytest.mark.parametrize("token", ["hf_" + "abcdefghij" * 3, "sk-" + "0123456789abcdef"])
def test_a_token_in_place_of_a_name_is_not_shown(token: str) -> None:
    with pytest.raises(InputError, match="not the token itself") as caught:
        check_question(question(secrets=((KEY, token),)))
    assert token not in caught.value.message


def test_a_secret_of_another_region() -> None:
    check_question(question(secrets=((KEY, ARN),)))
    with pytest.raises(InputError, match="this ARN is of another region"):
        check_question(question(secrets=((KEY, ARN.replace(REGION, "eu-west-1")),)))
