"""Node names: they are identities, so growing must never change one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cluster.names import node_placements
from sizing.plan import NodeGroup
from tests.cluster.plans import shaped


def groups_of(*shape: tuple[int, int, int]) -> tuple[NodeGroup, ...]:
    return shaped("p5.48xlarge", *shape).node_groups


def test_a_replica_on_two_nodes() -> None:
    head, worker = node_placements("llm", groups_of((1, 2, 1)))
    assert (head.name, worker.name) == ("llm-replica-0-rank-0", "llm-replica-0-rank-1")
    assert head.replicas == worker.replicas == (0,)
    assert head.spans_nodes
    assert worker.spans_nodes


def test_two_replicas_share_a_node_named_by_the_first() -> None:
    nodes = node_placements("llm", groups_of((3, 1, 2)))
    assert [n.name for n in nodes] == ["llm-replica-0-rank-0", "llm-replica-2-rank-0"]
    assert [n.replicas for n in nodes] == [(0, 1), (2,)]
    assert not any(n.spans_nodes for n in nodes)


def test_replicas_count_on_across_groups() -> None:
    nodes = node_placements("llm", groups_of((2, 2, 1), (2, 1, 1)))
    assert [n.first_replica for n in nodes] == [0, 0, 1, 1, 2, 3]
    assert len({n.name for n in nodes}) == len(nodes)


shapes = st.one_of(
    st.tuples(st.integers(1, 4), st.just(1)), st.tuples(st.just(1), st.integers(1, 8))
)


@given(shape=shapes, few=st.integers(1, 20), more=st.integers(0, 20))
def test_more_replicas_only_add_nodes(shape: tuple[int, int], few: int, more: int) -> None:
    before = node_placements("llm", groups_of((few, *shape)))
    after = node_placements("llm", groups_of((few + more, *shape)))
    assert [n.name for n in after][: len(before)] == [n.name for n in before]
    assert len(before) == groups_of((few, *shape))[0].nodes
    assert {r for n in before for r in n.replicas} == set(range(few))
