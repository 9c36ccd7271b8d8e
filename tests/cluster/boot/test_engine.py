"""The engine's unit: its container, its secrets, its status, and what it does about other nodes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

import pytest

from tests.cluster.boot.nodes import (
    API_KEY,
    CASES,
    ONE_NODE,
    OWN_IMAGE,
    SPANNING,
    UPSTREAM,
    Case,
    NodeRoot,
    command_of,
    serving,
)
from tests.cluster.boot.test_flags import check_against_parser, flags_of
from tests.cluster.plans import plan_405b

LayOut = Callable[..., NodeRoot]
HEAD, WORKER = SPANNING, CASES["worker"]
PEER = "0 0 [::ffff:10.0.0.1]:{}    [::ffff:{}]:{}\n"


def eventually(condition: Callable[[], object]) -> None:
    """Wait until it holds, for ten seconds at most."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.02)


@contextmanager
def running(node: NodeRoot, replica: int = 0) -> Generator[subprocess.Popen[str]]:
    """The engine while its container runs; stopped at the end as systemd would stop it."""
    process = node.start("engine", str(replica))
    try:
        yield process
    finally:
        node.write("stop")
        process.communicate(timeout=20)


def ended(node: NodeRoot, code: int = 1, replica: int = 0) -> list[str]:
    """The arguments of a container that ends at once."""
    node.write("code", str(code))
    node.run("engine", str(replica))
    return node.containers()[-1]


def value(container: list[str], option: str) -> str:
    return container[container.index(option) + 1]


def environment(container: list[str]) -> dict[str, str]:
    pairs = [container[i + 1] for i, word in enumerate(container) if word == "-e"]
    return dict(pair.split("=", 1) for pair in pairs)


@pytest.mark.parametrize("name", [n for n, c in CASES.items() if c.serving and "ray" not in n])
def test_vllm_knows_the_whole_command(lay_out: LayOut, name: str) -> None:
    case = CASES[name]
    assert case.serving
    node = lay_out(case)
    node.write("head", "10.0.0.9\n")
    command = command_of(ended(node), case.serving.image)
    assert command[:2] == ["vllm", "serve"]
    check_against_parser(tuple(command[2:]))


def test_the_container_on_one_node(lay_out: LayOut) -> None:
    container = ended(lay_out(ONE_NODE))
    assert value(container, "--network") == "host"
    assert value(container, "--ipc") == "host"
    assert "memlock=-1:-1" in container
    assert value(container, "--log-driver") == "awslogs"
    assert "awslogs-group=/gpu-sizing/gpu-sizing/prod/llm" in container
    assert "awslogs-stream=llm-replica-0-rank-0/replica-0" in container
    assert environment(container)["HF_HUB_OFFLINE"] == "1"
    assert "--device" not in container
    assert "NCCL_SOCKET_IFNAME" not in environment(container)


def test_replicas_on_one_node_share_its_gpus_and_have_ports_of_their_own(lay_out: LayOut) -> None:
    node = lay_out(ONE_NODE)
    first, second = ended(node), ended(node, replica=1)
    assert value(first, "--gpus") == '"device=0,1,2,3"'
    assert value(second, "--gpus") == '"device=4,5,6,7"'
    ports = [flags_of(tuple(command_of(c, UPSTREAM)))["--port"] for c in (first, second)]
    assert ports == [["8000"], ["8001"]]
    assert value(first, "--name") != value(second, "--name")


def test_a_node_with_one_gpu_gives_it(lay_out: LayOut) -> None:
    assert value(ended(lay_out(CASES["one gpu"])), "--gpus") == "all"


def test_the_key_is_in_no_argument_and_no_log_and_is_gone_afterwards(lay_out: LayOut) -> None:
    node = lay_out(ONE_NODE)
    node.write("code", "1")
    _, printed = node.run("engine", "0")
    assert node.read("env") == f"VLLM_API_KEY={API_KEY}\n"
    assert API_KEY not in node.read("calls")
    assert API_KEY not in printed + "".join(node.console)
    assert not list((node.root / "run/gpu-sizing").glob("*.env"))


def test_without_a_key_none_is_read(lay_out: LayOut) -> None:
    node = lay_out(Case(plan_405b(), 0, serving(api_key_secret=None)))
    ended(node)
    assert node.calls("aws", "secretsmanager") == []


def test_an_unreadable_key_stops_the_engine(lay_out: LayOut) -> None:
    node = lay_out(ONE_NODE)
    node.fake("aws", '[[ "$*" != *secretsmanager* ]]')
    assert node.run("engine", "0")[0] == 1
    assert node.containers() == []
    assert node.statuses()[-1] == "failed: secret api-key cannot be read"


def test_the_status_follows_the_engine(lay_out: LayOut) -> None:
    node = lay_out(SPANNING)
    with running(node):
        eventually(node.containers)
        assert node.statuses() == ["starting engine"]
        node.write("up")
        eventually(lambda: node.statuses()[-1] == "serving")
        (node.root / "up").unlink()
        eventually(lambda: node.statuses()[-1] == "failed: replica 0 does not answer")
        node.write("up")
        eventually(lambda: node.statuses()[-1] == "serving")
    assert node.statuses()[-1] == "failed: engine of replica 0 ended (exit code 137)"


def test_a_node_serves_when_all_its_replicas_do(lay_out: LayOut) -> None:
    node = lay_out(ONE_NODE)
    node.write("up")
    with running(node, 0):
        eventually(lambda: list((node.root / "run/gpu-sizing").glob("*.healthy")))
        assert "serving" not in node.statuses()
        with running(node, 1):
            eventually(lambda: node.statuses()[-1] == "serving")


def test_an_engine_that_ends_ends_the_unit_with_a_reason(lay_out: LayOut) -> None:
    node = lay_out(ONE_NODE)
    node.write("code", "3")
    assert node.run("engine", "0")[0] == 1
    assert node.console == ["gpu-sizing: failed: engine of replica 0 ended (exit code 3)"]


def test_nodes_that_span_a_replica_talk_over_efa(lay_out: LayOut) -> None:
    container = ended(lay_out(HEAD))
    assert value(container, "--device") == "/dev/infiniband"
    given = environment(container)
    assert given["VLLM_HOST_IP"] == "10.0.0.1"
    assert given["NCCL_SOCKET_IFNAME"] == "^docker0,lo"
    assert given["GLOO_SOCKET_IFNAME"] == "ens32"
    assert given["FI_PROVIDER"] == "efa"
    flags = flags_of(tuple(command_of(container, UPSTREAM)))
    assert flags["--master-addr"] == ["10.0.0.1"]


def test_a_worker_waits_for_the_heads_address(lay_out: LayOut) -> None:
    node = lay_out(WORKER)
    node.fake("aws", '[[ "$*" != *get-parameter* ]] || cat "$GPU_SIZING_ROOT/head"')
    with running(node):
        eventually(lambda: len(node.calls("aws", "ssm", "get-parameter")) >= 3)
        assert node.containers() == []
        assert node.statuses()[-1].endswith("waiting for the address of the head node")
        node.write("head", "10.0.0.9\n")
        eventually(node.containers)
    flags = flags_of(tuple(command_of(node.containers()[0], UPSTREAM)))
    assert flags["--master-addr"] == ["10.0.0.9"]
    asked = node.calls("aws", "ssm", "get-parameter")[0]
    assert value(asked, "--name") == "/gpu-sizing/gpu-sizing/prod/llm/heads/0"


def test_a_restart_reads_a_changed_head(lay_out: LayOut) -> None:
    node = lay_out(WORKER)
    for address in ("10.0.0.9", "10.0.0.10"):
        node.write("head", address + "\n")
        flags = flags_of(tuple(command_of(ended(node), UPSTREAM)))
        assert flags["--master-addr"] == [address]


def test_a_worker_whose_head_is_replaced_starts_anew(lay_out: LayOut) -> None:
    node = lay_out(WORKER)
    node.write("head", "10.0.0.9\n")
    process = node.start("engine", "0")
    eventually(node.containers)
    node.write("head", "10.0.0.10\n")
    process.communicate(timeout=20)
    assert process.returncode == 1
    assert node.calls("docker", "stop")[0][-1] == "gpu-sizing-0"
    assert "gone or new" in node.console[0]


@pytest.mark.parametrize(
    ("case", "met", "later"),
    [
        (HEAD, PEER.format(29501, "10.0.0.9", 41000), ""),
        (HEAD, PEER.format(29501, "10.0.0.9", 41000), PEER.format(29501, "10.0.0.10", 5)),
        (WORKER, PEER.format(41000, "10.0.0.9", 29501) * 8, ""),
    ],
    ids=["a worker is gone", "another worker is in its place", "the head is gone"],
)
def test_a_rank_that_lost_its_peers_starts_anew(
    lay_out: LayOut, case: Case, met: str, later: str
) -> None:
    node = lay_out(case)
    node.write("head", "10.0.0.9\n")
    own = PEER.format(29501, "10.0.0.1", 42000)
    process = node.start("engine", "0")
    eventually(node.containers)
    node.write("peers", own + met)
    seen = len(node.calls("ss"))
    eventually(lambda: len(node.calls("ss")) > seen + 6)
    assert process.poll() is None
    node.write("peers", own + later)
    process.communicate(timeout=20)
    assert process.returncode == 1
    assert node.calls("docker", "stop")[0][-1] == "gpu-sizing-0"


def test_ranks_that_have_not_met_yet_are_waited_for(lay_out: LayOut) -> None:
    node = lay_out(HEAD)
    with running(node) as process:
        eventually(lambda: len(node.calls("ss")) > 6)
        assert process.poll() is None
    assert node.calls("docker", "stop") == []


def test_ray_starts_on_the_head_and_is_joined_by_workers(lay_out: LayOut) -> None:
    head = command_of(ended(lay_out(CASES["ray head"])), OWN_IMAGE)
    assert head[:2] == ["bash", "-c"]
    assert "ray start --head" in head[2]
    assert head[3:6] == ["10.0.0.1", "vllm", "serve"]
    check_against_parser(tuple(head[6:]))


def test_ray_workers_join_the_head(lay_out: LayOut) -> None:
    node = lay_out(CASES["ray worker"])
    node.write("head", "10.0.0.9\n")
    joined = command_of(ended(node), OWN_IMAGE)
    assert joined[:3] == ["ray", "start", "--block"]
    assert joined[-1] == "--address=10.0.0.9:6379"


def test_what_vllm_streams_needs_no_files(lay_out: LayOut) -> None:
    node = lay_out(CASES["s3, streamed"])
    node.write("head", "10.0.0.9\n")
    container = ended(node)
    assert "HF_HUB_OFFLINE" not in environment(container)
    assert not [word for word in container if word.endswith(":/model:ro")]
    assert environment(container)["AWS_REGION"] == "us-east-1"


def test_a_name_that_a_shell_would_read_stays_a_name(lay_out: LayOut) -> None:
    odd = """x"; touch "$GPU_SIZING_ROOT/pwned" #'\n$(id)"""
    node = lay_out(Case(plan_405b(), 0, serving(served_name=odd)))
    flags = flags_of(tuple(command_of(ended(node), UPSTREAM)))
    assert flags["--served-model-name"] == [odd]
    assert not (node.root / "pwned").exists()
