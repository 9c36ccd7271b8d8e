"""A sandbox starts once, comes back after a crash, and leaves nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from sandbox import environment
from sandbox.__main__ import main
from sandbox.deploy import down, open_sandbox
from sandbox.environment import export_lines, sandbox_variables, subprocess_environment
from sandbox.lifecycle import Sandbox, SandboxError
from sandbox.processes import ProcessRef, is_running

# Settings of the caller's that would lead a call elsewhere, or nowhere.
FOREIGN = {
    "AWS_CA_BUNDLE": "/no/such/file",
    "AWS_ENDPOINT_URL_EC2": "http://127.0.0.1:1",
    "AWS_ENDPOINT_URL_SERVICE_QUOTAS": "http://127.0.0.1:1",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_PROFILE": "production",
    "AWS_ROLE_ARN": "arn:aws:iam::1:role/production",
    "HTTP_PROXY": "http://127.0.0.1:1",
    "http_proxy": "http://127.0.0.1:1",
}


@pytest.fixture
def root(tmp_path: Path) -> Generator[Path]:
    """A project folder whose sandbox is stopped in any case."""
    yield tmp_path
    Sandbox(tmp_path / ".sandbox").stop()


def process_of(sandbox: Sandbox) -> ProcessRef:
    ref = ProcessRef.load(sandbox.folder / "aws" / "process.json")
    assert ref is not None
    return ref


def kill(ref: ProcessRef) -> None:
    os.kill(ref.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while is_running(ref) and time.monotonic() < deadline:
        time.sleep(0.01)


def test_life_of_a_sandbox(root: Path) -> None:
    sandbox = Sandbox(root / ".sandbox")
    sandbox.start()
    first, endpoint, identity = process_of(sandbox), sandbox.endpoint, sandbox.identity
    sandbox.start()
    assert process_of(sandbox) == first, "a second start must not start a second process"

    kill(first)
    assert not sandbox.is_running()
    sandbox.start()
    assert sandbox.endpoint == endpoint, "what `make env` exported must still hold"
    assert sandbox.identity != identity, "a restarted local AWS has none of the old resources"

    second = process_of(sandbox)
    down(root, "local")
    assert not is_running(second)
    assert not sandbox.folder.exists()


def test_a_server_that_cannot_start_is_an_error_and_no_process(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = Sandbox(root / ".sandbox")
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(SandboxError, match=r"see .*server\.log"):
        sandbox.start()
    assert not sandbox.is_running()


def test_another_servers_answer_is_not_ours(root: Path, local_aws: Sandbox) -> None:
    sandbox = Sandbox(root / ".sandbox")
    aws = sandbox.folder / "aws"
    aws.mkdir(parents=True)
    aws.joinpath("endpoint").write_text(local_aws.endpoint)
    ProcessRef(os.getpid(), "never").save(aws / "process.json")
    assert not sandbox.is_running()


def test_without_a_sandbox_the_commands_say_so(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["env", "--root", str(root)]) == 1
    assert "make up" in capsys.readouterr().err
    assert main(["status", "--root", str(root)]) == 1
    assert main(["down", "--root", str(root)]) == 0
    assert not open_sandbox(root).folder.exists()


def test_what_is_exported_is_hermetic(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "secret")
    monkeypatch.setenv("PULUMI_ACCESS_TOKEN", "secret")
    variables = sandbox_variables("http://127.0.0.1:1", tmp_path)
    env = subprocess_environment(variables, [tmp_path / "bin"])
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "PULUMI_ACCESS_TOKEN"} & env.keys()
    assert env["AWS_ACCESS_KEY_ID"] == "sandbox"
    assert env["PULUMI_BACKEND_URL"].startswith("file://")
    assert env["PATH"].split(os.pathsep)[0] == str(tmp_path / "bin")


def test_export_lines_are_shell(tmp_path: Path) -> None:
    odd = tmp_path / "with space and 'quote'"
    variables = sandbox_variables("http://127.0.0.1:1", odd)
    script = export_lines(variables, [odd]) + '\nprintf "%s|%s" "$PULUMI_HOME" "${PATH%%:*}"'
    answer = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout == f"{odd / 'pulumi'}|{odd}"


def test_the_shells_own_settings_are_unset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_PROFILE", "production")
    lines = export_lines(sandbox_variables("http://127.0.0.1:2", tmp_path), []).splitlines()
    assert {"unset AWS_ENDPOINT_URL_EC2", "unset AWS_PROFILE"} <= set(lines)
    assert "unset AWS_ENDPOINT_URL" not in lines


def test_a_programs_own_calls_reach_the_sandbox(
    monkeypatch: pytest.MonkeyPatch, local_aws: Sandbox
) -> None:
    for name, value in FOREIGN.items():
        monkeypatch.setenv(name, value)
    script = (
        "import boto3\n"
        "quotas = boto3.client('service-quotas', 'eu-north-1')\n"
        "asked = {'ServiceCode': 'ec2', 'QuotaCode': 'L-417A185B'}\n"
        "print(quotas.get_service_quota(**asked)['Quota']['QuotaArn'])\n"
        "print(len(boto3.client('ec2', 'us-west-2').describe_availability_zones()))\n"
        "print(boto3.client('secretsmanager').list_secrets()['SecretList'] is None)\n"
    )
    command = [sys.executable, "-c", script]
    answer = subprocess.run(command, env=local_aws.env, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "eu-north-1" in answer.stdout


def test_no_variable_names_a_real_account() -> None:
    variables = sandbox_variables("http://127.0.0.1:1", Path("/nowhere"))
    assert variables["AWS_SHARED_CREDENTIALS_FILE"] == variables["AWS_CONFIG_FILE"] == os.devnull
    assert variables["AWS_REGION"] == environment.DEFAULT_REGION
