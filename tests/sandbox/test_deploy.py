"""What `make up` says at its end."""

from __future__ import annotations

from sandbox.deploy import summary

NODE = {"name": "llm-replica-0-rank-0", "instanceType": "p5.48xlarge", "id": "i-1"}
NODES = [{**NODE, "privateIp": "10.64.0.4"}]


def test_nodes_and_their_price_are_said() -> None:
    lines = summary({"nodes": NODES, "hourlyCostUsd": 55.04, "monthlyCostUsd": 40179.2})
    assert "$55.04 an hour, $40,179.20 a month" in lines[0]
    assert "i-1" in lines[1]
    assert all(len(line) <= 100 for line in lines)


def test_an_unknown_price_is_not_a_figure() -> None:
    lines = summary({"nodes": NODES, "hourlyCostUsd": None, "monthlyCostUsd": None})
    assert "cost unknown" in lines[0]
    assert "$" not in lines[0]


def test_a_program_without_nodes_says_nothing() -> None:
    assert summary({}) == []
