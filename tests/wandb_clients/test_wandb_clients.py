"""The real client against a real server: what a script of its users gets."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.programs import wait_for
from support.servers import ServerProcess
from support.wandb_recording import recorded
from support.wandb_requests import FOLDER, PROJECT
from support.wandb_runs import check_again, check_first, check_media

from weave_core import Client
from weave_core.errors import NotFound

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "wandb-clients.md"
SCRIPTS = Path(__file__).parent / "scripts"
KEY = "local-" + "0123456789" * 4

Script = Callable[..., str]


@pytest.fixture
def script(server: ServerProcess, tmp_path: Path, request: pytest.FixtureRequest) -> Script:
    """Runs a script of ours with the client; gives what was printed."""

    def run(
        name: str, *words: str, code: int = 0, keep: str = "", timeout_s: float = 120, **more: str
    ) -> str:
        is_kept = request.config.getoption("record") and keep != "unused"
        file = FOLDER / f"{keep or name}.jsonl" if is_kept else tmp_path / "sent"
        env = {key: value for key, value in os.environ.items() if not key.startswith("WANDB_")}
        with recorded(server.url, file) as url:
            env |= {"WANDB_BASE_URL": url, "WANDB_API_KEY": KEY, "WANDB_DIR": str(tmp_path), **more}
            env |= {"WANDB_DISABLE_GIT": "true", "WANDB_HOST": "host", "HOME": str(tmp_path)}
            done = subprocess.run(
                [sys.executable, str(SCRIPTS / f"{name}.py"), *words],
                env=env, cwd=tmp_path, capture_output=True, text=True, timeout=timeout_s,
                check=False,
            )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def test_a_training_is_a_run_like_ours(server: ServerProcess, script: Script) -> None:
    """All that it logged, printed and was told."""
    printed = script("first", PROJECT, "first1")

    assert f"/{PROJECT}/runs/first1" in printed
    with Client(server.url) as client:
        check_first(client, PROJECT, "first1")


def test_media_and_files_are_as_if_ours_had_logged_them(
    server: ServerProcess, script: Script
) -> None:
    """Pictures with boxes and masks, lists, tables with pictures, sounds, clouds, odd names."""
    script("media", PROJECT, "media1")

    with Client(server.url) as client:
        check_media(client, PROJECT, "media1")


def test_runs_are_gone_on_with_taken_back_and_forked(server: ServerProcess, script: Script) -> None:
    """Steps, printed lines and states, after each program in turn; an alert is a printed line."""
    with Client(server.url) as client:
        for words in (
            ("begin", "again1"),
            ("resume", "again1"),
            ("rewind", "again1"),
            ("fork", "again1", "fork1"),
            ("fail", "fail1"),
            ("offline", "off1", "1"),
        ):
            script("again", PROJECT, *words, code=words[0] == "fail", keep=words[0])
            check_again(client, PROJECT, words[0])


def test_what_is_synced_twice_is_there_once(server: ServerProcess, script: Script) -> None:
    """Points, printed lines and files of a run that was written offline."""
    script("again", PROJECT, "offline", "off1", "2", keep="offline")

    with Client(server.url) as client:
        check_again(client, PROJECT, "offline")


def test_runs_are_read_and_changed_by_the_public_api(script: Script) -> None:
    """Lists by filter and order, history, files, edits, deletion: the script asserts them."""
    script("first", "read-back", "first1", keep="unused")
    script("reads", "read-back", "first1", keep="unused")


def test_artifacts_are_stored_used_found_and_changed(server: ServerProcess, script: Script) -> None:
    """The script asserts what the client sees; here is what our own client does."""
    printed = script("artifacts", "stores", keep="unused")

    assert "letter" in printed.partition("refused:")[2], printed
    with Client(server.url) as client:
        found = client.list_artifacts("stores").items
        assert [each.name for each in found] == ["digits", "net", "pointer", "rows"]
        uses = client.get_artifact("stores", "digits", "v1").uses
        assert [(each.run_id, each.role) for each in uses] == [("maker", "made")]


@pytest.mark.timeout(1_200)
def test_sweeps_are_tried_by_agents_steered_and_read(server: ServerProcess, script: Script) -> None:
    """By function and by command; the trials that come out are like ours."""
    printed = script("sweeps", "searches", keep="unused", timeout_s=1_000)

    first, second, third = printed.partition("sweeps ")[2].split("\n")[0].split()
    _, fourth, run_id = next(
        line for line in printed.split("\n") if line.startswith("stopped ")
    ).split()
    assert "method" in printed.partition("refused:")[2]
    with Client(server.url) as client:
        trials = client.list_trials("searches", first)
        assert {each.state for each in trials} == {"finished"}
        assert min(each.value for each in trials if each.value is not None) == 0.1 / 3
        assert {each.state for each in client.list_trials("searches", second)} == {
            "finished",
            "failed",
        }
        assert client.get_sweep("searches", third).state == "cancelled"
        [stopped] = client.list_trials("searches", fourth)
        assert (stopped.state, stopped.run_id) == ("stopped", run_id)


def test_a_stop_asked_for_in_the_app_is_obeyed(server: ServerProcess, script: Script) -> None:
    """The program is interrupted while it goes on, as by Ctrl-C."""
    with ThreadPoolExecutor(1) as pool, Client(server.url) as client:
        ending = pool.submit(script, "stops", "stopping", "long1", keep="unused")
        wait_for(lambda: is_logging(client), timeout_s=60)
        client.run("long1", "stopping").update(stop=True)

        assert "interrupted at" in ending.result()
        assert client.run("long1", "stopping").info.state == "killed"


def is_logging(client: Client) -> bool:
    """Whether the run has come, with a step."""
    try:
        return client.run("long1", "stopping").info.last_step is not None
    except NotFound:
        return False


@pytest.mark.timeout(1_200)
def test_each_call_of_the_manuals_list_does_what_it_says(script: Script) -> None:
    """Works, or ends with a message that tells what is not served; none is left out."""
    printed = script("calls", "calls", keep="unused", timeout_s=1_000)

    outcomes = json.loads(printed.partition("outcomes ")[2].split("\n")[0])
    listed = GUIDE.read_text(encoding="utf-8").partition("## Calls, one by one")[2]
    promised = {
        call: told.strip().strip("`")
        for calls, told in re.findall(r"^\| (`.*?`) \| (.*?) \|$", listed, re.MULTILINE)
        for call in re.findall(r"`([^`]+)`", calls)
    }
    assert promised.keys() == outcomes.keys()
    assert {call: told for call, told in outcomes.items() if promised[call] not in told} == {}
