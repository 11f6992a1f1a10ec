"""`weave-core traces`: what is stored, read in a terminal."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from support.commands import run_command
from support.servers import ServerProcess

Send = Callable[..., str]
Read = Callable[..., "Output"]


class Output:
    """What a command printed."""

    def __init__(self, code: int, text: str, error: str) -> None:
        self.code, self.text, self.error = code, text, error


@pytest.fixture
def read(server: ServerProcess, project: str) -> Read:
    """Runs `weave-core traces ...` against the shared server and this test's project."""

    def run(*words: str, of: str = project) -> Output:
        env = {"WEAVE_CORE_ENDPOINT": server.url, "WEAVE_CORE_PROJECT": of, "TZ": "UTC"}
        done = run_command("traces", *words, env=env)
        return Output(done.returncode, done.stdout, done.stderr)

    return run


def llm_span(attribute: Callable[..., Any]) -> dict[str, Any]:
    """A model call as the GenAI conventions have it."""
    return {
        "name": "chat gpt-4o",
        "parentSpanId": f"{1:016x}",
        "attributes": [
            attribute("gen_ai.operation.name", "chat"),
            attribute("gen_ai.provider.name", "openai"),
            attribute("gen_ai.request.model", "gpt-4o"),
            attribute("gen_ai.usage.input_tokens", 1200),
            attribute("gen_ai.usage.output_tokens", 34),
        ],
    }


def test_the_list_is_a_table_newest_first(send_trace: Send, read: Read) -> None:
    """One line a trace: when, what, how it went, how long, how many spans."""
    send_trace({"name": "older"})
    newer = send_trace({"name": "newer"}, {"name": "child", "parentSpanId": f"{1:016x}"})

    shown = read("list")

    assert shown.code == 0
    lines = shown.text.splitlines()
    [old_at] = [at for at, line in enumerate(lines) if "older" in line]
    [new_at] = [at for at, line in enumerate(lines) if "newer" in line]
    assert new_at < old_at
    assert newer[:12] in lines[new_at]
    assert "2.50 s" in lines[new_at]


def test_the_list_as_json_is_what_the_api_answers(send_trace: Send, read: Read) -> None:
    """`--json` is for programs: ids in full, numbers as numbers."""
    trace_id = send_trace({"name": "work"})

    page = json.loads(read("list", "--json").text)

    assert page["next_cursor"] is None
    [summary] = page["items"]
    assert summary["trace_id"] == trace_id
    assert summary["span_count"] == 1


def test_a_limit_is_kept_and_said(send_trace: Send, read: Read) -> None:
    """A list that was cut says so."""
    for _ in range(3):
        send_trace()

    shown = read("list", "--limit", "2")

    assert shown.text.count("work") == 2
    assert "--limit" in shown.text


def test_a_filter_narrows_the_list(send_trace: Send, read: Read) -> None:
    """The same expression as everywhere else."""
    send_trace({"name": "good"})
    send_trace({"name": "bad", "status": {"code": 2, "message": "boom"}})

    shown = read("list", "--filter", "status = 'error'")

    assert "bad" in shown.text
    assert "good" not in shown.text


def test_a_wrong_filter_gets_a_caret_under_the_place(send_trace: Send, read: Read) -> None:
    """The message repeats the expression and points at the word that is not known."""
    send_trace()
    expression = "status = 'ok' and modl = 'gpt-4o'"

    shown = read("list", "--filter", expression)

    assert shown.code == 1
    lines = shown.error.splitlines()
    assert lines[0].startswith("weave-core: ")
    [at] = [at for at, line in enumerate(lines) if line == f"  {expression}"]
    assert lines[at + 1] == "  " + " " * expression.index("modl") + "^"
    assert "Traceback" not in shown.error


def test_an_unknown_project_is_one_line(read: Read) -> None:
    """The name is repeated, so that a typo is seen."""
    shown = read("list", of="no-such-project")

    [line] = shown.error.splitlines()
    assert shown.code == 1
    assert "'no-such-project'" in line


def test_a_trace_is_shown_as_a_tree(
    send_trace: Send, read: Read, attribute: Callable[..., Any]
) -> None:
    """What called what, with model, tokens, cost and the reason of a failure."""
    trace_id = send_trace(
        {"name": "agent"},
        llm_span(attribute),
        {
            "name": "lookup",
            "parentSpanId": f"{2:016x}",
            "status": {"code": 2, "message": "order not found"},
        },
    )

    shown = read("show", trace_id)

    assert shown.code == 0
    lines = shown.text.splitlines()
    [agent] = [line for line in lines if "agent" in line and "── " in line]
    [model] = [line for line in lines if "chat gpt-4o" in line]
    [tool] = [line for line in lines if "lookup" in line]
    assert agent.index("agent") < model.index("chat") < tool.index("lookup")
    assert "1,234 tokens" in model
    assert "$0.00" in model
    assert "order not found" in tool


def test_the_beginning_of_an_id_is_enough(send_trace: Send, read: Read) -> None:
    """What the table shows can be typed back."""
    trace_id = send_trace({"name": "work"})

    shown = read("show", trace_id[:12].upper(), "--json")

    assert json.loads(shown.text)["trace"]["trace_id"] == trace_id


def test_a_beginning_that_two_ids_share_is_refused(send_trace: Send, read: Read) -> None:
    """Both are named, so that the next try is right."""
    both = [send_trace(trace_id="abc" + digit * 29) for digit in "12"]

    shown = read("show", "abc")

    assert shown.code == 1
    assert all(trace_id in shown.error for trace_id in both)


@pytest.mark.parametrize("given", ["zzz", "", "a' or 1=1 --", "f" * 40])
def test_what_is_no_trace_id_is_refused(given: str, read: Read) -> None:
    """Only hex digits get as far as the server."""
    shown = read("show", "--", given)

    assert shown.code == 1
    assert "is no trace id" in shown.error


def test_a_trace_that_is_not_there_is_one_line(send_trace: Send, read: Read) -> None:
    """Neither a whole id nor a beginning that nothing has is a stack trace."""
    send_trace()
    for given in ("0" * 31 + "f", "0f0f0f"):
        shown = read("show", given)

        assert shown.code == 1
        assert len(shown.error.splitlines()) == 1


def test_what_a_sender_wrote_cant_steer_the_terminal(send_trace: Send, read: Read) -> None:
    """Escape sequences, markup and bidirectional controls of a name are shown as harmless text."""
    hostile = "\x1b]0;owned\x07\x1b[31mred [bold]not bold[/bold] \u202egnp.exe\r\nnext"
    trace_id = send_trace({"name": hostile, "status": {"code": 2, "message": hostile}})

    for shown in (read("list"), read("show", trace_id)):
        assert shown.code == 0
        assert "[bold]not bold[/bold]" in shown.text
        assert not {"\x1b", "\x07", "\r", "\u202e"} & set(shown.text)


def test_spans_that_are_each_others_parents_are_all_shown(send_trace: Send, read: Read) -> None:
    """A circle, an orphan and a span that is its own parent: nothing is lost, nothing hangs."""
    trace_id = send_trace(
        {"name": "first", "parentSpanId": f"{2:016x}"},
        {"name": "second", "parentSpanId": f"{1:016x}"},
        {"name": "orphan", "parentSpanId": "ee" * 8},
        {"name": "narcissus", "parentSpanId": f"{4:016x}"},
    )

    text = read("show", trace_id).text

    assert all(text.count(name) >= 1 for name in ("first", "second", "orphan", "narcissus"))
