"""The model's files: where they come from, how often it is tried, and where the token never is."""

from __future__ import annotations

from collections.abc import Callable

from cluster.serving import Weights, WeightSource
from tests.cluster.boot.nodes import (
    CASES,
    HUGGING_FACE,
    SPANNING,
    TOKEN,
    UPSTREAM,
    Case,
    NodeRoot,
    command_of,
    serving,
)
from tests.cluster.plans import plan_405b

LayOut = Callable[..., NodeRoot]


def ready(node: NodeRoot) -> NodeRoot:
    node.write("code", "0")
    return node


def test_hugging_face_files_are_fetched_in_the_same_image(lay_out: LayOut) -> None:
    node = ready(lay_out(SPANNING))
    assert node.run("weights")[0] == 0
    (container,) = node.containers()
    command = command_of(container, UPSTREAM)
    assert command[:3] == ["hf", "download", HUGGING_FACE.location]
    assert command[command.index("--revision") + 1] == HUGGING_FACE.revision
    assert command[command.index("--local-dir") + 1] == "/model"
    assert node.statuses() == ["fetching weights"]


def test_the_token_is_in_no_argument_and_no_log_and_is_gone_afterwards(lay_out: LayOut) -> None:
    node = ready(lay_out(SPANNING))
    _, printed = node.run("weights")
    assert node.read("env") == f"HF_TOKEN={TOKEN}\n"
    assert TOKEN not in node.read("calls")
    assert TOKEN not in printed + "".join(node.console)
    assert not list((node.root / "run/gpu-sizing").glob("*.env"))
    held = [path for path in node.root.rglob("*") if path.is_file() and path.name != "env"]
    assert not [p for p in held if p.parent.name != "fakes" and TOKEN in p.read_text()]


def test_only_root_reads_the_file_with_the_token(lay_out: LayOut) -> None:
    node = lay_out(SPANNING)
    node.fake(
        "docker", '[ "$1" != run ] || stat -c %a "$GPU_SIZING_ROOT"/run/gpu-sizing/weights.env'
    )
    assert "\n600\n" in node.run("weights")[1]
    assert (node.root / "run/gpu-sizing").stat().st_mode & 0o777 == 0o700


def test_an_open_model_needs_no_secret(lay_out: LayOut) -> None:
    node = ready(lay_out(Case(plan_405b(), 0, serving(token_secret=None))))
    assert node.run("weights")[0] == 0
    assert node.calls("aws", "secretsmanager") == []
    assert node.read("env").strip() == ""


def test_what_fails_is_said_and_tried_again(lay_out: LayOut) -> None:
    node = lay_out(SPANNING)
    node.fake(
        "docker",
        'if [ "$1" = run ] && [ ! -e "$GPU_SIZING_ROOT/second" ]; then\n'
        '  touch "$GPU_SIZING_ROOT/second"\n'
        "  printf 'Traceback\\n\\nAccess to model X is restricted.\\n' >&2; exit 1\nfi",
    )
    assert node.run("weights")[0] == 0
    failed = "failed: weights: Access to model X is restricted."
    assert node.statuses() == ["fetching weights", failed, "fetching weights"]
    assert node.console == [f"gpu-sizing: {failed}; trying again"]
    assert len(node.containers()) == 2


def test_a_secret_that_cannot_be_read_is_said(lay_out: LayOut) -> None:
    node = ready(lay_out(SPANNING))
    node.fake(
        "aws",
        '[[ "$*" != *secretsmanager* ]] || [ -e "$GPU_SIZING_ROOT/second" ] || {\n'
        '  touch "$GPU_SIZING_ROOT/second"; echo AccessDeniedException >&2; exit 254; }',
    )
    assert node.run("weights")[0] == 0
    assert node.statuses()[1] == "failed: weights: AccessDeniedException"


def test_s3_files_are_copied_where_the_image_cannot_stream(lay_out: LayOut) -> None:
    node = lay_out(CASES["s3, copied"])
    assert node.run("weights")[0] == 0
    (copied,) = node.calls("aws", "s3", "sync")
    assert copied[-2:] == ["s3://bucket/llama/", f"{node.root}/var/lib/gpu-sizing/data/model"]
    assert node.containers() == []


def test_s3_files_that_the_engine_streams_are_not_fetched(lay_out: LayOut) -> None:
    node = lay_out(CASES["s3, streamed"])
    assert node.run("weights")[0] == 0
    assert node.calls("aws") == []


def test_names_that_a_shell_would_read_stay_names(lay_out: LayOut) -> None:
    odd = """org/$(touch "$GPU_SIZING_ROOT/pwned"); 'x' `y` && *"""
    weights = Weights(WeightSource.HUGGING_FACE, odd, "v 1; exit")
    node = ready(lay_out(Case(plan_405b(), 0, serving(weights=weights))))
    assert node.run("weights")[0] == 0
    command = command_of(node.containers()[0], UPSTREAM)
    assert (command[2], command[4]) == (odd, "v 1; exit")
    assert not (node.root / "pwned").exists()


def test_an_image_of_a_private_registry_is_logged_in_for(lay_out: LayOut) -> None:
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/vllm:v0.33.0"
    node = ready(lay_out(Case(plan_405b(), 0, serving(image=image))))
    node.fake(
        "docker",
        '[ "$1 $2" != "image inspect" ] || exit 1\n[ "$1" != login ] || cat >/dev/null',
    )
    assert node.run("weights")[0] == 0
    assert node.calls("aws", "ecr", "get-login-password")[0][-1] == "eu-west-1"
    assert node.calls("docker", "login")[0][-2:] == ["--password-stdin", image.partition("/")[0]]
    assert node.calls("docker", "pull") == [["pull", "-q", image]]
