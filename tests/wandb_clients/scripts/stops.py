"""A program that would go on for minutes, and says how it ended."""

import sys
import time

import wandb

project, run_id = sys.argv[1:]
run = wandb.init(project=project, id=run_id)
try:
    for step in range(1_200):
        run.log({"a": step})
        time.sleep(0.1)
except KeyboardInterrupt:
    print("interrupted at", step)
    run.finish(exit_code=255)
