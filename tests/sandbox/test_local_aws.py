"""What moto lacks is there: placement groups, cards, images, policies; and all is recorded."""

from __future__ import annotations

import urllib.request
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.lifecycle import Sandbox
from sandbox.local_aws.recorder import SECRET
from tests.sandbox.conftest import ZONE, ClientError, Network
from tests.sandbox.test_refusals import PRIMARY, efa_only, nic, placed, via_template

Launch = Callable[..., dict[str, Any]]
P5_LAYOUT = [PRIMARY, nic(0, 1, "efa-only"), *efa_only(range(1, 32))]


def describe(ec2: Any, instance: dict[str, Any]) -> dict[str, Any]:
    answer = ec2.describe_instances(InstanceIds=[instance["InstanceId"]])
    return answer["Reservations"][0]["Instances"][0]


def test_a_p5_has_its_33_interfaces(ec2: Any, launch: Launch, network: Network) -> None:
    tags = [{"ResourceType": "network-interface", "Tags": [{"Key": "Team", "Value": "ml"}]}]
    data = {
        "InstanceType": "p5.48xlarge",
        "NetworkInterfaces": placed(network, *P5_LAYOUT),
        "TagSpecifications": tags,
    }
    instance = launch(**via_template(ec2, data))
    shown = describe(ec2, instance)["NetworkInterfaces"]
    places = {(i["Attachment"]["NetworkCardIndex"], i["Attachment"]["DeviceIndex"]) for i in shown}
    assert places == {(0, 0), (0, 1), *((card, 0) for card in range(1, 32))}
    assert Counter(i["InterfaceType"] for i in shown) == {"efa-only": 32, "interface": 1}
    assert sum("PrivateIpAddress" in i for i in shown) == 1, "efa-only interfaces have no address"
    assert all(i["Groups"][0]["GroupId"] == network.group for i in shown)

    mine = [{"Name": "attachment.instance-id", "Values": [instance["InstanceId"]]}]
    listed = ec2.describe_network_interfaces(Filters=mine)["NetworkInterfaces"]
    assert {i["NetworkInterfaceId"] for i in listed} == {i["NetworkInterfaceId"] for i in shown}
    assert all({"Key": "Team", "Value": "ml"} in i["TagSet"] for i in listed)

    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    assert ec2.describe_network_interfaces(Filters=mine)["NetworkInterfaces"] == []


def test_the_template_is_what_the_instance_is(ec2: Any, launch: Launch, network: Network) -> None:
    volume = {"VolumeSize": 123, "VolumeType": "gp3", "Encrypted": True}
    data = {
        "InstanceType": "g6e.xlarge",
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2},
        "BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": volume}],
        "TagSpecifications": [
            {"ResourceType": "instance", "Tags": [{"Key": "From", "Value": "template"}]}
        ],
    }
    own = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "own"}]}]
    instance = launch(**via_template(ec2, data), SubnetId=network.subnet, TagSpecifications=own)
    shown = describe(ec2, instance)
    assert shown["InstanceType"] == "g6e.xlarge"
    assert shown["MetadataOptions"]["HttpTokens"] == "required"
    assert shown["MetadataOptions"]["HttpPutResponseHopLimit"] == 2
    tags = {tag["Key"]: tag["Value"] for tag in shown["Tags"]}
    assert (tags["From"], tags["Name"]) == ("template", "own")
    root = shown["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    made = ec2.describe_volumes(VolumeIds=[root])["Volumes"][0]
    assert (made["Size"], made["VolumeType"], made["Encrypted"]) == (123, "gp3", True)


def test_placement_group_lifecycle(ec2: Any, launch: Launch, network: Network) -> None:
    tags = [{"ResourceType": "placement-group", "Tags": [{"Key": "A", "Value": "1"}]}]
    made = ec2.create_placement_group(GroupName="pack", Strategy="cluster", TagSpecifications=tags)[
        "PlacementGroup"
    ]
    ec2.create_tags(Resources=[made["GroupId"]], Tags=[{"Key": "B", "Value": "2"}])
    ec2.delete_tags(Resources=[made["GroupId"]], Tags=[{"Key": "A"}])
    found = ec2.describe_placement_groups(GroupNames=["pack"])["PlacementGroups"][0]
    assert (found["Strategy"], found["State"]) == ("cluster", "available")
    assert found["Tags"] == [{"Key": "B", "Value": "2"}]
    with pytest.raises(ClientError, match=r"InvalidPlacementGroup\.Duplicate"):
        ec2.create_placement_group(GroupName="pack", Strategy="cluster")

    placement = {"GroupName": "pack"}
    where = {"InstanceType": "g6e.xlarge", "SubnetId": network.subnet}
    instance = launch(Placement=placement, **where)
    shown = describe(ec2, instance)["Placement"]
    assert (shown["GroupName"], shown["AvailabilityZone"]) == ("pack", ZONE)
    with pytest.raises(ClientError, match=r"InvalidPlacementGroup\.InUse"):
        ec2.delete_placement_group(GroupName="pack")
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    ec2.delete_placement_group(GroupName="pack")
    with pytest.raises(ClientError, match=r"InvalidPlacementGroup\.Unknown"):
        ec2.describe_placement_groups(GroupNames=["pack"])
    with pytest.raises(ClientError, match=r"InvalidPlacementGroup\.Unknown"):
        launch(Placement=placement, **where)


@pytest.mark.parametrize("region", ["us-east-1", "eu-north-1"])
@pytest.mark.parametrize("architecture", ["x86_64", "arm64"])
def test_the_deep_learning_image_exists(region: str, architecture: str, local_aws: Sandbox) -> None:
    path = f"/aws/service/deeplearning/ami/{architecture}/"
    name = f"{path}base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id"
    ssm = local_aws.client("ssm", region)
    identity = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    images = local_aws.client("ec2", region).describe_images(ImageIds=[identity])["Images"]
    assert images[0]["Architecture"] == architecture
    assert images[0]["RootDeviceName"] == "/dev/sda1"


def test_an_image_may_be_named_by_its_parameter(
    ec2: Any, image: str, launch: Launch, network: Network
) -> None:
    base = "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-24.04"
    where = {"InstanceType": "g6e.xlarge", "SubnetId": network.subnet}
    instance = launch(ImageId=f"resolve:ssm:{base}/latest/ami-id", **where)
    assert describe(ec2, instance)["ImageId"] == image
    with pytest.raises(ClientError, match="does not exist"):
        launch(ImageId="resolve:ssm:/no/such", **where)


def test_aws_managed_policies_exist(local_aws: Sandbox) -> None:
    arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
    assert local_aws.client("iam").get_policy(PolicyArn=arn)["Policy"]["Arn"] == arn


def test_requests_are_recorded_as_sent(
    local_aws: Sandbox, launch: Launch, network: Network
) -> None:
    seen = len(local_aws.requests("RunInstances"))
    launch(InstanceType="g6e.xlarge", NetworkInterfaces=placed(network, PRIMARY))
    request = local_aws.requests("RunInstances")[seen:][0]
    assert (request.service, request.region) == ("ec2", "us-east-1")
    assert request.params["NetworkInterface.1.SubnetId"] == network.subnet
    assert request.nested["NetworkInterface"][0]["SecurityGroupId"] == [network.group]


def test_refused_requests_are_recorded_too(local_aws: Sandbox, launch: Launch) -> None:
    seen = len(local_aws.requests("RunInstances"))
    with pytest.raises(ClientError):
        launch(InstanceType="no.such")
    assert local_aws.requests("RunInstances")[seen:][0].params["InstanceType"] == "no.such"


def test_no_secret_is_recorded(local_aws: Sandbox) -> None:
    ssm, secrets = local_aws.client("ssm"), local_aws.client("secretsmanager")
    ssm.put_parameter(Name="token", Value="hunter2", Type="SecureString")
    ssm.put_parameter(Name="token", Value="hunter2", Overwrite=True)
    ssm.put_parameter(Name="plain", Value="visible", Type="String")
    made = secrets.create_secret(Name="key", SecretString="hunter2")
    secrets.put_secret_value(SecretId=made["ARN"], SecretBinary=b"hunter2")
    secrets.update_secret(SecretId=made["ARN"], SecretString="hunter2")
    values = [request.params["Value"] for request in local_aws.requests("PutParameter")[-3:]]
    assert values == [SECRET, SECRET, "visible"]
    assert local_aws.requests("CreateSecret")[-1].params["SecretString"] == SECRET
    assert local_aws.requests("PutSecretValue")[-1].params["SecretBinary"] == SECRET
    record = (local_aws.folder / "aws" / "requests.jsonl").read_text()
    assert [word for word in ("hunter2", "aHVudGVyMg", "Signature") if word in record] == []
    secrets.delete_secret(SecretId=made["ARN"], ForceDeleteWithoutRecovery=True)


# By service: an operation, its parameters in boto3's names, and one that must be in the record.
JSON_CALLS: list[tuple[str, str, dict[str, Any], str]] = [
    ("logs", "CreateLogGroup", {"logGroupName": "/recorded"}, "logGroupName"),
    ("events", "PutRule", {"Name": "recorded", "ScheduleExpression": "rate(1 day)"}, "Name"),
    (
        "service-quotas",
        "GetServiceQuota",
        {"ServiceCode": "ec2", "QuotaCode": "L-417A185B"},
        "QuotaCode",
    ),
    ("cloudwatch", "DescribeAlarms", {"AlarmNames": ["recorded"]}, "AlarmNames"),
    ("ssm", "DescribeParameters", {"MaxResults": 10}, "MaxResults"),
]


@pytest.mark.parametrize(("service", "action", "given", "key"), JSON_CALLS)
def test_calls_in_json_are_recorded_with_their_parameters(
    service: str, action: str, given: dict[str, Any], key: str, local_aws: Sandbox
) -> None:
    client = local_aws.client(service)
    names = {name: method for method, name in client.meta.method_to_api_mapping.items()}
    getattr(client, names[action])(**given)
    assert local_aws.requests(action)[-1].params[key] == given[key]


def test_it_listens_on_loopback_only(local_aws: Sandbox) -> None:
    assert local_aws.endpoint.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(local_aws.endpoint + "/sandbox/health") as answer:
        assert answer.status == 200
