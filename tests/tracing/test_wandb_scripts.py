"""Whole scripts written for wandb, with one line changed: what they log is what is read back.

Each runs twice as a process of its own; what it says that it has logged, it says without us.
"""

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support.commands import clean_env
from support.servers import ServerProcess
from support.trainings import points

from weave_core import Client
from weave_core.client.runs import StoredRun
from weave_core.tracing.spool import sync

SCRIPTS = sorted((Path(__file__).parent / "wandb_scripts").glob("*.py"))
AT_ONCE = 3
Told = list[dict[str, Any]]


@pytest.fixture(scope="module")
def told_twice(
    server: ServerProcess, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[Told]]:
    """What each script says that it has logged, the first time and the second."""
    root = tmp_path_factory.mktemp("scripts")

    def run(script: Path) -> Told:
        folder = root / script.stem
        folder.mkdir(exist_ok=True)
        (folder / script.name).write_bytes(script.read_bytes())
        done = subprocess.run(
            [sys.executable, "-W", "error", script.name],
            cwd=folder,
            env={
                **clean_env(),
                "WEAVE_CORE_ENDPOINT": server.url,
                "WEAVE_CORE_HOME": str(root / "home" / script.stem),
            },
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, f"{script.name}: {done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr
        [line] = re.findall(r"^TOLD (.*)$", done.stdout, re.MULTILINE)
        found: Told = json.loads(line)
        return found

    with ThreadPoolExecutor(AT_ONCE) as pool:
        rounds = [list(pool.map(run, SCRIPTS)) for _ in range(2)]
    assert sync(server.url, home=root / "home" / "offline").failure == ""
    return {script.stem: list(both) for script, *both in zip(SCRIPTS, *rounds, strict=True)}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_what_a_script_logs_is_what_is_read_back(
    script: Path, told_twice: dict[str, list[Told]], client: Client
) -> None:
    """Points, config, summary, media, tables, files and artifacts, of both times."""
    project = re.findall(r'project="(\w+)"', script.read_text(encoding="utf-8"))[0]
    first, second = told_twice[script.stem]
    ids = [each["id"] for each in [*first, *second]]
    assert len(set(ids)) == (1 if script.stem == "resumed" else len(ids))
    for told in second if script.stem == "resumed" else [*first, *second]:
        check(client.run(told["id"], project), told, client)


def check(run: StoredRun, told: dict[str, Any], client: Client) -> None:
    """A run is as its program says."""
    info = run.info
    assert info.state == told.get("state", "finished"), info
    assert points(client, run.project, run.id) == {
        key: {int(step): value for step, value in values.items()}
        for key, values in told["points"].items()
    }
    assert info.config == told.get("config", info.config)
    for name in ("name", "group", "job_type", "notes", "tags"):
        assert getattr(info, name) == told.get(name, getattr(info, name)), name
    assert told.get("summary", {}).items() <= info.summary.items(), info.summary
    assert run.media_keys == told.get("media", run.media_keys if "cells" in told else [])
    for key, rows in told.get("tables", {}).items():
        assert [list(row.values()) for row in next(run.media(key)).to_rows()] == rows
    for key, rows in told.get("cells", {}).items():
        plain = [
            [cell for cell in row.values() if not isinstance(cell, dict)]
            for row in next(run.media(key)).to_rows()
        ]
        assert plain == rows
    assert [file.name for file in run.files()] == told.get("files", [])
    for role in ("made", "used"):
        uses = client.list_run_artifacts(run.project, run.id)
        found = {use.name if use.type != "code" else "code" for use in uses if use.role == role}
        names = {"model" if name.endswith("model.json") else name for name in found}
        assert names == set(told.get(role, [])), (role, names)
    assert not info.problems, info.problems
