"""The real client against a real server: what a script of its users gets."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.servers import ServerProcess
from support.wandb_recording import recorded
from support.wandb_requests import FOLDER, PROJECT
from support.wandb_runs import check_again, check_first, check_media

from weave_core import Client

SCRIPTS = Path(__file__).parent / "scripts"
KEY = "local-" + "0123456789" * 4

Script = Callable[..., str]


@pytest.fixture
def script(server: ServerProcess, tmp_path: Path, request: pytest.FixtureRequest) -> Script:
    """Runs a script of ours with the client; gives what was printed."""

    def run(name: str, *words: str, code: int = 0, keep: str = "", **more: str) -> str:
        is_kept = request.config.getoption("record") and keep != "unused"
        file = FOLDER / f"{keep or name}.jsonl" if is_kept else tmp_path / "sent"
        env = {key: value for key, value in os.environ.items() if not key.startswith("WANDB_")}
        with recorded(server.url, file) as url:
            env |= {"WANDB_BASE_URL": url, "WANDB_API_KEY": KEY, "WANDB_DIR": str(tmp_path), **more}
            env |= {"WANDB_DISABLE_GIT": "true", "WANDB_HOST": "host", "HOME": str(tmp_path)}
            done = subprocess.run(
                [sys.executable, str(SCRIPTS / f"{name}.py"), *words],
                env=env, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
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
