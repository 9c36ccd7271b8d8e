"""One address over all replicas' heads, open to the VPC alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cluster.clusters import API_KEY, TOKEN, cluster
from tests.cluster.plans import plan_405b, shaped
from tests.cluster.recorder import Registration, Run

BALANCER, LISTENER = "lb/loadBalancer:LoadBalancer", "lb/listener:Listener"
TARGETS, ATTACHMENT = "lb/targetGroup:TargetGroup", "lb/targetGroupAttachment:TargetGroupAttachment"
INGRESS = "vpc/securityGroupIngressRule:SecurityGroupIngressRule"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b"


@pytest.fixture(scope="module")
def prod() -> Run:
    return cluster(plan_405b())


def attached(run: Run) -> dict[str, tuple[str, float]]:
    return {r.name: (r.inputs["targetId"], r.inputs["port"]) for r in run.of(ATTACHMENT)}


def test_the_load_balancer_is_internal_in_two_zones_and_patient(prod: Run) -> None:
    inputs = prod.one(BALANCER).inputs
    assert inputs["internal"] is True
    assert inputs["subnets"] == ["id-llm-endpoint-us-east-1b", "id-llm-endpoint-us-east-1a"]
    assert inputs["securityGroups"] == ["id-llm-endpoint"]
    assert inputs["idleTimeout"] == 3600
    zones = {r.name: r.inputs["availabilityZone"] for r in prod.of("ec2/subnet:Subnet")}
    assert zones["llm-endpoint-us-east-1a"] != zones["llm-endpoint-us-east-1b"]


def test_health_is_what_the_engine_says(prod: Run) -> None:
    inputs = prod.one(TARGETS).inputs
    assert inputs["healthCheck"]["path"] == "/health"
    assert (inputs["targetType"], inputs["port"]) == ("instance", 8000)
    assert inputs["loadBalancingAlgorithmType"] == "least_outstanding_requests"


def test_only_the_head_of_a_replica_that_spans_nodes_is_a_target(prod: Run) -> None:
    assert attached(prod) == {"llm-replica-0": ("id-llm-replica-0-rank-0", 8000)}


def test_each_replica_on_a_shared_node_has_its_own_port() -> None:
    run = cluster(shaped("p5.48xlarge", (4, 1, 2)))
    assert attached(run) == {
        "llm-replica-0": ("id-llm-replica-0-rank-0", 8000),
        "llm-replica-1": ("id-llm-replica-0-rank-0", 8001),
        "llm-replica-2": ("id-llm-replica-2-rank-0", 8000),
        "llm-replica-3": ("id-llm-replica-2-rank-0", 8001),
    }
    rule = run.named(INGRESS, "llm-from-endpoint").inputs
    assert (rule["fromPort"], rule["toPort"]) == (8000, 8001)


def test_without_a_certificate_the_endpoint_speaks_http(prod: Run) -> None:
    inputs = prod.one(LISTENER).inputs
    assert (inputs["port"], inputs["protocol"]) == (80, "HTTP")
    assert prod.outputs["llm"]["endpointUrl"] == "http://llm-endpoint.elb.internal/v1"


def test_with_a_certificate_it_speaks_tls_only() -> None:
    run = cluster(plan_405b(), serving={"certificate_arn": CERTIFICATE})
    inputs = run.one(LISTENER).inputs
    assert (inputs["port"], inputs["protocol"]) == (443, "HTTPS")
    assert inputs["certificateArn"] == CERTIFICATE
    assert "TLS13" in inputs["sslPolicy"]
    assert run.outputs["llm"]["endpointUrl"] == "https://llm-endpoint.elb.internal/v1"
    into = [r.inputs for r in run.of(INGRESS) if r.name.startswith("llm-clients")]
    assert [(r["fromPort"], r["toPort"]) for r in into] == [(443, 443)]


def test_nodes_alone_have_no_endpoint() -> None:
    run = cluster(plan_405b(), serving={"enabled": False}, hugging_face_token=None)
    assert run.of(BALANCER) == run.of(ATTACHMENT) == []
    assert run.outputs["llm"].get("endpointUrl") is None
    assert {r.name for r in run.of("ec2/subnet:Subnet")} == {
        "llm-nodes-us-east-1b",
        "llm-public-us-east-1b",
    }
    assert all("endpoint" not in r.name for r in run.of(INGRESS))
    assert "unhealthy" not in str([r.name for r in run.resources])


def secret_version(run: Run, name: str) -> Registration:
    return run.named("secretsmanager/secretVersion:SecretVersion", name)


def test_secrets_go_to_secrets_manager_and_nowhere_else() -> None:
    run = cluster(plan_405b(), api_key=API_KEY)
    for kind, value in (("hugging-face-token", TOKEN), ("api-key", API_KEY)):
        version = secret_version(run, f"llm-{kind}")
        assert version.inputs["secretString"] == value
        assert version.secrets == ("secretString",)
        name = run.named("secretsmanager/secret:Secret", f"llm-{kind}").inputs["name"]
        assert name == f"gpu-sizing/gpu-sizing/prod/llm/{kind}"
        for resource in run.resources:
            if resource != version:
                assert value not in json.dumps(resource.inputs, default=str)
        assert value not in str(run.outputs)
        assert all(value not in message for _, message in run.log)


def test_a_node_may_read_just_the_secrets_it_uses() -> None:
    def readable(run: Run) -> list[str]:
        policy = json.loads(run.one("iam/rolePolicy:RolePolicy").inputs["policy"])
        found = [s["Resource"] for s in policy["Statement"] if "secretsmanager" in s["Action"][0]]
        return [arn.rpartition("/")[2] for arns in found for arn in arns]

    assert readable(cluster(plan_405b())) == ["hugging-face-token-??????"]
    both = readable(cluster(plan_405b(), api_key=API_KEY))
    assert both == ["api-key-??????", "hugging-face-token-??????"]
    from_s3 = cluster(
        shaped("p5.48xlarge", (1, 2, 1), checkpoint=plan_from_s3()), hugging_face_token=None
    )
    assert readable(from_s3) == []


def plan_from_s3() -> Any:
    checkpoint = plan_405b().checkpoint
    assert checkpoint is not None
    return checkpoint.model_copy(update={"repository": "s3://models/llama", "gated": None})


def test_a_secret_that_nothing_reads_is_not_made() -> None:
    run = cluster(shaped("p5.48xlarge", (1, 2, 1), checkpoint=plan_from_s3()))
    assert run.of("secretsmanager/secret:Secret") == []


def test_the_ranks_of_a_replica_find_its_head(prod: Run) -> None:
    (head,) = [r for r in prod.of("ssm/parameter:Parameter") if r.name == "llm-replica-0-head"]
    assert head.inputs["insecureValue"] == "10.64.0.10"
    assert head.inputs["name"] == "/gpu-sizing/gpu-sizing/prod/llm/heads/0"
    # It follows the head's address, so that no user data of a worker depends on it.
    assert "llm-replica-0-rank-0" in {d.split("::")[-1] for d in head.dependencies}
    worker = prod.named("ec2/instance:Instance", "llm-replica-0-rank-1").inputs
    assert "10.64.0.10" not in worker["userData"]
    assert head.inputs["name"] in worker["userData"]


def test_a_replica_on_one_node_needs_no_head() -> None:
    run = cluster(plan_405b("int4"))
    assert [r.name for r in run.of("ssm/parameter:Parameter")] == ["llm-replica-0-rank-0-status"]
