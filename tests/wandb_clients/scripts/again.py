"""Goes on with runs: resumed, taken back, forked, stopped from outside, failed; and an alert."""

import subprocess
import sys
import time

import wandb

project, what, run_id, *more = sys.argv[1:]

if what == "begin":
    with wandb.init(project=project, id=run_id, config={"lr": 0.1}, tags=["old"]) as run:
        print("first attempt")
        for step in range(10):
            run.log({"loss": float(step)})
        run.alert("careful", text="the loss goes up", level="WARN")
elif what == "resume":
    with wandb.init(project=project, id=run_id, resume="must") as run:
        print("second attempt")
        assert run.config["lr"] == 0.1
        assert run.summary["loss"] == 9.0
        for _ in range(5):
            run.log({"loss": 100.0})
elif what == "rewind":
    with wandb.init(project=project, resume_from=f"{run_id}?_step=3") as run:
        run.log({"loss": -1.0})
elif what == "fork":
    with wandb.init(project=project, id=more[0], fork_from=f"{run_id}?_step=3") as run:
        run.log({"loss": -2.0})
elif what == "fail":
    with wandb.init(project=project, id=run_id) as run:
        run.log({"loss": 1.0})
        raise ValueError("on purpose")
elif what == "offline":
    with wandb.init(project=project, id=run_id, mode="offline") as run:
        print("printed offline")
        for step in range(50):
            run.log({"loss": 1 / (step + 1)})
    for _ in range(int(more[0])):
        words = [
            sys.executable,
            "-m",
            "wandb",
            "sync",
            "--no-include-synced",
            run.settings.sync_dir,
        ]
        subprocess.run(words, check=True)
elif what == "wait":  # More: how many steps, 20 a second.
    with wandb.init(project=project, id=run_id) as run:
        for step in range(int(more[0])):
            run.log({"loss": float(step)})
            time.sleep(0.05)
    print("came to its end")
