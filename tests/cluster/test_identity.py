"""Names that must be known before the thing exists, and must never collide."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from cluster.identity import Identity

names = st.text(min_size=1, max_size=40)


def test_everything_of_a_cluster_lies_under_one_path() -> None:
    llm = Identity("gpu-sizing", "prod", "llm", "us-east-1")
    assert llm.path == "/gpu-sizing/gpu-sizing/prod/llm"
    assert llm.status_parameter("llm-replica-0-rank-0") == f"{llm.path}/nodes/llm-replica-0-rank-0"
    assert llm.head_parameter(2) == f"{llm.path}/heads/2"
    assert llm.secret_name("api-key") == "gpu-sizing/gpu-sizing/prod/llm/api-key"


def test_two_stacks_share_no_name() -> None:
    prod, qa = (Identity("gpu-sizing", stack, "llm", "us-east-1") for stack in ("prod", "qa"))
    assert prod.path != qa.path
    assert prod.secret_name("api-key") != qa.secret_name("api-key")


@given(names, names, names)
def test_ssm_takes_every_name(project: str, stack: str, name: str) -> None:
    path = Identity(project, stack, name, "us-east-1").path
    assert re.fullmatch(r"(/[a-zA-Z0-9_.-]+){4}", path)
    # SSM keeps names that begin with these for itself.
    assert not path.removeprefix("/").lower().startswith(("aws", "ssm"))
