"""`weave-core feedback`, as a user types it."""

import json
from collections.abc import Callable

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
