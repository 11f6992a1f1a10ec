"""`weave-core runs` as a user types it."""

import json
import sys
from pathlib import Path

from support.commands import run_command
from support.programs import wait_for
from support.servers import ServerProcess
from support.trainings import training

import weave_core
from weave_core import Client


def test_runs_are_listed_shown_and_stopped(
    server: ServerProcess, client: Client, project: str, tmp_path: Path
) -> None:
    """A table with metrics, one run with its config and problems, a stop; JSON; a caret."""
    with training(project, server.url, tmp_path / "home"):
        for number in range(2):
            with weave_core.run(id=f"r{number}", name=f"n{number}", config={"lr": number}) as run:
                run.log({"loss": 0.5 - number / 4, "note": "text"})
    wait_for(lambda: all("loss" in each.summary for each in client.runs(project)))
    env = {"WEAVE_CORE_ENDPOINT": server.url, "WEAVE_CORE_PROJECT": project}

    listed = run_command("runs", "list", "--order-by", "metrics['loss']", env=env).stdout
    best = json.loads(
        run_command("runs", "list", "-f", "config['lr'] = 1", "--json", env=env).stdout
    )
    shown = run_command("runs", "show", "r1", env=env).stdout
    stopped = run_command("runs", "stop", "r1", env=env).stdout
    wrong = run_command("runs", "list", "-f", "metrics['loss'] = 'low'", env=env)

    assert listed.index("n1") < listed.index("n0")
    assert "0.25" in listed
    assert [each["run_id"] for each in best["items"]] == ["r1"]
    assert "config      lr = 1" in shown
    assert "note = a str was logged" in shown
    assert "was asked to stop; it is finished" in stopped
    assert (wrong.returncode, "^" in wrong.stderr) == (1, True)


def test_what_a_run_printed_is_printed_again(
    server: ServerProcess, project: str, tmp_path: Path
) -> None:
    """All of it, the last lines, those with a text, as JSON; followed until it has ended."""
    with training(project, server.url, tmp_path / "home"), weave_core.run(id="talks"):
        for epoch in range(5):
            sys.stdout.write(f"\x1b[1mepoch\x1b[0m {epoch}\x1b]0;a title\x07\n")
        sys.stderr.write("a warning\nno newline")
    env = {"WEAVE_CORE_ENDPOINT": server.url, "WEAVE_CORE_PROJECT": project}

    def printed(*options: str) -> list[str]:
        return run_command("runs", "console", "talks", *options, env=env).stdout.splitlines()

    epochs = [f"epoch {epoch}" for epoch in range(5)]
    assert printed() == [*epochs, "a warning", "no newline"]
    assert printed("--last", "2") == ["a warning", "no newline"]
    assert printed("--text", "EPOCH 3") == ["epoch 3"]
    assert printed("--follow", "--stream", "stderr") == ["a warning", "no newline"]
    [line] = [json.loads(each) for each in printed("--text", "warn", "--json")]
    assert (line["stream"], line["text"], line["number"]) == ("stderr", "a warning", 6)
    wrong = run_command("runs", "console", "none", env=env)
    assert (wrong.returncode, "has no run 'none'" in wrong.stderr) == (1, True)
