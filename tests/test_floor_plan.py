"""The floor plan, held by tests: who imports whom, where a name is spelled, how big a file is."""

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

MAY_IMPORT: dict[str, set[str]] = {
    "weave_core": set(),
    "tracing": {"weave_core"},
    "evals": {"weave_core", "tracing"},
    "integrations": {"weave_core", "tracing"},
    "server": {"weave_core"},
    "app": {"weave_core"},
}
"""Each room at the root of the repository, and the rooms it may import."""

ROOF = (
    "weave_core/__init__.py",
    "weave_core/__main__.py",
    "weave_core/embedded.py",
    "weave_core/publishing.py",
    "weave_core/setup.py",
)
"""These, `weave_core/commands/` and `weave_core/compat/` may look at every room; no room looks at
them."""

OWNERS: dict[str, set[str]] = {
    "alembic": {"server"},
    "altair": {"app"},
    "anthropic": {"integrations"},
    "autoevals": {"evals"},
    "datasketch": {"evals"},
    "deepeval": {"evals"},
    "evaluate": {"evals"},
    "fastapi": {"server"},
    "fsspec": {"server", "weave_core"},
    "genai_prices": {"weave_core"},
    "graphql": {"server"},
    "grpc": {"server"},
    "jsonschema": {"evals"},
    "openai": {"integrations"},
    "opentelemetry": {"tracing", "integrations", "evals", "server"},
    "opentelemetry.exporter": {"tracing"},
    "opentelemetry.proto": {"server", "tracing"},
    "opentelemetry.sdk": {"tracing"},
    "optuna": {"server"},
    "pandas": {"app", "weave_core"},
    "nltk": {"evals"},
    "onnxruntime": {"evals"},
    "numpy": {"app", "integrations", "server", "weave_core"},
    "pyarrow": {"evals", "server", "weave_core"},
    "psycopg": {"server"},
    "pytest": {"evals"},
    "ragas": {"evals"},
    "rapidfuzz": {"evals"},
    "rouge_score": {"evals"},
    "sacrebleu": {"evals"},
    "scipy": {"evals", "server", "weave_core"},
    "sqlalchemy": {"server"},
    "sqlglot": {"evals", "server"},
    "sqlmodel": {"server"},
    "starlette": {"server"},
    "streamlit": {"app"},
    "sklearn": {"integrations"},
    "tokenizers": {"evals"},
    "torch": {"integrations"},
    "transformers": {"integrations"},
    "tsdownsample": {"server"},
    "typer": set(),
    "uvicorn": {"server"},
    "yaml": {"server"},
}
"""A foreign package, and the only rooms that may know it (the roof may know all)."""

MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 70

TABLES = "server/store/migrations/versions/"
"""Migrations list columns; cutting such a list into functions would only hide it."""

ATTRIBUTE_NAME = re.compile(r"(gen_ai|weave_core)\.[a-z0-9_.]+")
ATTRIBUTE_HOMES = ("weave_core/semconv.py", "server/normalise/")
"""We write names from `semconv`; what all senders write is read in `server/normalise`."""


def _files(*folders: str) -> list[Path]:
    """Python files below `folders`, each once: the links below weave_core/ are not followed."""
    found: list[Path] = []
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*.py")):
            parents = [ROOT / folder, *(p for p in file.parents if ROOT / folder in p.parents)]
            if not any(parent.is_symlink() for parent in parents):
                found.append(file)
    return found


def _name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def _is_roof(file: Path) -> bool:
    return _name(file) in ROOF or _name(file).startswith(
        ("weave_core/commands/", "weave_core/compat/")
    )


def _module(file: Path) -> str:
    """The dotted name that `file` is imported as."""
    parts = list(file.relative_to(ROOT).with_suffix("").parts)
    if parts[0] != "weave_core":
        parts.insert(0, "weave_core")
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts)


@dataclass(frozen=True)
class Read:
    """What the rules ask about one file."""

    lines: int
    imports: list[tuple[int, str]]
    """Line and dotted name of each, `from a import b` as `a.b`; type-only ones included."""
    literals: list[tuple[int, str]]
    """Line and text of each string literal that is no docstring."""
    functions: list[tuple[int, str, int]]
    """Line, name and length in lines of each."""


@cache
def _read(file: Path) -> Read:
    """`file`, parsed once for all rules."""
    text = file.read_text(encoding="utf-8")
    found = Read(len(text.splitlines()), [], [], [])
    prose: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import():
                found.imports.extend((node.lineno, alias.name) for alias in node.names)
            case ast.ImportFrom():
                base = "." * node.level + (node.module or "")
                found.imports.extend((node.lineno, f"{base}.{alias.name}") for alias in node.names)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                size = (node.end_lineno or node.lineno) - node.lineno + 1
                found.functions.append((node.lineno, node.name, size))
            case ast.Expr():  # Which the walk meets before the text that it holds.
                prose.add(id(node.value))
            case ast.Constant(value=str(literal)) if id(node) not in prose:
                found.literals.append((node.lineno, literal))
    return found


def _room_of(module: str) -> str | None:
    """The room a dotted name lives in; None when it is not ours."""
    top, _, rest = module.partition(".")
    if top in MAY_IMPORT and top != "weave_core":
        return "a bare folder name"  # `import tracing`: works in this checkout, nowhere else.
    if module.startswith("."):
        return "a relative name"
    if top != "weave_core":
        return None
    folder = rest.partition(".")[0]
    if folder in MAY_IMPORT:
        return folder
    ground = ROOT / "weave_core" / folder
    is_ground = ground.with_suffix(".py").is_file() or (ground / "__init__.py").is_file()
    if not is_ground or folder in {"commands", "compat", "embedded", "publishing", "setup"}:
        return "the roof"
    return "weave_core"


ROOM_FILES = [(room, file) for room in MAY_IMPORT for file in _files(room)]


def test_every_import_goes_down_the_stairs() -> None:
    """A room imports only the rooms below it, by their installed names, and never the roof."""
    wrong = [
        f"{_name(file)}:{line} imports {module}: {target} is not below {room}"
        for room, file in ROOM_FILES
        if not _is_roof(file)
        for line, module in _read(file).imports
        if (target := _room_of(module)) and target not in MAY_IMPORT[room] | {room}
    ]
    assert not wrong, "\n".join(wrong)


def test_the_roof_and_the_tests_use_installed_names() -> None:
    """`import server` finds a folder of this checkout and a second copy of the module."""
    wrong = [
        f"{_name(file)}:{line} imports {module}"
        for file in _files("weave_core", "tests", "examples")
        for line, module in _read(file).imports
        if _room_of(module) == "a bare folder name"
    ]
    assert not wrong, "\n".join(wrong)


def test_each_foreign_package_has_its_rooms() -> None:
    """FastAPI stays in the server, Streamlit in the app: a swap touches one room."""
    wrong = [
        f"{_name(file)}:{line} imports {module}"
        for room, file in ROOM_FILES
        if not _is_roof(file)
        for line, module in _read(file).imports
        if (owners := _owners_of(module)) is not None and room not in owners
    ]
    assert not wrong, "\n".join(wrong)


def _owners_of(module: str) -> set[str] | None:
    """The rooms that may import `module`, by the longest name that is listed."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        if (prefix := ".".join(parts[:length])) in OWNERS:
            return OWNERS[prefix]
    return None


def test_no_two_modules_import_each_other() -> None:
    """No circle, however long: what can't be read alone can't be changed alone."""
    files = {_module(file): file for _, file in ROOM_FILES if _name(file) != ROOF[0]}
    graph = {
        module: {
            target
            for _, name in _read(file).imports
            if (target := _known(name, files)) and target != module
        }
        for module, file in files.items()
    }
    circle = _circle(graph)
    assert not circle, " -> ".join(circle)


def _known(name: str, files: dict[str, Path]) -> str | None:
    """The module that `from a import b` reads: `a.b` where that is one, else `a`."""
    if name in files:
        return name
    parent = name.rpartition(".")[0]
    return parent if parent in files else None


def _circle(graph: dict[str, set[str]]) -> list[str]:
    """Names along one circle of `graph`; empty when there is none."""
    done: set[str] = set()
    for start in sorted(graph):
        path: list[str] = []
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            node, is_leaving = stack.pop()
            if is_leaving:
                path.pop()
                done.add(node)
            elif node in path:
                return [*path[path.index(node) :], node]
            elif node not in done:
                path.append(node)
                stack.append((node, True))
                stack += [(target, False) for target in sorted(graph[node])]
    return []


def test_attribute_names_are_spelled_at_home() -> None:
    """A second spelling of an attribute name is a typo that no test would find."""
    modules = {_module(file) for _, file in ROOM_FILES}
    wrong = [
        f"{_name(file)}:{line} spells {text!r}"
        for _, file in ROOM_FILES
        if not _name(file).startswith(ATTRIBUTE_HOMES)
        for line, text in _read(file).literals
        if ATTRIBUTE_NAME.fullmatch(text)
        and text not in modules
        and not text.startswith("weave_core.commands")
    ]
    assert not wrong, "\n".join(wrong)


EVERY_FILE = _files(*MAY_IMPORT, "tests", "examples")


def test_files_stay_readable_in_one_sitting() -> None:
    """No file is longer than 600 lines."""
    sizes = {_name(file): _read(file).lines for file in EVERY_FILE}
    assert {name: size for name, size in sizes.items() if size > MAX_FILE_LINES} == {}


def test_functions_fit_on_a_screen() -> None:
    """No function is longer than 70 lines."""
    long = [
        f"{_name(file)}:{line} {name}: {size} lines"
        for file in EVERY_FILE
        if not _name(file).startswith(TABLES)
        for line, name, size in _read(file).functions
        if size > MAX_FUNCTION_LINES
    ]
    assert not long, "\n".join(long)


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "base", "misc"])
def test_no_module_is_called_everything(name: str) -> None:
    """A file named `utils` says nothing about what it holds, so everything ends up in it."""
    assert [_name(file) for file in EVERY_FILE if file.stem == name] == []


def test_tests_with_a_browser_lie_in_one_folder() -> None:
    """`make test` reads no other folder for them."""
    mark = "mark." + "browser"
    marked = {_name(file) for file in _files("tests") if mark in file.read_text(encoding="utf-8")}
    assert {name for name in marked if not name.startswith("tests/e2e/")} == set()


def test_every_folder_of_code_is_a_package() -> None:
    """A folder without `__init__.py` is left out of the wheel without a word."""
    missing = {
        _name(file.parent)
        for _, file in ROOM_FILES
        # Streamlit runs the pages by path; they are shipped because the folder is a package too.
        if not (file.parent / "__init__.py").is_file()
    }
    assert missing == set()


def test_the_rooms_are_linked_under_the_package() -> None:
    """`weave_core/server` is `../server`: one file, one name, wherever it is imported from."""
    for room in MAY_IMPORT.keys() - {"weave_core"}:
        link = ROOT / "weave_core" / room
        assert link.is_symlink(), f"{link} is no link (on Windows: git config core.symlinks true)"
        assert link.resolve() == ROOT / room


def test_migrations_stand_in_one_line() -> None:
    """Two with one number would come from two branches, each right, and stop every server."""
    files = sorted((ROOT / TABLES).glob("0*.py"))
    numbers = [file.name.partition("_")[0] for file in files]
    assert numbers == [f"{number:04}" for number in range(1, len(files) + 1)]
    for number, before, file in zip(numbers, [None, *numbers], files, strict=False):
        text = file.read_text(encoding="utf-8")
        follows = f'"{before}"' if before else "None"
        assert f'\nrevision = "{number}"\ndown_revision = {follows}\n' in text, file.name
