"""The boot gate: nothing runs on a node whose GPUs or network cards are not all there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cluster.boot.nodes import CASES, ONE_NODE, SPANNING, NodeRoot

LayOut = Callable[..., NodeRoot]


def gpus(count: int) -> str:
    lines = [f"GPU {i}: NVIDIA H100 80GB HBM3 (UUID: GPU-{i})" for i in range(count)]
    return "cat <<'END'\n" + "\n".join(lines) + "\nEND"


def efa(count: int) -> str:
    """As libfabric 2 lists them: each device once for `efa-direct` and once for `efa`."""
    lines = [
        f"provider: efa\n    fabric: {fabric}\n    domain: rdmap{i}s0-rdm\n    type: FI_EP_RDM"
        for i in range(count)
        for fabric in ("efa-direct", "efa")
    ]
    return "cat <<'END'\n" + "\n".join(lines) + "\nEND"


def healthy(node: NodeRoot) -> NodeRoot:
    node.fake("nvidia-smi", gpus(8))
    node.fake("fi_info", efa(32))
    node.fake("systemctl", "exit 1")
    return node


def test_a_whole_node_passes(lay_out: LayOut) -> None:
    node = healthy(lay_out(SPANNING))
    assert node.run("gate")[0] == 0
    assert node.statuses() == ["checking"]
    assert node.console == []


def test_nodes_alone_say_that_they_are_ready(lay_out: LayOut) -> None:
    node = healthy(lay_out(CASES["nodes alone"]))
    assert node.run("gate")[0] == 0
    assert node.statuses() == ["checking", "ready"]


def test_a_missing_gpu_is_one_readable_line(lay_out: LayOut) -> None:
    node = healthy(lay_out(SPANNING))
    node.fake("nvidia-smi", gpus(7) + "\necho 'Unable to determine the device handle: GPU is lost'")
    code, printed = node.run("gate")
    assert code == 1
    assert node.console == ["gpu-sizing: failed: 7 of 8 GPUs answer in nvidia-smi"]
    assert node.statuses() == ["checking", "failed: 7 of 8 GPUs answer in nvidia-smi"]
    assert printed.count("failed: 7 of 8") == 2


def test_a_driver_that_does_not_answer_counts_none(lay_out: LayOut) -> None:
    node = healthy(lay_out(ONE_NODE))
    node.fake("nvidia-smi", "echo 'NVIDIA-SMI has failed' >&2; exit 9")
    assert node.run("gate")[0] == 1
    assert node.statuses()[-1] == "failed: 0 of 8 GPUs answer in nvidia-smi"


def test_missing_network_cards_fail_where_a_replica_spans_nodes(lay_out: LayOut) -> None:
    node = healthy(lay_out(SPANNING))
    node.fake("fi_info", efa(31))
    assert node.run("gate")[0] == 1
    assert node.statuses()[-1] == "failed: 31 of 32 EFA devices answer in fi_info"
    assert node.calls("fi_info")[0] == ["-p", "efa", "-t", "FI_EP_RDM"]


@pytest.mark.parametrize("name", ["two replicas a node", "one gpu"])
def test_a_replica_inside_a_node_needs_no_efa(lay_out: LayOut, name: str) -> None:
    node = lay_out(CASES[name])
    node.fake("nvidia-smi", gpus(1 if name == "one gpu" else 8))
    node.fake("systemctl", "exit 1")
    node.fake("fi_info", "exit 1")
    assert node.run("gate")[0] == 0
    assert node.calls("fi_info") == []
    assert bool(node.calls("systemctl")) == (name != "one gpu")


def test_a_failed_fabric_manager_fails_the_node(lay_out: LayOut) -> None:
    node = healthy(lay_out(ONE_NODE))
    node.fake("systemctl", "[ \"$*\" = 'is-failed -q nvidia-fabricmanager' ]")
    assert node.run("gate")[0] == 1
    assert "NVLink" in node.statuses()[-1]


def test_drivers_may_take_a_while(lay_out: LayOut) -> None:
    node = healthy(lay_out(ONE_NODE))
    node.fake("nvidia-smi", 'n=$(grep -c . <<<"$(tr "\\36" "\\n" <"$CALLS" | grep ^nvidia)")\n'
              f"[ $n -lt 3 ] || {{ {gpus(8)}\n}}")  # fmt: skip
    assert node.run("gate")[0] == 0
    assert len(node.calls("nvidia-smi")) == 3


def test_a_status_that_cannot_be_put_does_not_stop_a_node(lay_out: LayOut) -> None:
    node = healthy(lay_out(ONE_NODE))
    node.fake("aws", "exit 254")
    assert node.run("gate")[0] == 0
