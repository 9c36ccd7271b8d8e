"""NAT only where something lies on the internet."""

from __future__ import annotations

import pytest

from cluster.egress import choose_egress
from cluster.serving import Serving, Weights, WeightSource
from sizing.errors import InputError
from sizing.stack_config import Egress

ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm:0.33"
HUB = Weights(WeightSource.HUGGING_FACE, "org/model")
S3 = Weights(WeightSource.S3, "s3://models/llama")


def serving(weights: Weights, image: str, api_key: str | None = None) -> Serving:
    return Serving(image=image, weights=weights, served_name="m", api_key_secret=api_key)


PRIVATE = serving(S3, ECR)


@pytest.mark.parametrize(
    ("wanted", "served", "nat"),
    [
        (Egress.AUTO, serving(HUB, ECR), True),
        (Egress.AUTO, serving(S3, "public.ecr.aws/dlc/vllm:0.33"), True),
        (Egress.AUTO, PRIVATE, False),
        (Egress.AUTO, None, True),
        (Egress.NAT, PRIVATE, True),
        (Egress.ENDPOINTS, PRIVATE, False),
        (Egress.ENDPOINTS, None, False),
    ],
)
def test_the_way_out(wanted: Egress, served: Serving | None, nat: bool) -> None:
    assert choose_egress(wanted, served).nat is nat


def test_without_nat_every_service_that_nodes_call_is_in_the_vpc() -> None:
    services = choose_egress(Egress.AUTO, PRIVATE).services
    assert services == ("ssm", "ssmmessages", "ec2messages", "logs", "ecr.api", "ecr.dkr")
    keyed = choose_egress(Egress.AUTO, serving(S3, ECR, api_key="x")).services
    assert "secretsmanager" in keyed
    assert choose_egress(Egress.NAT, PRIVATE).services == ()


@pytest.mark.parametrize(
    ("served", "reason"),
    [
        (serving(HUB, ECR), "Hugging Face"),
        (serving(S3, "vllm/vllm-openai:v0.33.0"), "private ECR"),
    ],
)
def test_endpoints_that_would_leave_a_node_stuck_are_refused(served: Serving, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        choose_egress(Egress.ENDPOINTS, served)
    assert (caught.value.key, caught.value.nearest) == ("network.egress", "nat")
