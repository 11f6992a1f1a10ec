"""Fifty kills at random: of two traced programs and of the server they send to.

    python tests/benchmarks/chaos.py            # 50 kills, about two minutes
    python tests/benchmarks/chaos.py --kills 200 --seed 7

Prints how many spans had ended, by the notes that the programs made right after, and how many of
them the server has once everything was started again.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.chaos import Chaos


def main() -> int:
    """Run and tell; 1 where a span was lost or doubled."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    given = parser.parse_args()
    print(f"{given.kills} kills, seed {given.seed}", flush=True)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        outcome = Chaos(Path(folder), given.seed).run(given.kills)
    print(f"took                                {time.monotonic() - begun:10.0f} s")
    print(f"spans that ended                    {outcome.ended:10,}")
    print(f"of them stored                      {outcome.stored:10,}")
    print(f"lost                                {len(outcome.lost):10,}")
    print(f"stored twice                        {len(outcome.doubled):10,}")
    return 1 if outcome.lost or outcome.doubled else 0


if __name__ == "__main__":
    sys.exit(main())
