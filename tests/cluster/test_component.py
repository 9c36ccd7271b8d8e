"""The component on the SDK's mocks: every resource awaited, every input looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pulumi
import pytest

from cluster.args import GpuClusterArgs
from cluster.component import GpuCluster
from sizing.instance import Purchase
from sizing.plan import Plan
from tests.cluster.clusters import TOKEN, cluster
from tests.cluster.plans import MODEL, plan_405b, shaped
from tests.cluster.recorder import IMAGE, Registration, Run, is_unknown, run_program

INSTANCE, TEMPLATE = "ec2/instance:Instance", "ec2/launchTemplate:LaunchTemplate"
PLACEMENT = "ec2/placementGroup:PlacementGroup"
INGRESS = "vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "vpc/securityGroupEgressRule:SecurityGroupEgressRule"
RESERVATION = "cr-0123456789abcdef0"


@pytest.fixture(scope="module")
def prod() -> Run:
    """Llama 3.1 405B at bf16, planned by the component itself."""
    return cluster()


def names(found: list[Registration]) -> list[str]:
    return sorted(r.name for r in found)


def interfaces(run: Run) -> list[dict[str, Any]]:
    return run.one(TEMPLATE).inputs["networkInterfaces"]


def test_405b_bf16_is_two_instances_of_32_efa_interfaces_and_one_placement_group(prod: Run) -> None:
    assert names(prod.of(INSTANCE)) == ["llm-replica-0-rank-0", "llm-replica-0-rank-1"]
    template = prod.one(TEMPLATE)
    assert template.inputs["instanceType"] == "p5.48xlarge"
    kinds = [i["interfaceType"] for i in interfaces(prod)]
    assert kinds == ["interface", *["efa-only"] * 32]
    group = prod.one(PLACEMENT)
    assert group.inputs["strategy"] == "cluster"
    for node in prod.of(INSTANCE):
        assert node.inputs["launchTemplate"] == {"id": f"id-{template.name}", "version": "1"}
        assert node.inputs["placementGroup"] == f"{group.name}-1a2b"


def test_every_interface_is_in_the_private_subnet_and_the_group_without_a_public_address(
    prod: Run,
) -> None:
    for interface in interfaces(prod):
        assert interface["subnetId"] == "id-llm-nodes-us-east-1b"
        assert interface["securityGroups"] == ["id-llm-nodes"]
        assert interface["deleteOnTermination"] == "true"
        assert "associatePublicIpAddress" not in interface
    for node in prod.of(INSTANCE):
        refused = {"subnetId", "vpcSecurityGroupIds", "securityGroups", "associatePublicIpAddress"}
        assert not refused & set(node.inputs)
    subnets = prod.of("ec2/subnet:Subnet")
    assert [s.inputs["mapPublicIpOnLaunch"] for s in subnets] == [False] * 4


def test_a_single_interface_says_that_it_has_no_public_address() -> None:
    run = cluster(shaped("g6e.xlarge", (1, 1, 1), weights_bytes=10**10))
    (only,) = interfaces(run)
    assert only["associatePublicIpAddress"] == "false"


def test_one_node_needs_no_placement_group() -> None:
    run = cluster(plan_405b("int4"))
    assert len(run.of(INSTANCE)) == 1
    assert run.of(PLACEMENT) == []
    assert "placementGroup" not in run.one(INSTANCE).inputs


def test_each_spanning_replica_has_a_placement_group_of_its_own() -> None:
    run = cluster(shaped("p5.48xlarge", (2, 2, 1)))
    assert names(run.of(PLACEMENT)) == ["llm-replica-0", "llm-replica-1"]
    found = {r.name: r.inputs["placementGroup"] for r in run.of(INSTANCE)}
    assert found["llm-replica-1-rank-0"] == found["llm-replica-1-rank-1"] == "llm-replica-1-1a2b"
    assert found["llm-replica-0-rank-0"] == "llm-replica-0-1a2b"


def test_metadata_service_v2_is_required(prod: Run) -> None:
    options = prod.one(TEMPLATE).inputs["metadataOptions"]
    assert (options["httpTokens"], options["httpPutResponseHopLimit"]) == ("required", 1)


@pytest.mark.parametrize(("args", "size"), [({}, 200), ({"root_volume_gb": 500}, 500)])
def test_the_root_volume_is_encrypted_gp3(args: dict[str, Any], size: int) -> None:
    run = cluster(plan_405b(), **args)
    (device,) = run.one(TEMPLATE).inputs["blockDeviceMappings"]
    ebs = device["ebs"]
    assert (ebs["encrypted"], ebs["volumeType"]) == ("true", "gp3")
    assert ebs["volumeSize"] == size


def test_only_the_nodes_themselves_and_the_endpoint_reach_a_node(prod: Run) -> None:
    for group in prod.of("ec2/securityGroup:SecurityGroup"):
        assert not {"ingress", "egress"} & set(group.inputs)
    into_nodes = {
        r.name: r.inputs for r in prod.of(INGRESS) if r.inputs["securityGroupId"] == "id-llm-nodes"
    }
    assert into_nodes == {
        "llm-from-nodes": {
            "securityGroupId": "id-llm-nodes",
            "referencedSecurityGroupId": "id-llm-nodes",
            "ipProtocol": "-1",
        },
        "llm-from-endpoint": {
            "securityGroupId": "id-llm-nodes",
            "referencedSecurityGroupId": "id-llm-endpoint",
            "ipProtocol": "tcp",
            "fromPort": 8000,
            "toPort": 8000,
        },
    }


@pytest.mark.parametrize(
    ("serving", "clients"),
    [({}, ["10.64.0.0/16"]), ({"allowed_cidrs": ["10.0.0.0/8"]}, ["10.0.0.0/8"])],
)
def test_clients_reach_the_endpoint_from_the_vpc_or_where_the_user_says(
    serving: dict[str, Any], clients: list[str]
) -> None:
    rules = cluster(plan_405b(), serving=serving).of(INGRESS)
    into_endpoint = [r.inputs for r in rules if r.inputs["securityGroupId"] == "id-llm-endpoint"]
    assert [r["cidrIpv4"] for r in into_endpoint] == clients
    assert {(r["fromPort"], r["toPort"], r["ipProtocol"]) for r in into_endpoint} == {
        (80, 80, "tcp")
    }


def test_nodes_may_go_out_and_reach_each_other(prod: Run) -> None:
    out = {r.name: r.inputs for r in prod.of(EGRESS) if "endpoint" not in r.name}
    assert out["llm-to-nodes"]["referencedSecurityGroupId"] == "id-llm-nodes"
    assert out["llm-to-internet"]["cidrIpv4"] == "0.0.0.0/0"
    assert {rule["ipProtocol"] for rule in out.values()} == {"-1"}


def test_the_private_subnets_way_out_is_the_nat_gateway(prod: Run) -> None:
    route = "ec2/route:Route"
    private, public = (
        prod.named(route, f"llm-{x}-default-us-east-1b").inputs for x in ("nodes", "public")
    )
    assert private["natGatewayId"] == "id-llm-nat-us-east-1b"
    assert "gatewayId" not in private
    assert public["gatewayId"] == "id-llm-internet"
    assert prod.one("ec2/natGateway:NatGateway").inputs["subnetId"] == "id-llm-public-us-east-1b"
    endpoint = prod.one("ec2/vpcEndpoint:VpcEndpoint").inputs
    assert endpoint["serviceName"] == "com.amazonaws.us-east-1.s3"
    assert endpoint["routeTableIds"] == ["id-llm-nodes-us-east-1b"]
    associated = {
        r.inputs["subnetId"]: r.inputs["routeTableId"]
        for r in prod.of("ec2/routeTableAssociation:RouteTableAssociation")
    }
    assert associated == {
        f"id-llm-{role}-us-east-1b": f"id-llm-{role}-us-east-1b" for role in ("nodes", "public")
    }


def test_nodes_wait_for_their_way_out_and_their_role(prod: Run) -> None:
    wanted = {f"llm-{role}-default-us-east-1b" for role in ("nodes", "public")}
    wanted |= {"llm-nodes-us-east-1b", "llm-s3", "llm-ssm"}
    wanted |= {"llm-from-nodes", "llm-to-nodes", "llm-to-internet", "llm-node", "llm-logs"}
    wanted |= {"llm-hugging-face-token"}
    for node in prod.of(INSTANCE):
        assert wanted <= {d.split("::")[-1] for d in node.dependencies}


def test_session_manager_is_the_way_in(prod: Run) -> None:
    attachment = prod.one("iam/rolePolicyAttachment:RolePolicyAttachment").inputs
    assert attachment["policyArn"] == "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
    role = prod.one("iam/role:Role")
    assert attachment["role"] == f"{role.name}-1a2b"
    assert "ec2.amazonaws.com" in role.inputs["assumeRolePolicy"]
    profile = prod.one(TEMPLATE).inputs["iamInstanceProfile"]
    assert profile == {"arn": "arn:llm-node"}
    assert "keyName" not in prod.one(TEMPLATE).inputs


def test_government_regions_have_their_own_partition() -> None:
    plan = plan_405b().model_copy(update={"region": "us-gov-west-1", "zones": ()})
    run = cluster(plan, region="us-gov-west-1")
    policy = run.one("iam/rolePolicyAttachment:RolePolicyAttachment").inputs["policyArn"]
    assert policy.startswith("arn:aws-us-gov:iam::aws:policy/")


def test_everything_is_in_one_zone_that_offers_the_type(prod: Run) -> None:
    zones = {r.name: r.inputs["availabilityZone"] for r in prod.of("ec2/subnet:Subnet")}
    # us-east-1b is use1-az1 in this account, the first zone of the plan; the load balancer alone
    # needs a second one.
    assert zones.pop("llm-endpoint-us-east-1a") == "us-east-1a"
    assert set(zones.values()) == {"us-east-1b"}
    assert (
        prod.named("ec2/subnet:Subnet", "llm-nodes-us-east-1b").inputs["cidrBlock"]
        == "10.64.16.0/20"
    )


def test_a_user_may_pin_zone_and_addresses() -> None:
    network = {"availability_zone": "us-east-1c", "vpc_cidr": "10.1.0.0/20"}
    run = cluster(plan_405b(), network=network)
    nodes = run.named("ec2/subnet:Subnet", "llm-nodes-us-east-1c").inputs
    assert (nodes["availabilityZone"], nodes["cidrBlock"]) == ("us-east-1c", "10.1.2.0/24")
    assert run.one("ec2/vpc:Vpc").inputs["cidrBlock"] == "10.1.0.0/20"


def test_growing_from_one_replica_to_three_only_adds() -> None:
    before = {
        (r.type, r.name): r.inputs for r in cluster(shaped("p5.48xlarge", (1, 2, 1))).resources
    }
    after = {
        (r.type, r.name): r.inputs for r in cluster(shaped("p5.48xlarge", (3, 2, 1))).resources
    }
    assert {key: after.get(key) for key in before} == before
    added = sorted(name for kind, name in set(after) - set(before) if kind == f"aws:{INSTANCE}")
    assert added == [f"llm-replica-{r}-rank-{k}" for r in (1, 2) for k in (0, 1)]


def test_several_replicas_on_a_node() -> None:
    run = cluster(shaped("p5.48xlarge", (4, 1, 2)))
    tags = {r.name: r.inputs["tags"]["gpu-sizing:replica"] for r in run.of(INSTANCE)}
    assert tags == {"llm-replica-0-rank-0": "0 1", "llm-replica-2-rank-0": "2 3"}


def test_tags_on_nodes_volumes_and_interfaces(prod: Run) -> None:
    shared = {
        "gpu-sizing:project": "gpu-sizing",
        "gpu-sizing:stack": "prod",
        "gpu-sizing:model": "meta-llama/Llama-3.1-405B-Instruct",
    }
    specs = prod.one(TEMPLATE).inputs["tagSpecifications"]
    assert [s["resourceType"] for s in specs] == ["instance", "volume", "network-interface"]
    assert all(s["tags"] == shared for s in specs)
    for rank, node in enumerate(sorted(prod.of(INSTANCE), key=lambda r: r.name)):
        own = {"Name": node.name, "gpu-sizing:replica": "0", "gpu-sizing:rank": str(rank)}
        # The provider would remove an instance's tag that only its template knows.
        assert node.inputs["tags"] == {**shared, **own}


def test_spot() -> None:
    plan = plan_405b().model_copy(update={"purchase": Purchase.SPOT})
    inputs = cluster(plan).one(TEMPLATE).inputs
    assert inputs["instanceMarketOptions"]["marketType"] == "spot"
    assert inputs["instanceMarketOptions"]["spotOptions"]["spotInstanceType"] == "one-time"
    assert "capacityReservationSpecification" not in inputs


def test_on_demand_says_nothing_of_markets(prod: Run) -> None:
    unwanted = {"instanceMarketOptions", "capacityReservationSpecification"}
    assert not unwanted & set(prod.one(TEMPLATE).inputs)
    assert not any(node.delete_before_replace for node in prod.of(INSTANCE))


def test_a_capacity_block_is_targeted_and_needs_no_placement_group() -> None:
    plan = plan_405b().model_copy(update={"purchase": Purchase.CAPACITY_BLOCK})
    run = cluster(plan, capacity_reservation_id=RESERVATION)
    inputs = run.one(TEMPLATE).inputs
    assert inputs["instanceMarketOptions"] == {"marketType": "capacity-block"}
    target = inputs["capacityReservationSpecification"]["capacityReservationTarget"]
    assert target == {"capacityReservationId": RESERVATION}
    assert run.of(PLACEMENT) == []
    # The block is full: the old node must go before the new one fits.
    assert all(node.delete_before_replace for node in run.of(INSTANCE))


def test_a_newer_image_does_not_replace_a_node(prod: Run) -> None:
    template = prod.one(TEMPLATE)
    assert template.inputs["imageId"] == IMAGE
    assert template.ignore_changes == ("imageId",)


def test_a_launch_without_capacity_ends_in_minutes(prod: Run) -> None:
    assert {node.create_timeout for node in prod.of(INSTANCE)} == {"15m"}


def test_everything_is_a_child_of_the_component(prod: Run) -> None:
    component, *children = sorted(prod.resources, key=lambda r: not r.type.startswith("gpu-sizing"))
    assert component.type == "gpu-sizing:index:GpuCluster"
    assert {child.parent for child in children} == {"llm"}
    assert component.inputs == {"model": MODEL, "precision": "bf16"}


def unknowns(value: object, path: str = "") -> list[str]:
    """The paths at which a value is not known."""
    if is_unknown(value):
        return [path]
    if isinstance(value, Mapping):
        items = cast("Mapping[str, object]", value).items()
    elif isinstance(value, list):
        items = ((str(i), item) for i, item in enumerate(cast("list[object]", value)))
    else:
        return []
    return [found for key, item in items for found in unknowns(item, f"{path}.{key}")]


def test_a_preview_knows_plan_cost_and_nodes_before_anything_exists() -> None:
    run = cluster(preview=True)
    outputs = run.outputs["llm"]
    assert outputs["plan"]["cost"]["nodes_usd_per_hour"] == pytest.approx(110.08)
    for key, field in (("hourlyCostUsd", "usd_per_hour"), ("monthlyCostUsd", "usd_per_month")):
        assert outputs[key] == pytest.approx(sum(x[field] for x in outputs["costBreakdown"]))
    assert outputs["costBreakdown"][0]["quantity"] == 2
    assert Plan.model_validate(outputs["plan"]) == plan_405b()
    assert [n["name"] for n in outputs["nodes"]] == [
        "llm-replica-0-rank-0",
        "llm-replica-0-rank-1",
    ]
    ids = [f".nodes.{n}.{field}" for n in (0, 1) for field in ("id", "privateIp")]
    assert sorted(unknowns(outputs)) == sorted([".endpointUrl", *ids])


def test_after_the_deployment_nodes_have_ids_and_addresses(prod: Run) -> None:
    head, worker = prod.outputs["llm"]["nodes"]
    assert (head["id"], head["privateIp"]) == ("id-llm-replica-0-rank-0", "10.64.0.10")
    assert (worker["replicas"], worker["rank"]) == ([0], 1)
    assert unknowns(prod.outputs["llm"]) == []


def test_an_unknown_price_is_absent_not_zero() -> None:
    unpriced = {"usd_per_hour": None, "usd_per_month": None}
    cost = plan_405b().cost.model_copy(update=unpriced)
    outputs = cluster(plan_405b().model_copy(update={"cost": cost})).outputs["llm"]
    assert outputs.get("hourlyCostUsd") is None
    assert outputs.get("monthlyCostUsd") is None


@pytest.mark.parametrize(
    ("args", "path", "said"),
    [
        ({"model": "llama-9"}, "model", "nearest"),
        ({"precision": "bf61"}, "precision", "bf16"),
        ({"precison": "bf16"}, "config key", "precision"),
        ({"gpu": "H1000"}, "gpu", "H100"),
        ({"replicas": 0}, "replicas", "at least 1"),
        ({"replicas": 1.5}, "replicas", "whole number"),
        ({"workload": {"context": 10**9}}, "workload.context", "131072"),
        ({"workload": {"concurrency": -1}}, "workload.concurrency", "1 to"),
        ({"region": "us-esat-1"}, "region", "us-east-1"),
        ({"purchase": "stolen"}, "purchase", "on-demand"),
        ({"purchase": "capacity-block"}, "capacityReservationId", "cr-"),
        ({"hugging_face_token": None}, "huggingFaceToken", "gated"),
        ({"serving": {"checkpoint": "mine"}}, "serving.checkpoint", "Hugging Face id"),
        ({"serving": {"idle_timeout_seconds": 5000}}, "serving.idleTimeoutSeconds", "4000"),
        ({"operations": {"log_retention_days": 31}}, "operations.logRetentionDays", "30"),
        ({"network": {"egress": "endpoints"}}, "network.egress", "nat"),
        ({"network": {"egres": "nat"}}, "config key", "egress"),
        ({"replacement": "never"}, "replacement", "create-first"),
        ({"image_id": "ubuntu"}, "imageId", "ami-"),
        ({"network": {"vpc_cidr": "10.0.0.0/8"}}, "network.vpcCidr", "10.0.0.0/16"),
        (
            {"network": {"availability_zone": "us-east-1z"}},
            "network.availabilityZone",
            "us-east-1b",
        ),
    ],
)
def test_bad_input_names_the_property_and_makes_nothing(
    args: dict[str, Any], path: str, said: str
) -> None:
    found = Run()
    with pytest.raises(pulumi.InputPropertyError) as caught:
        cluster(run=found, **args)
    assert [r.type for r in found.resources if r.type.startswith("aws:")] == []
    assert caught.value.property_path == path
    assert said in caught.value.reason


def test_a_valid_question_whose_answer_is_no_is_one_line() -> None:
    with pytest.raises(pulumi.RunError, match="over budget"):
        cluster(budget={"monthly_usd": 100})


def test_a_region_other_than_the_providers_is_found_out() -> None:
    with pytest.raises(pulumi.InputPropertyError) as caught:
        cluster(region="us-west-2")
    assert caught.value.property_path == "region"


def test_the_callers_options_hold_for_every_child() -> None:
    def program() -> None:
        import pulumi_aws as aws

        mine = aws.Provider("mine", region="us-east-1")
        args = cast("GpuClusterArgs", {"model": MODEL, "hugging_face_token": TOKEN})
        GpuCluster("llm", args, pulumi.ResourceOptions(provider=mine, protect=True))

    run = run_program(program)
    children = [r for r in run.resources if r.parent == "llm"]
    assert all("::mine::" in child.provider for child in children)
    assert all("::mine::" in provider for _, _, provider in run.invokes)
    assert len(run.invokes) == 3
