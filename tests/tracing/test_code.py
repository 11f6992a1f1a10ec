"""The code of an operation: a version that follows what it does, and the text behind it."""

import functools
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.programs import Recorder, stored_spans, wait_for
from support.servers import ServerProcess

from weave_core import Client, op
from weave_core.tracing.sources import code_of

Run = Callable[..., "subprocess.CompletedProcess[str]"]

PROGRAM = """
import sys
import weave_core
from shop import answer, unused
weave_core.init(sys.argv[1], sys.argv[2])
answer("where?")
answer("and when?")
assert weave_core.flush(20)
"""
SHOP = """
import functools
import json
import weave_core
import words
from prices import Price, API_KEY

MODEL = "gpt-4o"
started = object()

def loud(func):
    @functools.wraps(func)
    def inner(*args):
        return func(*args)
    return inner

def unused():
    return 1

@weave_core.op
@loud
def answer(question):
    parts = [words.polite(question), Price(3).told(), MODEL, str(API_KEY)[:1], bool(started)]
    return json.dumps(parts)
"""
WORDS = """
GREETING = "Dear customer"

def polite(text):
    return f"{GREETING}, {text}"

def rude(text):
    return text
"""
PRICES = """
API_KEY = "sk-very-secret-key-0123456789"

class Amount:
    CURRENCY = "EUR"

class Price(Amount):
    def __init__(self, amount):
        self.amount = amount

    def told(self):
        return f"{rounded(self.amount)} {self.CURRENCY}"

def rounded(amount):
    return round(amount, 2)
"""


@pytest.fixture
def shop(
    tmp_path: Path, run_program: Run, server: ServerProcess, client: Client, project: str
) -> Callable[..., str]:
    """Run the shop with some words of its files replaced, and give the version of `answer`."""
    count = iter(range(100))

    def run(*changes: tuple[str, str], **env: str) -> str:
        texts = {"shop": SHOP, "words": WORDS, "prices": PRICES}
        for old, new in changes:
            assert any(old in text for text in texts.values())
            texts = {name: text.replace(old, new) for name, text in texts.items()}
        for name, text in texts.items():
            (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        within = f"{project}-{next(count)}"
        run_program(PROGRAM, within, server.url, PYTHONDONTWRITEBYTECODE="1", **env)
        spans = wait_for(lambda: stored_spans(client, within))
        [version] = {span.op.version for span in spans if span.op is not None}
        return str(version)

    return run


def test_the_code_is_kept_with_what_it_uses(shop: Callable[..., str], client: Client) -> None:
    """The blob of the version is the source with what it uses; no secret, no library."""
    text = client.get_blob(shop()).decode()

    assert text.startswith("@weave_core.op\n@loud\ndef answer(question):")
    for part in (
        'return f"{GREETING}, {text}"',
        "GREETING = 'Dear customer'",
        "class Price(Amount):",
        'CURRENCY = "EUR"',
        "return round(amount, 2)",
        "MODEL = 'gpt-4o'",
    ):
        assert part in text
    assert "rude" not in text
    assert "unused" not in text
    assert "very-secret" not in text
    assert "def dumps" not in text
    assert "object at 0x" not in text


def test_the_version_changes_with_what_is_used_and_with_nothing_else(
    shop: Callable[..., str],
) -> None:
    """A helper's body, a constant, a base class count; what is not called does not."""
    first = shop()

    assert shop() == first
    assert shop(("return text\n", "return text.upper()\n")) == first
    assert shop(("def unused():\n    return 1", "def unused():\n    return 2")) == first
    changed = {
        shop(('"Dear customer"', '"Hello"')),
        shop(("gpt-4o", "gpt-5")),
        shop(('"EUR"', '"USD"')),
        shop(("round(amount, 2)", "round(amount, 3)")),
    }
    assert len(changed | {first}) == 5


def test_code_is_kept_to_oneself_where_that_is_wanted(
    shop: Callable[..., str], client: Client
) -> None:
    """The version is told all the same."""
    version = shop(("gpt-4o", "gpt-kept-back"), WEAVE_CORE_RECORD_CODE="0")

    assert version.startswith("sha256:")
    assert client.find_blob(version) is None


LIMIT = 3


def test_every_shape_has_its_code(recorder: Recorder) -> None:
    """Lambdas, partials, closures, methods, callables, recursion, code without a file."""
    del recorder
    inner = 5
    space: dict[str, Any] = {}
    exec("def typed(x):\n    return x + 1\n", space)  # noqa: S102  # A shell has such functions.

    def closed(x: int) -> int:
        return x + inner + LIMIT + looped(x)

    def looped(x: int) -> int:
        return looped(x - 1) if x else 0

    class Agent:
        def __call__(self, x: int) -> int:
            return closed(x)

        @op
        def method(self, x: int) -> int:
            return closed(x)

    first, second = (lambda x: x + 1), (lambda x: x - 1)
    assert code_of(first) != code_of(second)
    assert "LIMIT = 3" in str(code_of(closed))
    assert "def looped" in str(code_of(closed))
    assert "def closed" in str(code_of(functools.partial(closed, 1)))
    assert "def closed" in str(code_of(Agent()))
    assert str(code_of(Agent.method)).startswith("@op\ndef method")
    assert "def closed" in str(code_of(Agent.method))
    assert str(code_of(space["typed"])).startswith("# no source; compiled: sha256:")
    assert code_of(len) is None


def test_a_huge_constant_is_only_its_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table in a module does not become part of the code."""
    monkeypatch.setitem(globals(), "LIMIT", "x" * 100_000)

    def uses() -> object:
        return LIMIT

    assert len(str(code_of(uses))) < 500
    assert "LIMIT = sha256:" in str(code_of(uses))


def test_what_differs_from_the_commit_is_kept(
    run_program: Run, tmp_path: Path, server: ServerProcess, client: Client, project: str
) -> None:
    """The patch is a blob that the resource names, without its secrets; it is not on each span."""
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    (tmp_path / "code.py").write_text("limit = 1\npassword = 'old'\n")
    for words in (["init", "-q"], ["add", "code.py"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *words], cwd=tmp_path, check=True)
    (tmp_path / "code.py").write_text("limit = 2\npassword = 'hunter2'\n")
    code = (
        "import sys, time, weave_core\n"
        "from weave_core.tracing import lifecycle\n"
        "weave_core.init(sys.argv[1], sys.argv[2])\n"
        "with weave_core.span('first'): pass\n"
        "deadline = time.monotonic() + 10\n"
        "encoder = lifecycle._state.tracing._exporter._encoder\n"
        "while 'weave_core.vcs.diff' not in encoder._process:\n"
        "    assert time.monotonic() < deadline\n"
        "    time.sleep(0.02)\n"
        "with weave_core.span('last'): pass\n"
        "assert weave_core.flush(20)\n"
    )
    run_program(code, project, server.url)

    spans = wait_for(lambda: stored_spans(client, project))
    [last] = [span for span in spans if span.name == "last"]
    patch = client.get_blob(last.resource["weave_core.vcs.diff"]).decode()
    assert "-limit = 1\n" in patch
    assert "+limit = 2\n" in patch
    assert "hunter2" not in patch
    assert "weave_core.vcs.diff" not in last.attributes
