"""Tags that AWS takes."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from cluster.names import node_placements
from cluster.tags import node_tags, shared_tags, tag_value
from tests.cluster.plans import shaped


def test_a_node_is_found_by_stack_model_replica_and_rank() -> None:
    node = node_placements("llm", shaped("p5.48xlarge", (2, 1, 2)).node_groups)[0]
    assert node_tags(shared_tags("gpu-sizing", "prod", "org/model-1.0"), node) == {
        "Name": "llm-replica-0-rank-0",
        "gpu-sizing:project": "gpu-sizing",
        "gpu-sizing:stack": "prod",
        "gpu-sizing:model": "org/model-1.0",
        "gpu-sizing:replica": "0 1",
        "gpu-sizing:rank": "0",
    }


def test_a_users_tag_never_hides_ours() -> None:
    tags = shared_tags("gpu-sizing", "prod", "org/m", {"team": "ml", "gpu-sizing:stack": "x"})
    assert (tags["team"], tags["gpu-sizing:stack"]) == ("ml", "prod")


@given(st.text(max_size=400))
def test_any_model_name_becomes_a_value_aws_takes(text: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_ +\-=.:/@]{0,256}", tag_value(text), re.ASCII)
