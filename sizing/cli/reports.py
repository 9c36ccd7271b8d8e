"""Asking for a report, and writing it where it was asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sizing.cli.plans import checked, request_for
from sizing.cli.waiting import waiting
from sizing.errors import InputError, unknown_name

if TYPE_CHECKING:
    from sizing.deployed import Deployed
    from sizing.report.study import AnyStudy

FORMATS = ("html", "markdown", "json")
TERMINAL = "-"
_DEFAULT_FILES = {"html": "report.html"}
_LARGEST_PREVIOUS = 32 * 2**20


@dataclass(frozen=True, slots=True)
class Paper:
    """How a report is written: its format, where to, and the file of what is deployed."""

    form: str
    output: str | None
    previous: str | None
    as_json: bool

    @property
    def checked_form(self) -> str:
        """The format. Raises InputError for an unknown one, or one that contradicts --json."""
        if self.form not in FORMATS:
            raise unknown_name("format", self.form, FORMATS)
        return "json" if self.as_json else self.form

    def file(self) -> Path | None:
        """Where it goes; None for the terminal. Raises InputError where no file can be written."""
        where = self.output or _DEFAULT_FILES.get(self.checked_form, TERMINAL)
        if where == TERMINAL:
            return None
        path = Path(where).expanduser()
        if path.is_dir() or not path.parent.is_dir():
            raise InputError(
                "output", where, "a file in a folder that exists, or - for the terminal"
            )
        return path


def ask_report(
    asked: Mapping[str, Any],
    stack: str | None,
    folder: str,
    paper: Paper,
    *,
    check_account: bool,
) -> None:
    """Write the report of a model or of a stack; `asked` are the plan's options by their names."""
    form, path = paper.checked_form, paper.file()
    previous = read_previous(paper.previous) if paper.previous else None
    study = _study(asked, stack, folder, previous, check_account=check_account)
    with waiting("drawing the report"):
        text = _rendered(study, form)
    if path is None:
        sys.stdout.write(text)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError("output", str(path), f"a file that can be written ({error})") from None
    print(f"{path}: {len(text.encode()) / 1000:,.0f} kB")


def read_previous(name: str) -> Deployed:
    """What is deployed, from a plan (`sizing preview --json`) or a stack's outputs, as JSON.

    Another version's is read leniently; an empty object is a stack that holds nothing. Raises
    InputError for a file that is no JSON object.
    """
    from sizing.deployed import deployed

    path = Path(name).expanduser()
    what = "JSON of a plan (`sizing preview --json`) or of `pulumi stack output --json`"
    try:
        if path.stat().st_size > _LARGEST_PREVIOUS:
            raise InputError("previous", name, what)
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise InputError("previous", name, f"{what} ({reason})") from None
    if not isinstance(found, dict):
        raise InputError("previous", name, what)
    outputs = cast("dict[str, Any]", found)
    return deployed(outputs if not outputs or "plan" in outputs else {"plan": outputs})


def _study(
    asked: Mapping[str, Any],
    stack: str | None,
    folder: str,
    previous: Deployed | None,
    *,
    check_account: bool,
) -> AnyStudy:
    from sizing.describe import with_staleness
    from sizing.planner import make_plan
    from sizing.report.study import make_study, make_training_study
    from sizing.stack_config import stack_file

    if (asked["model"] is None) == (stack is None):
        raise InputError("model", asked["model"], "a MODEL, or --stack NAME, and not both")
    file = stack_file(stack, Path(folder)) if stack else None
    request = request_for(asked, file, nodes_alone=file is None)
    today = date.today()
    with waiting(f"planning {request.spec.name}"):
        plan = make_plan(request)
    plan = with_staleness(checked(plan) if check_account else plan, today)
    study_of = make_training_study if request.training else make_study
    with waiting(f"planning around {request.spec.name}"):
        return study_of(request, plan, today, stack=stack, previous=previous)


def _rendered(study: AnyStudy, form: str) -> str:
    if form == "json":
        return f"{study.model_dump_json()}\n"
    if form == "markdown":
        from sizing.report.markdown import render_markdown

        return render_markdown(study)
    from sizing.report.html import render_html

    return render_html(study)
