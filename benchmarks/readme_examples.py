"""Run the commands whose output README.md shows, and paste what they print.

A block to fill is a fence right after a comment `<!-- output of: COMMAND -->`; a second word
`first N lines` cuts it. `--check` changes nothing and fails where the text is out of date.

    python benchmarks/readme_examples.py [--check] [FILE ...]
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(
    r"<!-- output of: (?P<command>[^\n]*?)(?:, first (?P<lines>\d+) lines)? -->\n```\w*\n.*?```",
    re.DOTALL,
)


def main(arguments: list[str]) -> int:
    """Rewrite (or check) each file; 1 where a check finds a difference."""
    check = "--check" in arguments
    files = [Path(a) for a in arguments if a != "--check"] or [ROOT / "README.md"]
    stale = [path for path in files if renew(path, check=check)]
    for path in stale:
        print(f"{path.name}: {'out of date' if check else 'renewed'}")
    return 1 if check and stale else 0


def renew(path: Path, *, check: bool) -> bool:
    """Whether the file's blocks differ from what the commands print now."""
    before = path.read_text(encoding="utf-8")
    after = BLOCK.sub(filled, before)
    if after != before and not check:
        path.write_text(after, encoding="utf-8")
    return after != before


def filled(block: re.Match[str]) -> str:
    """The block with its command's output."""
    lines = output_of(block["command"]).splitlines()
    count = int(block["lines"]) if block["lines"] else len(lines)
    cut = f", first {count} lines" if block["lines"] else ""
    text = "\n".join(line.rstrip() for line in lines[:count])
    return f"<!-- output of: {block['command']}{cut} -->\n```text\n{text}\n```"


def output_of(command: str) -> str:
    """What a command prints from the project's root, with the environment's own programs."""
    words = shlex.split(command)
    own = ("sizing", "python")
    words[0] = str(Path(sys.executable).parent / words[0]) if words[0] in own else words[0]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
