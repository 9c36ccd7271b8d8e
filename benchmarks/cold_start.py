"""How long `sizing plan ... --json` takes from a cold interpreter, against the least it could.

The yardstick is a Typer program with one pydantic model. Runs alternate, medians are compared.

    python benchmarks/cold_start.py [runs]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

LIMIT = 2.0
YARDSTICK = """
from typing import Annotated
import typer
from pydantic import BaseModel

class Answer(BaseModel):
    number: int
    name: str

app = typer.Typer()

@app.command()
def main(number: Annotated[int, typer.Option()] = 1) -> None:
    print(Answer(number=number, name="a").model_dump_json())

app()
"""


def main(runs: int) -> int:
    """Print both medians and their ratio; exit 1 above the limit."""
    sizing = Path(sys.executable).parent / "sizing"
    plan = [str(sizing), "plan", "llama-3.1-405b", "--precision", "bf16", "--json"]
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "yardstick.py"
        program.write_text(YARDSTICK)
        least = [sys.executable, str(program), "--number", "3"]
        timed = [(seconds(least), seconds(plan)) for _ in range(runs + 1)][1:]
    base, ours = (median(column) for column in zip(*timed, strict=True))
    ratio = ours / base
    print(f"Typer and one pydantic model  {base * 1000:7.0f} ms")
    print(f"sizing plan --json            {ours * 1000:7.0f} ms")
    print(f"ratio {ratio:.2f}, limit {LIMIT:.2f}, medians of {runs} alternating runs")
    return 0 if ratio <= LIMIT else 1


def seconds(command: Sequence[str]) -> float:
    """Wall time of one run."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 11))
