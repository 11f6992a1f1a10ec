"""What `import weave_core` costs a program, beside Python's own start and OpenTelemetry's SDK.

    python tests/benchmarks/import_time.py [--rounds 15]

Each row is a process of its own; medians of alternating rounds.  The target is 150 ms with the
interpreter's own start; peers of November 2026 took: weave 1.7 to 2.8 s, MLflow-skinny 1.7 s, wandb
0.5 to 0.7 s.  `WEAVE_CORE_DISABLED` is shown with a decorated function, since it must cost nothing.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

PROGRAMS = {
    "python alone": "pass",
    "import weave_core": "import weave_core",
    "disabled, with an @op": "import weave_core\n@weave_core.op\ndef f(): pass\nf()",
    "import opentelemetry.sdk.trace": "import opentelemetry.sdk.trace",
    "import weave_core; init": "import weave_core; weave_core.init('bench', endpoint='offline')",
}


def main() -> None:
    """Run all and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    took: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(rounds):
        for name, program in PROGRAMS.items():
            kept = {key: value for key, value in os.environ.items() if "WEAVE_CORE" not in key}
            env = kept | ({"WEAVE_CORE_DISABLED": "1"} if name.startswith("disabled") else {})
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], env=env, check=True)
            took[name].append(time.perf_counter() - began)
    alone = statistics.median(took["python alone"])
    for name, times in took.items():
        median = statistics.median(times)
        print(f"{name:32} {median * 1000:7.0f} ms   {median / alone:5.1f} x python alone")


if __name__ == "__main__":
    main()
