"""How long `sizing report` takes from a cold interpreter, and how large its file is.

    python benchmarks/report_speed.py [RUNS]

Prints medians; 1 where a limit is exceeded.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

LIMIT_S, LIMIT_BYTES = 3.0, 1_000_000
QUESTIONS = (
    ("llama-3.1-405b", "--precision", "bf16"),
    ("deepseek-v3", "--gpu", "any"),
    ("gpt-oss-120b", "--gpu", "any", "--region", "any", "--purchase", "any"),
)


def main(runs: int) -> int:
    """Print the figures of each question."""
    print(f"{'sizing report':<62}{'s':>6}{'kB':>7}   limits {LIMIT_S:g} s, 1,000 kB")
    worst = 0
    for question in QUESTIONS:
        taken, size = timed(question, runs)
        print(f"{' '.join(question):<62}{taken:>6.2f}{size / 1000:>7.0f}")
        worst = max(worst, int(taken > LIMIT_S or size > LIMIT_BYTES))
    return worst


def timed(question: tuple[str, ...], runs: int) -> tuple[float, int]:
    """The median seconds, and the bytes of the file."""
    command = [str(Path(sys.executable).parent / "sizing"), "report", *question, "--output"]
    times: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        for _ in range(runs):
            start = time.perf_counter()
            subprocess.run([*command, str(path)], check=True, capture_output=True)
            times.append(time.perf_counter() - start)
        return median(times), path.stat().st_size


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
