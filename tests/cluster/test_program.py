"""The program as a language host runs it, on mocks: what a user sees and what is registered."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from tests.cluster.recorder import Run, run_program

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "__main__.py"
PROD = {
    "aws:region": "us-east-1",
    "gpu-sizing:model": "meta-llama/Llama-3.1-405B-Instruct",
    "gpu-sizing:precision": "bf16",
    "gpu-sizing:huggingFaceToken": "hf_dummy_token",
}
SECRETS = ("gpu-sizing:huggingFaceToken", "gpu-sizing:apiKey")


@pytest.fixture(autouse=True)
def local_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine whose only AWS is on loopback."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    for module in ("account", "component"):
        monkeypatch.setattr(f"cluster.{module}.own_clients", lambda: None)


def run(config: dict[str, str], **options: Any) -> Run:
    options = {"secrets": SECRETS, **options}
    return run_program(lambda: runpy.run_path(str(PROGRAM)), config=config, **options)


def shown(found: Run) -> list[str]:
    return [message for level, message in found.log if level == "INFO"]


@pytest.mark.parametrize("preview", [True, False])
def test_the_plan_and_its_cost_are_shown_once(preview: bool) -> None:
    page, checks = shown(run(PROD, preview=preview))
    assert "Nothing was checked in the account" in checks
    assert "2 x p5.48xlarge" in page
    assert "$110.08" in page


def test_the_stacks_outputs_are_the_documented_ones() -> None:
    outputs = run(PROD, preview=True).outputs["gpu-sizing-prod"]
    known = {key for key, value in outputs.items() if value is not None}
    assert known == {
        "plan", "nodes", "hourlyCostUsd", "monthlyCostUsd", "costBreakdown", "endpointUrl",
        "readme",
    }  # fmt: skip
    assert outputs["plan"]["gpus_provisioned"] == 16
    assert 110.08 < outputs["hourlyCostUsd"] < 110.5
    assert outputs["plan"]["cost"]["nodes_usd_per_hour"] == pytest.approx(110.08)


def test_one_provider_tags_everything_with_project_stack_and_model() -> None:
    found = run(PROD)
    (provider,) = [r for r in found.resources if r.type == "pulumi:providers:aws"]
    assert provider.inputs["region"] == "us-east-1"
    assert json.loads(provider.inputs["defaultTags"])["tags"] == {
        "gpu-sizing:project": "gpu-sizing",
        "gpu-sizing:stack": "prod",
        "gpu-sizing:model": "meta-llama/Llama-3.1-405B-Instruct",
    }
    children = [r for r in found.resources if r.type.startswith("aws:")]
    assert {r.provider for r in children} == {f"{provider.urn}::id-aws"}
    assert {asked for _, _, asked in found.invokes} == {f"{provider.urn}::id-aws"}


def test_the_stacks_own_aws_settings_reach_the_provider() -> None:
    config = {
        **PROD,
        "aws:profile": "work",
        "aws:skipCredentialsValidation": "true",
        "aws:assumeRoles": '[{"roleArn": "arn:aws:iam::1:role/deploy"}]',
        "aws:maxRetries": "3",
    }
    found = run(config)
    (provider,) = [r for r in found.resources if r.type == "pulumi:providers:aws"]
    assert provider.inputs["profile"] == "work"
    assert json.loads(provider.inputs["skipCredentialsValidation"]) is True
    assert json.loads(provider.inputs["assumeRoles"]) == [{"roleArn": "arn:aws:iam::1:role/deploy"}]
    assert json.loads(provider.inputs["maxRetries"]) == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"gpu-sizing:model": "llama-9"}, "model: 'llama-9' is not valid"),
        ({"gpu-sizing:precison": "bf16"}, "nearest: precision"),
        ({"gpu-sizing:replicas": "-3"}, "replicas: -3 is not valid; allowed: at least 1"),
        ({"gpu-sizing:workload": '{"context": 1e12}'}, "workload.context"),
        ({"gpu-sizing:budget": '{"monthlyUsd": 100}'}, "over budget"),
        ({"gpu-sizing:purchase": "reserved"}, "capacityReservationId"),
        ({"gpu-sizing:network": '{"availabilityZone": "us-east-1z"}'}, "us-east-1b"),
        ({"aws:region": ""}, "pulumi config set aws:region"),
        ({"gpu-sizing:huggingFaceToken": ""}, "pulumi config set --secret huggingFaceToken"),
        ({"gpu-sizing:serving": '{"checkpoint": "mine"}'}, "a Hugging Face id"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_made(change: dict[str, str], said: str) -> None:
    # The language host shows a RunError as its message alone.
    found = Run()
    with pytest.raises(pulumi.RunError) as caught:
        run({**PROD, **change}, run=found)
    assert [r.type for r in found.resources if r.type.startswith("aws:")] == []
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_real_account_without_credentials_fails_before_anything_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(pulumi.RunError, match=r"AWS credentials: .*AWS_PROFILE"):
        run(PROD)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "stacks").glob("Pulumi.*.yaml")), ids=lambda p: p.name
)
def test_every_stack_of_the_project_previews(path: Path) -> None:
    entries: dict[str, object] = yaml.safe_load(path.read_text())["config"]
    config = {k: v if isinstance(v, str) else json.dumps(v) for k, v in entries.items()}
    config["gpu-sizing:huggingFaceToken"] = "hf_dummy_token"
    found = run(config, preview=True, stack=path.name.split(".")[1])
    assert found.of("ec2/instance:Instance")
    assert found.one("lb/loadBalancer:LoadBalancer").inputs["internal"] is True


def test_the_program_stays_short() -> None:
    code = [line for line in PROGRAM.read_text().splitlines() if line.strip()]
    assert len(code) <= 40


def first_page(found: Run) -> list[str]:
    return shown(found)[0].splitlines()


def test_a_first_deploy_and_an_unreachable_backend_say_so_on_a_whole_page() -> None:
    first = run(PROD, preview=True, before={})
    assert "change: nothing is deployed yet, this is the first time" in first_page(first)
    lost = run(PROD, preview=True, before=None)
    said = next(line for line in first_page(lost) if line.startswith("change:"))
    assert "could not be read (the backend cannot be reached)" in said
    assert first_page(first)[-1] == first_page(lost)[-1]
    bills = [r.outputs["gpu-sizing-prod"]["costBreakdown"] for r in (first, lost)]
    assert bills[0] == bills[1]


def test_the_change_is_shown_by_line_and_is_no_resource() -> None:
    before = run(PROD, preview=True).outputs["gpu-sizing-prod"]
    known = {key: before[key] for key in ("plan", "monthlyCostUsd", "costBreakdown")}
    after = run({**PROD, "gpu-sizing:precision": "fp8"}, preview=True, before=known)
    page = "\n".join(first_page(after))
    assert "2 nodes -> 1, $80,358 -> $40,179 a month (-50%)" in page
    assert "  ~  root volumes, gp3" in page
    assert not [r for r in after.resources if "StackReference" in r.type]
    again = run(PROD, preview=True, before=known)
    assert any(line.startswith("change: none") for line in first_page(again))


def test_close_to_the_budget_is_a_warning_of_its_own() -> None:
    found = run({**PROD, "gpu-sizing:budget": '{"monthlyUsd": 90000}'}, preview=True)
    warned = [message for level, message in found.log if level == "WARNING"]
    assert any("89% of budget.monthlyUsd $90,000.00 (budget.warnAt 80%)" in w for w in warned)


def test_over_budget_names_what_would_fit() -> None:
    with pytest.raises(pulumi.RunError, match=r"with precision fp8: 1 x p5\.48xlarge"):
        run({**PROD, "gpu-sizing:budget": '{"monthlyUsd": 80000}'})


TUNE = {
    "aws:region": "us-east-1",
    "gpu-sizing:model": "llama-3.1-70b",
    "gpu-sizing:workload": json.dumps({"purpose": "full", "training": {"tokens": 50_000_000}}),
}


def test_a_training_stack_shows_its_run_and_offers_no_endpoint() -> None:
    found = run(TUNE, preview=True, stack="tune", before={})
    page = first_page(found)
    assert page[0].startswith("tune: full fine-tuning of llama-3.1-70b at bf16 -> 2 x p5.48xlarge")
    assert any(line.startswith("50 million tokens: about ") for line in page)
    outputs = found.outputs["gpu-sizing-tune"]
    assert outputs.get("endpointUrl") is None
    assert "## How it is trained" in outputs["readme"]
    assert "How it is served" not in outputs["readme"]


def test_the_change_of_a_run_says_what_was_changed() -> None:
    before = run(TUNE, preview=True).outputs["gpu-sizing-prod"]
    smaller = {"purpose": "full", "training": {"tokens": 50_000_000, "optimizer": "adamw8bit"}}
    after = run({**TUNE, "gpu-sizing:workload": json.dumps(smaller)}, preview=True, before=before)
    page = "\n".join(first_page(after))
    assert "change: adamw -> adamw8bit: 2 nodes -> 1, $80,358 -> $40,179 a month (-50%)" in page
    again = run(TUNE, preview=True, before=before)
    assert any(line.startswith("change: none") for line in first_page(again))


def test_an_api_key_for_nodes_that_train_is_a_mistake_of_one_line() -> None:
    with pytest.raises(pulumi.RunError, match=r"^apiKey: .* purpose is full") as caught:
        run({**TUNE, "gpu-sizing:apiKey": "a-secret-key"})
    assert "a-secret-key" not in str(caught.value)
