"""A study as one self-contained HTML file: no script, no request, no font but the reader's own."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template, select_autoescape
from markupsafe import Markup

from sizing.report.page import sections
from sizing.report.sheets import engine_flags, how
from sizing.report.study import AnyStudy
from sizing.report.table import Row, Table, spans
from sizing.report.tiles import plan_tiles
from sizing.report.words import change, nodes, task, where
from sizing.units import usd

_TEMPLATES = files("sizing.report") / "templates"


def render_html(study: AnyStudy) -> str:
    """The whole file. Everything that a user may have typed is escaped."""
    plan, budget = study.plan, study.budget_monthly_usd
    name = study.stack or plan.model
    title, rows = how(plan)
    return _template().render(
        study=study,
        plan=plan,
        title=f"{name}: {nodes(plan)}",
        nodes=nodes(plan),
        task=task(plan),
        where=where(plan),
        change=change(plan, study.previous),
        budget=f"{usd(budget)} a month" if budget else "",
        tiles=plan_tiles(plan),
        sections=sections(study),
        how_key="training" if plan.training else "serving",
        how_title=title,
        how=rows,
        flags=engine_flags(plan),
        span=_span,
        style=Markup(_text("report.css")),
    )


def _template() -> Template:
    environment = Environment(
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["rich"] = _rich
    environment.filters["svg"] = Markup
    return environment.from_string(_text("report.html.j2"))


def _rich(text: str) -> Markup:
    """Plain text with `code`, escaped."""
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if is_code else part for is_code, part in spans(text)
    )


def _span(table: Table, row: Row) -> int:
    """How many columns the last cell of a row takes."""
    return len(table.columns) - len(row.cells) + 1


def _text(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")
