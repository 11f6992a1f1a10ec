"""A repository that Aim has written, imported where Aim is installed: in an environment apart."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from support.commands import clean_env
from support.environments import newest
from support.servers import ServerProcess
from support.trainings import points

from weave_core import Client

ROOT = Path(__file__).parents[2]
AIM = "aim==3.29.1"
TRAINING = """
import numpy as np
from aim import Distribution, Image, Run, Text

run = Run(repo=".", experiment="digits", system_tracking_interval=None, log_system_params=False)
run.name, run.description = "first", "some notes"
run.add_tag("team")
run["hparams"] = {"lr": 0.1, "layers": [1, 2]}
for step in range(5):
    run.track(1 / (step + 1), name="loss", step=step, epoch=step // 2, context={"subset": "train"})
    run.track(2 / (step + 1), name="loss", step=step, epoch=step // 2, context={"subset": "val"})
run.track(float("nan"), name="bad", step=0)
picture = np.zeros((4, 6, 3), dtype="uint8")
run.track(Image(picture, caption="black"), name="picture", step=1)
run.track([Image(picture), Image(picture + 255)], name="pictures", step=2)
run.track(Distribution([1, 2, 2, 3], bin_count=4), name="weights", step=1)
run.track(Text("# It went well"), name="notes", step=1)
run.close()
"""


@pytest.mark.timeout(600)  # Aim is installed.
@pytest.mark.skipif(sys.version_info >= (3, 13), reason="Aim has no wheels")
def test_a_repository_of_aim_is_taken(
    server: ServerProcess, client: Client, project: str, tmp_path: Path
) -> None:
    """Metrics by context, epochs, settings, tags, notes, times and media, also without an index."""
    project_file = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    environment = newest("aim", AIM, *project_file["project"]["dependencies"])

    def run(*words: str) -> str:
        done = subprocess.run(
            [environment.python, *words],
            env=clean_env({"PYTHONPATH": str(ROOT), "WEAVE_CORE_HOME": str(tmp_path / "home")}),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("-c", TRAINING)
    importing = ("-m", "weave_core", "import", ".", "--project", project, "--server", server.url)
    [told] = json.loads(run(*importing, "--json"))["runs"]
    assert (told["source"], told["media"], told["problems"]) == ("aim", 5, {})
    stored = client.run(told["run_id"], project)
    info = stored.info
    assert (info.name, info.group, info.notes) == ("first", "digits", "some notes")
    assert (info.tags, info.state) == (["team"], "finished")
    assert info.config == {"hparams": {"lr": 0.1, "layers": [1, 2]}}
    found = points(client, project, stored.id)
    assert found["train/loss"] == {step: 1 / (step + 1) for step in range(5)}
    assert found["val/loss"][4] == 2 / 5
    assert found["epoch"] == {0: 0, 1: 0, 2: 1, 3: 1, 4: 2}
    shown = {key: list(stored.media(key)) for key in stored.media_keys}
    assert shown["picture"][0].caption == "black"
    assert [each.kind for each in shown["pictures"]] == ["image", "image"]
    assert shown["weights"][0].info["counts"] == [1, 0, 2, 1]
    assert shown["notes"][0].read() == b"# It went well"
    [again] = json.loads(run(*importing, "--json"))["runs"]
    assert again["outcome"] == "known"
