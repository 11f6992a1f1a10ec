"""Writes the pages of the manual that are made from the code.  `make docs` runs it.

    python docs/generate.py

tests/test_docs.py fails when a page on disk is not what this would write.
"""

import ast
import inspect
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
NOTE = "<!-- Made by docs/generate.py from the code; change the code instead. -->\n"
ROOMS = ("weave_core", "tracing", "evals", "integrations", "server", "app")
EXPANDED = "~/.weave_core"
"""How the manual writes the default home, whoever builds it."""


def settings_page() -> str:
    """Every setting with its variable, default and meaning."""
    from weave_core.settings import Settings

    meanings = _field_docs(ROOT / "weave_core" / "settings.py", "Settings")
    rows = []
    for setting in fields(Settings):
        default = getattr(Settings(home=Path(EXPANDED)), setting.name)
        shown = "" if default is None else f"`{default}`"
        variable = f"WEAVE_CORE_{setting.name.upper()}"
        rows.append(f"| `{variable}` | {shown} | {meanings[setting.name]} |")
    return (
        f"{NOTE}\n# Settings\n\n"
        "Every setting is an environment variable, read once when a process starts. An option of\n"
        "the command line, or an argument in code, wins over it; an empty variable counts as\n"
        "missing.\n\n"
        "| Variable | Default | Meaning |\n|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def command_line_page() -> str:
    """The help of every command, as it is printed."""
    # Help is as wide as the window and shows what the environment sets.
    os.environ["COLUMNS"] = os.environ["TERMINAL_WIDTH"] = "100"
    from typer.main import get_command

    from weave_core.__main__ import app

    pages = [f"{NOTE}\n# Command line\n"]
    for words, command in _commands(get_command(app), ["weave-core"]):
        context = command.context_class(command, info_name=" ".join(words), max_content_width=100)
        text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
        title = "#" * min(2 + len(words) - 1, 3)
        pages.append(f"{title} {' '.join(words)}\n\n```text\n{text.strip()}\n```\n")
    pages.append(
        "Errors are one line on standard error with exit code 1; a command that was typed wrong\n"
        "is answered with its usage and exit code 2.\n"
    )
    return "\n".join(pages)


def filters_page() -> str:
    """Every name that a filter may use."""
    from weave_core.server.filters import FEEDBACK, RUNS, SPANS, TRACES

    def table(names: dict[str, Any]) -> str:
        rows = []
        for field in sorted(names.values(), key=lambda field: str(field.name)):
            values = ", ".join(f"`{value}`" for value in field.values)
            rows.append(f"| `{field.name}` | {field.kind} | {values} |")
        return "| Name | Type | Values |\n|---|---|---|\n" + "\n".join(rows) + "\n"

    of_trace = {name: field for name, field in TRACES.fields.items() if not field.is_of_span}
    return (
        f"{NOTE}\n# Filters\n\n"
        "How the language reads is in\n"
        "[Find a failure](../tutorials/find-a-failure.md#the-filter-language).\n"
        "`time` takes nanoseconds, ISO texts or `now() - interval '1 hour'`; `texts` takes\n"
        "`has(tags, 'x')`; `json` takes a key in brackets: `attributes['tier']`; `feedback` a\n"
        "name, and a source where only that counts: `feedback['thumbs', 'end_user']`.\n\n"
        "Functions: `any_span(expression)`, `contains(field, 'text')`, `has(list, 'text')`,\n"
        "`now()`, `text_search('words')`.\n\n"
        f"## Names of a trace\n\nIn lists of traces.\n\n{table(of_trace)}\n"
        "## Names of a span\n\n"
        "In lists of spans, and in lists of traces, where a name that a trace has too needs\n"
        f"`span.` in front (`span.status`).\n\n{table(SPANS.fields)}\n"
        "## Names of a run\n\n"
        "In lists of runs. `config['model.depth']` is a value of the config, nested keys have\n"
        "dots; `metrics['loss']` the value that stands for a metric, as `define_metric` says, or\n"
        f"what was set by hand.\n\n{table(RUNS.fields)}\n"
        f"## Names of feedback\n\nIn lists of feedback.\n\n{table(FEEDBACK.fields)}"
    )


def sql_page() -> str:
    """Every table and function that an SQL query may read."""
    from weave_core.server.sql import KNOWN_FUNCTIONS
    from weave_core.server.sql.views import VIEWS

    parts = [
        f"{NOTE}\n# SQL\n",
        "How to ask is in [Ask in SQL, move, delete](../tutorials/data.md#sql). The language is",
        "that of SQLite; one SELECT, with WITH, joins, windows and set operations.\n",
        f"Functions: {', '.join(f'`{name}`' for name in KNOWN_FUNCTIONS)}.\n",
    ]
    for view in VIEWS.values():
        parts.append(
            f"## {view.name}\n\n{view.meaning}\n\n| Column | Type | Meaning |\n|---|---|---|"
        )
        parts += [f"| `{each.name}` | {each.type} | {each.meaning} |" for each in view.columns]
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def http_api_page() -> str:
    """Every route, from the server's own OpenAPI description."""
    from weave_core.server.factory import create_app
    from weave_core.settings import Settings

    description = create_app(Settings()).openapi()
    parts = [
        f"{NOTE}\n# HTTP API\n",
        "The running server describes itself as OpenAPI at `/openapi.json`.",
        "Times are nanoseconds since the epoch (UTC) and end in `_ns`, durations are milliseconds",
        "(`_ms`), money is USD (`_usd`).",
        'Lists answer `{"items": [...], "next_cursor": ...}`, errors',
        '`{"error": {"code", "message", "hint", "position"}}`.\n',
    ]
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            parts.append(f"## {method.upper()} {path}\n\n{_operation(operation)}")
    return "\n".join(parts)


def limits_page() -> str:
    """The page of limits: prose by hand, the table of constants from the code."""
    rows = [f"| {meaning} | {value} | `{module}` |" for meaning, value, module in _constants()]
    return _with_table("limits.md", "constants", "| What | Bound | Where |\n|---|---|---|", rows)


def scorers_page() -> str:
    """The page of scorers: prose by hand, the table of what there is from their docstrings."""
    from weave_core.evals import scorers

    rows = []
    for name in scorers.__all__:
        scorer = getattr(scorers, name)
        if name == "Scorer" or not issubclass(scorer, scorers.Scorer):
            continue
        text = " ".join((inspect.getdoc(scorer) or "").split())
        what = text.partition(". ")[0].rstrip(".")
        parts = re.findall(r"- (`\w+`):", text)  # Of a scorer that gives several numbers.
        reach = f"{', '.join(parts)}: 0 to 1 or truth" if parts else _after(text, "Range:")
        reach = reach or _after(text, "Gives")
        rows.append(f"| `{name}` | {what} | {reach} | {_after(text, 'Source:')} |")
    head = "| Scorer | What it says | Range | Source |\n|---|---|---|---|"
    return _with_table("reference/scorers.md", "scorers", head, rows)


def _with_table(page: str, name: str, head: str, rows: list[str]) -> str:
    """A page written by hand, with a new table between its marks."""
    text = (DOCS / page).read_text(encoding="utf-8")
    before, mark, rest = text.partition(f"<!-- {name} -->\n")
    _, end, after = rest.partition(f"<!-- /{name} -->")
    return before + mark + "\n".join([head, *rows]) + "\n" + end + after


def _after(text: str, word: str) -> str:
    """What a docstring says after `word`, to the end of the sentence or of the part."""
    found = re.search(rf"{word}\s(.*?)(?:[.;](?: [A-Z`]|$)|; (?!the)|:? - `)", text)
    return found[1].strip().rstrip(".:,").replace("|", "\\|") if found else ""


PAGES: dict[str, Callable[[], str]] = {
    "reference/settings.md": settings_page,
    "reference/command-line.md": command_line_page,
    "reference/filters.md": filters_page,
    "reference/http-api.md": http_api_page,
    "reference/scorers.md": scorers_page,
    "reference/sql.md": sql_page,
    "limits.md": limits_page,
}


def _operation(operation: dict[str, Any]) -> str:
    lines = [operation.get("description") or operation.get("summary", ""), ""]
    parameters = operation.get("parameters", [])
    if parameters:
        lines += ["| Parameter | In | Required | Meaning |", "|---|---|---|---|"]
    for parameter in parameters:
        meaning = " ".join(parameter.get("description", "").split())
        needed = "yes" if parameter.get("required") else ""
        lines.append(f"| `{parameter['name']}` | {parameter['in']} | {needed} | {meaning} |")
    return "\n".join(lines).rstrip() + "\n"


def _commands(command: Any, words: list[str]) -> Iterator[tuple[list[str], Any]]:
    yield words, command
    for name, child in getattr(command, "commands", {}).items():
        yield from _commands(child, [*words, name])


def _field_docs(file: Path, class_name: str) -> dict[str, str]:
    """Name to the text under it, for the annotated fields of a class."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    [found] = [
        node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == class_name
    ]
    return {name: text for name, _, text in _documented(found.body)}


def _constants() -> list[tuple[str, str, str]]:
    """Meaning, value and module of every public `MAX_...` of the rooms that says what it bounds."""
    found = []
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            relative = file.relative_to(ROOT)
            if any((ROOT / part).is_symlink() for part in relative.parents):
                continue
            module = ".".join(relative.with_suffix("").parts)
            module = module if module.startswith("weave_core") else f"weave_core.{module}"
            body = ast.parse(file.read_text(encoding="utf-8")).body
            found += [
                (text, _number(value), f"{module}.{name}")
                for name, value, text in _documented(body)
                if name.startswith("MAX_") and value is not None
            ]
    return found


def _documented(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr | None, str]]:
    """Name, value and the text under it, for each assignment that has one."""
    for statement, after in pairwise(body):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            name, value = statement.target.id, statement.value
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name, value = statement.targets[0].id, statement.value
        else:
            continue
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            yield name, value, " ".join(str(after.value.value).split())


def _number(value: ast.expr) -> str:
    """A value as people read it: powers of two in MiB and KiB, thousands with commas."""
    code = compile(ast.Expression(value), "constant", "eval")
    try:
        number = eval(code, {"__builtins__": {}})  # noqa: S307  # Arithmetic of our own code.
    except NameError:  # Told by another constant, which has its own line.
        return f"`{ast.unparse(value)}`"
    for size, unit in ((1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB")):
        if isinstance(number, int) and number >= size and number % size == 0:
            return f"{number // size:,} {unit}"
    return f"{number:,}"


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
