"""What the plugin's README prints is what the examples hold; test_yaml.py checks what is said."""

from __future__ import annotations

import re

import pytest

from tests.plugin.program import ROOT

README = (ROOT / "plugin" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("language", "file"),
    [("yaml", "yaml/Pulumi.yaml"), ("typescript", "typescript/index.ts")],
)
def test_the_readme_shows_the_example(language: str, file: str) -> None:
    (block,) = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert block.strip() in (ROOT / "examples" / file).read_text(encoding="utf-8")
