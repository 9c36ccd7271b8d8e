"""Write docs/examples.md: what people ask about most, as the command line answers it.

    python benchmarks/examples.py [--check]

`--check` changes nothing and fails where the page is out of date.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import textwrap
from pathlib import Path

WIDTH = 100
ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "examples.md"
INVENTORY = "docs/nodes.yaml"
OTHER_COMMANDS = ("compare",)
# Title, arguments (of `sizing plan` unless they begin with another command), note.
EXAMPLES: tuple[tuple[str, str, str], ...] = (
    (
        "Llama 3.1 405B at 16 bits",
        "llama-3.1-405b --precision bf16",
        "13 H100s by the rule of thumb; no engine runs on 13, and H100s come by eight: 16.",
    ),
    (
        "Llama 3.1 405B at fp8",
        "llama-3.1-405b --precision fp8",
        "Half the bytes: one node instead of two.",
    ),
    ("Llama 3.1 405B at int8", "llama-3.1-405b --precision int8", "As fp8, by another kernel."),
    (
        "Llama 3.1 405B at int4",
        "llama-3.1-405b --precision int4",
        "Four GPUs hold a copy, so the node holds two.",
    ),
    (
        "Llama 3.1 405B at every precision",
        "compare llama-3.1-405b",
        "The rule of thumb's 972, 486 and 243 GB beside what the engine takes, with what is "
        "published of the accuracy.",
    ),
    (
        "Llama 3.1 405B at 16 bits on any GPU",
        "llama-3.1-405b --precision bf16 --gpu any",
        "One H200 node holds it. Two A100 nodes would be cheaper, but spread every copy.",
    ),
    (
        "One of two precisions, any way to buy, any region",
        "llama-3.1-405b --precision bf16,fp8 --purchase any --region any",
        "The cheapest of all; where prices are equal the precision named first is taken.",
    ),
    (
        "DeepSeek-V3",
        "deepseek-v3",
        "Published at fp8. Its compressed KV cache is small, but whole on every tensor-parallel "
        "rank.",
    ),
    ("DeepSeek-V3 on any GPU", "deepseek-v3 --gpu any", ""),
    ("gpt-oss-120b", "gpt-oss-120b", "Published at mxfp4: one H100 holds it."),
    ("Qwen3-235B-A22B at fp8", "qwen3-235b-a22b --precision fp8", ""),
    (
        "Llama 3.1 8B, 50 hours a week",
        "llama-3.1-8b --gpu any --hours-per-month 217",
        "A development environment: a reservation pays off only above the hours shown.",
    ),
    ("Mixtral 8x7B", "mixtral-8x7b", ""),
    ("Gemma 3 27B with the most room", "gemma-3-27b --prefer headroom", ""),
    (
        "LoRA of Llama 3.1 8B on one GPU",
        "llama-3.1-8b --purpose lora --tokens 5e7",
        "Adapters, their states and the activations of one sequence beside 15 GiB of weights.",
    ),
    (
        "QLoRA of Llama 3.1 70B",
        "llama-3.1-70b --purpose qlora --tokens 5e7",
        "Weights in 4 bits: one H100 where LoRA needs a node of eight.",
    ),
    (
        "Full fine-tuning of Llama 3.1 70B",
        "llama-3.1-70b --purpose full --tokens 1e9",
        "16 bytes a parameter for weights, gradients and AdamW's states, shared out by FSDP.",
    ),
    (
        "Full fine-tuning of Llama 3.1 405B",
        "llama-3.1-405b --purpose full --tokens 1e9",
        "6,494 GB of states alone; tensor parallel inside each node, FSDP across them.",
    ),
    (
        "A chat load on Llama 3.1 8B",
        "llama-3.1-8b --requests-per-second 20 --prompt-tokens 1000 --output-tokens 250 "
        "--ttft-ms 500 --tpot-ms 20",
        "A load instead of a concurrency: the cheapest copies that answer 95 of 100 requests in "
        "time, by simulation.",
    ),
    (
        "Retrieval with Llama 3.1 70B, on any GPU",
        "llama-3.1-70b --precision fp8 --gpu any --requests-per-second 4 --prompt-tokens 6000 "
        "--output-tokens 300 --lengths lognormal --ttft-ms 2000 --prefix-cache-hit-rate 0.25",
        "Long prompts whose lengths vary; a quarter of their tokens is in the cache already.",
    ),
    (
        "Qwen3-235B-A22B at a high rate",
        "qwen3-235b-a22b --precision fp8 --requests-per-second 100 --prompt-tokens 800 "
        "--output-tokens 400 --tpot-ms 50",
        "Experts spread over the ranks of each copy where that is the cheaper way.",
    ),
    (
        "A load that nothing answers in time",
        "llama-3.1-70b --requests-per-second 1 --prompt-tokens 1000 --output-tokens 300 "
        "--tpot-ms 5",
        "An honest no with the best that is reachable.",
    ),
    (
        "A company's own H100s",
        f"llama-3.1-405b --precision bf16 --inventory {INVENTORY}",
        "Two of the four nodes that docs/nodes.yaml lists.",
    ),
    (
        "A budget that nothing meets",
        "llama-3.1-405b --precision bf16 --budget 50000",
        "An honest no (exit code 1), with what giving up one constraint would give.",
    ),
)


def main(arguments: list[str]) -> int:
    """Write (or check) the page; 1 where a check finds a difference."""
    text = page()
    if "--check" in arguments:
        current = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        return int(current != text)
    PAGE.write_text(text, encoding="utf-8")
    return 0


def page() -> str:
    """The whole page."""
    lead = (
        "# Plans and comparisons, as `sizing` prints them\n\n"
        "Generated by `python benchmarks/examples.py`; prices and their dates are the catalogue's."
    )
    parts = [section(*example) for example in EXAMPLES]
    return "\n\n".join([lead, *parts]) + "\n"


def section(title: str, arguments: str, note: str) -> str:
    """One example: what it shows, the command, its output."""
    said = f"{note}\n\n" if note else ""
    other = arguments.partition(" ")[0] in OTHER_COMMANDS
    line = arguments if other else f"plan {arguments}"
    typed = " \\\n    ".join(textwrap.wrap(f"$ sizing {line}", WIDTH - 6))
    return f"## {title}\n\n{said}```text\n{typed}\n{answer(line)}\n```"


def answer(line: str) -> str:
    """What the command prints, from the project's root; an honest no is wrapped."""
    command = [str(Path(sys.executable).parent / "sizing"), *shlex.split(line)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode > 1:
        raise RuntimeError(done.stderr)
    return done.stdout.rstrip() or textwrap.fill(done.stderr.rstrip(), WIDTH)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
