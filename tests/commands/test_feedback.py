"""`weave-core feedback`, as a user types it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.commands import run_command
from support.servers import ServerProcess

Send = Callable[..., str]


def test_feedback_is_added_listed_and_taken_back(
    server: ServerProcess, send_trace: Send, project: str
) -> None:
    """What is added is in the table and in the JSON; a wrong filter is shown with its place."""
    env = {"WEAVE_CORE_ENDPOINT": server.url, "WEAVE_CORE_PROJECT": project}
    trace_id = send_trace()
    said = ("--trace", trace_id, "--text", "too\x1b[31mlong", "--author", "ann", "--json")
    added = json.loads(run_command("feedback", "add", "thumbs", "0", *said, env=env).stdout)
    assert (added["value"], added["source"], added["author"]) == (0.0, "human", "ann")

    listed = run_command("feedback", "list", env=env).stdout
    assert trace_id in listed
    assert "\x1b" not in listed
    told = run_command("feedback", "list", "-f", "name = 'thumbs'", "--json", env=env).stdout
    assert json.loads(told) == {"items": [added]}

    wrong = run_command("feedback", "list", "-f", "nmae = 'thumbs'", env=env)
    assert wrong.returncode == 1
    assert "\n  nmae = 'thumbs'\n  ^\n" in wrong.stderr
    wrong = run_command("feedback", "add", "thumbs", "--trace", trace_id, env=env)
    assert "give value, label or text" in wrong.stderr

    assert run_command("feedback", "delete", added["feedback_id"], env=env).returncode == 0
    assert json.loads(run_command("feedback", "list", "--json", env=env).stdout) == {"items": []}


def test_a_queue_is_made_filled_answered_and_compared(
    server: ServerProcess, send_trace: Send, project: str, tmp_path: Path
) -> None:
    """Two people review two traces from the terminal; what they say fits the labels, or is told."""
    env = {"WEAVE_CORE_ENDPOINT": server.url, "WEAVE_CORE_PROJECT": project}

    def run(*arguments: str) -> Any:
        done = run_command("queue", *arguments, "--json", env=env)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    traces = [send_trace(), send_trace()]
    labels = tmp_path / "labels.json"
    asked = [{"name": "polite", "kind": "boolean"}, {"name": "stars", "kind": "number", "max": 5}]
    labels.write_text(json.dumps({"labels": asked}))
    made = run("create", "Week 3", "-l", "tone", "--labels-file", str(labels), "--overlap", "2")
    assert run("add", "Week 3", "--filter", "name = 'work'") == {"added": 2, "known": 0}
    assert run("add", made["queue_id"], "--trace", traces[0]) == {"added": 0, "known": 1}

    shown = run_command("queue", "next", "Week 3", "-r", "ann", env=env)
    assert "polite: true or false" in shown.stdout
    assert "name: work" in shown.stdout
    for who, polite in (("ann", "yes"), ("bo", "no")):
        number = run("next", "Week 3", "-r", who)["item"]["number"]
        said = (f"polite={polite}", "stars=4")
        run("answer", "Week 3", str(number), *said, "-r", who)
    wrong = run_command(
        "queue", "answer", "Week 3", "1", "polite=maybe", "stars=4", "-r", "ann", env=env
    )
    assert "true or false" in wrong.stderr

    polite, stars = run("agreement", "Week 3")["labels"]
    assert (polite["agreed"], stars["agreed"]) == (0.0, 1.0)
    assert "bo: polite=False, stars=4.0" in run_command("queue", "items", "Week 3", env=env).stdout
    assert run_command("queue", "delete", "Week 3", env=env).returncode == 0
    gone = run_command("queue", "items", "Week 3", env=env)
    assert "has no queue 'Week 3'" in gone.stderr
