"""Turns failures into one line (or one JSON object) and an exit code; bugs keep their traceback."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence

import typer

from sizing.errors import InputError, NoPlanError

OK, NO, BAD_INPUT = 0, 1, 2


def answering(app: typer.Typer, arguments: Sequence[str]) -> int:
    """Run a command; 0 is yes, 1 is an honest no, 2 is bad input."""
    as_json = _asks_json(arguments)
    try:
        return app(list(arguments), standalone_mode=False) or OK
    except InputError as error:
        return _say(error.message, error.as_dict(), as_json, BAD_INPUT)
    except NoPlanError as error:
        return _say(error.line, _no_plan(error), as_json, NO)
    except typer.TyperException as error:
        found = _usage(error, arguments)
        return _say(found.message, found.as_dict(), as_json, BAD_INPUT)
    except BrokenPipeError:
        # The reader (head, less) has seen enough; keep the interpreter from complaining at exit.
        sys.stderr.close()
        return OK
    except typer.Abort:
        return BAD_INPUT


def _asks_json(arguments: Sequence[str]) -> bool:
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    wanted = ("--json", "--format=json")
    return any(word in wanted or (word, after) == ("--format", "json") for word, after in pairs)


def _say(line: str, error: Mapping[str, object], as_json: bool, code: int) -> int:
    if as_json:
        print(json.dumps({"error": error}))
    else:
        print(f"error: {line}", file=sys.stderr)
    return code


def _no_plan(error: NoPlanError) -> dict[str, object]:
    return {
        "key": "plan",
        "value": None,
        "allowed": "a plan that holds the workload",
        "nearest": None,
        "message": error.message,
        "rejected": error.rejected,
        "relaxed": error.relaxed,
    }


def _usage(error: typer.TyperException, arguments: Sequence[str]) -> InputError:
    """The command line's own complaints in the shape of ours."""
    option = getattr(error, "option_name", None)
    if option:
        near = getattr(error, "possibilities", None) or [None]
        return InputError("option", option, "the options that --help lists", near[0])
    name = getattr(getattr(error, "param", None), "name", None)
    if name is None:
        return InputError("command", _first_word(arguments), "what `sizing --help` lists")
    wanted = re.sub(r"^Input should be |, unable to.*$|\.$", "", error.message)
    return InputError(str(name), _value_of(str(name), arguments), wanted or "a value")


def _value_of(name: str, arguments: Sequence[str]) -> str | None:
    flag = f"--{name.replace('_', '-')}"
    for word, following in zip(arguments, [*arguments[1:], None], strict=True):
        if word == flag:
            return following
        if word.startswith(f"{flag}="):
            return word.removeprefix(f"{flag}=")
    return None


def _first_word(arguments: Sequence[str]) -> str | None:
    return next((word for word in arguments if not word.startswith("-")), None)
