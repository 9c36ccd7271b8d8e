"""Text for people: pure functions of what they show, never wider than 100 columns."""

from sizing.render.plan import render_plan

__all__ = ["render_plan"]
