"""Draw docs/pictures/: a plan and a `pulumi preview` in a terminal, and the report in a browser.

    python -m benchmarks.pictures [NAME ...]

Everything shown is what the commands print: the preview is the real engine's, of a stack that is
deployed at bf16 in a local AWS and then asked for fp8. Needs Chromium (`make test-deps`).
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path

from playwright.sync_api import Browser, FloatRect

from benchmarks.chromium import chromium, find_chromium
from sandbox.engine import ensure_engine
from sandbox.lifecycle import Sandbox
from sandbox.testing import scratch_project

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "pictures"
LIMIT_BYTES = 300_000
STACK = "prod"
CONFIG = """config:
  aws:region: us-east-1
  gpu-sizing:model: meta-llama/Llama-3.1-405B-Instruct
  gpu-sizing:precision: bf16
"""
PLAN = ("plan", "llama-3.1-405b", "--precision", "bf16")
TERMINAL = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; background: #14171c; color: #e9ecf1; width: max-content; }}
pre {{ margin: 0; padding: 20px 24px; font: 13px/1.45 "DejaVu Sans Mono", monospace; }}
b {{ color: #7fb0ff; }} i {{ color: #a4adba; font-style: normal; }}
</style><pre>{}</pre>"""
_CUT = "<i>...</i>"


def main(names: list[str]) -> int:
    """Draw those named, or all; 1 where there is no browser or a file is too large."""
    path = find_chromium()
    if path is None:
        print("chromium is missing: `make test-deps` as root installs it", file=sys.stderr)
        return 1
    FOLDER.mkdir(exist_ok=True)
    with chromium(path) as browser:
        for name in names or PICTURES:
            FOLDER.joinpath(f"{name}.png").write_bytes(PICTURES[name](browser))
    return max(_checked(FOLDER / f"{name}.png") for name in names or PICTURES)


def _checked(path: Path) -> int:
    size = path.stat().st_size
    print(f"{path.relative_to(ROOT)}: {size / 1000:,.0f} kB")
    return int(size >= LIMIT_BYTES)


def plan(browser: Browser) -> bytes:
    """`sizing plan` in a terminal."""
    done = _sizing(*PLAN)
    return _terminal(browser, f"sizing {' '.join(PLAN)}", escape(done.rstrip()))


def preview(browser: Browser) -> bytes:
    """`pulumi preview` of a change, in a terminal; cut to what the program says, and the counts."""
    with tempfile.TemporaryDirectory() as folder:
        text = _previewed(Path(folder))
    page = re.search(r"^    prod: .*?^      =  all in[^\n]*", text, re.DOTALL | re.MULTILINE)
    counts = re.search(r"^Resources:.*?unchanged$", text, re.DOTALL | re.MULTILINE)
    if not page or not counts:
        raise RuntimeError(f"the preview does not look as expected:\n{text}")
    shown = re.sub(r"^    ", "", page[0], flags=re.MULTILINE)
    body = f"{_CUT}\n{escape(shown)}\n{_CUT}\n{escape(counts[0])}"
    return _terminal(browser, f"pulumi preview --stack {STACK}", body)


def report(browser: Browser) -> bytes:
    """The top of the report's page."""
    return _page(browser, "light", 0, 1500)


def report_dark(browser: Browser) -> bytes:
    """The charts of the report's page, in the dark."""
    return _page(browser, "dark", "#alternatives", 1500)


PICTURES: Mapping[str, Callable[[Browser], bytes]] = {
    "plan": plan,
    "preview": preview,
    "report": report,
    "report-dark": report_dark,
}


def _sizing(*arguments: str) -> str:
    command = [sys.executable, "-c", "from sizing.cli import main; main()", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def _previewed(folder: Path) -> str:
    """What the engine prints before it would change the precision of a deployed stack."""
    project = scratch_project(ROOT, folder / "project", STACK, CONFIG)
    file = project / "stacks" / f"Pulumi.{STACK}.yaml"
    chosen = ("--stack", STACK)
    with Sandbox(folder / "state", ensure_engine()) as box:
        box.pulumi("stack", "init", STACK, cwd=project)
        box.pulumi("config", "set", "--secret", "huggingFaceToken", "none", *chosen, cwd=project)
        box.pulumi("up", "--yes", "--skip-preview", *chosen, cwd=project)
        file.write_text(file.read_text().replace("bf16", "fp8"))
        shown = box.pulumi(
            "preview", "--color", "never", "--suppress-outputs", *chosen, cwd=project
        )
    return shown.stdout


def _terminal(browser: Browser, command: str, body: str) -> bytes:
    page = browser.new_page(viewport={"width": 900, "height": 400})
    page.set_content(TERMINAL.format(f"<i>$</i> <b>{escape(command)}</b>\n{body}"))
    box = page.locator("body").bounding_box()
    width = round(box["width"]) if box else 900
    page.set_viewport_size({"width": width, "height": 400})
    return page.screenshot(full_page=True)


def _page(browser: Browser, scheme: str, start: str | int, height: int) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        _sizing("report", "--stack", STACK, "--output", str(path))
        page = browser.new_page(
            viewport={"width": 1160, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        page.goto(path.as_uri())
        box = page.locator(start).bounding_box() if isinstance(start, str) else None
        top = box["y"] - 24 if box else 0.0
        area: FloatRect = {"x": 0.0, "y": top, "width": 1160.0, "height": float(height)}
        return page.screenshot(full_page=True, clip=area)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
