"""Fifty kills at random of traced programs, and fifty of the server they send to, together.

    python tests/benchmarks/chaos.py            # 50 of each in one run, about four minutes
    python tests/benchmarks/chaos.py --kills 200 --seed 7
    python tests/benchmarks/chaos.py server     # 50 on each store and by each door, ten minutes
    python tests/benchmarks/chaos.py server --store postgresql --door grpc

Each time the server dies, and one of two programs at that moment, or while it is away, or as it
comes up again.  Printed is how many spans had ended, by the notes that the programs made right
after, and how many of them the server has once everything was started again.  `server` kills the
server alone while four exporters send to it without a pause, who note what was acknowledged and
what was refused, and send again what was neither: what they were promised is to be there once.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.chaos import Chaos
from support.kills import kill_under_load
from support.postgres import new_database, start_postgres

STORES, DOORS = ("sqlite", "postgresql"), ("http", "grpc")


def main() -> int:
    """Run and tell; 1 where a span was lost or doubled."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", nargs="?", choices=("all", "server"), default="all")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--store", choices=STORES, action="append")
    parser.add_argument("--door", choices=DOORS, action="append")
    given = parser.parse_args()
    print(f"{given.kills} kills, seed {given.seed}", flush=True)
    if given.what == "all":
        return _all(given.kills, given.seed)
    return _server(given.store or STORES, given.door or DOORS, given.kills, given.seed)


def _all(kills: int, seed: int) -> int:
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        outcome = Chaos(Path(folder), seed).run(kills)
    print(f"took                                {time.monotonic() - begun:10.0f} s")
    print(f"kills of the server                 {outcome.kills:10,}")
    print(f"kills of programs                   {outcome.kills:10,}")
    for moment, count in sorted(outcome.moments.items()):
        print(f"  {moment:34}{count:10,}")
    print(f"spans that ended                    {outcome.ended:10,}")
    print(f"of them stored                      {outcome.stored:10,}")
    print(f"lost                                {len(outcome.lost):10,}")
    print(f"stored twice                        {len(outcome.doubled):10,}")
    return 1 if outcome.lost or outcome.doubled else 0


def _server(stores: Sequence[str], doors: Sequence[str], kills: int, seed: int) -> int:
    columns = ("acknowledged", "lost", "twice", "never came", "refused", "not told so", "seconds")
    print(f"{'':22}" + "".join(f"{column:>14}" for column in columns), flush=True)
    is_sound = True
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = None
        if "postgresql" in stores:
            url = stack.enter_context(start_postgres(folder / "postgresql"))
        for store in stores:
            for door in doors:
                env = {}
                if store == "postgresql" and url is not None:
                    env["WEAVE_CORE_DATABASE_URL"] = new_database(url)
                begun = time.monotonic()
                home = folder / f"{store}-{door}"
                found = kill_under_load(home, env, door=door, kills=kills, seed=seed)
                is_sound = is_sound and found.is_sound
                refused = found.refusals.total()
                silent = found.silent_refusals or refused - found.refusals[503]
                told = (found.acknowledged, len(found.lost), len(found.doubled))
                row = (*told, len(found.missing), refused, silent, time.monotonic() - begun)
                cells = "".join(f"{value:>14,.0f}" for value in row)
                print(f"{store + ', ' + door:22}{cells}", flush=True)
    return 0 if is_sound else 1


if __name__ == "__main__":
    sys.exit(main())
