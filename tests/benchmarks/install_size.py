"""What `pip install weave-core` puts on the disk of a program that is only traced, beside peers.

    python tests/benchmarks/install_size.py [--peer wandb] [--peer weave] ...

Each is installed into a fresh virtual environment of its own, ours from this checkout in the
versions of its lock, peers in their newest.  Printed are all files there, the package and what it
needs, without byte code, which Python adds as it imports; and then the five largest packages.  The
target is 40 MB; in November 2026 wandb took 62 MB, wandb with weave 252 MB.
"""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.environments import Environment, install, newest
from support.wheels import build

LIMIT_MB = 40
SHOWN = 5


def main() -> int:
    """Install and print; 1 where ours is above its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", action="append", default=[], metavar="PACKAGE")
    peers: list[str] = parser.parse_args().peer
    print(f"{'':28}{'MB':>8}{'packages':>10}   largest")
    with tempfile.TemporaryDirectory() as folder:
        [wheel] = build(Path(folder)).glob("*.whl")
        ours_mb = show("weave-core", install(Path(folder) / "ours", str(wheel)))
    for peer in peers:
        environment = newest(f"peer-{peer}-size", peer)
        show(f"{peer} {environment.version(peer)}", environment)
    print(f"limit: {LIMIT_MB} MB")
    return 1 if ours_mb > LIMIT_MB else 0


def show(name: str, environment: Environment) -> float:
    """Print one line; gives the megabytes."""
    folder = environment.site_packages
    sizes: Counter[str] = Counter()
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            sizes[path.relative_to(folder).parts[0]] += path.stat().st_size
    packages = len(list(folder.glob("*.dist-info")))
    largest = ", ".join(f"{part} {size / 1e6:.1f}" for part, size in sizes.most_common(SHOWN))
    megabytes = sizes.total() / 1e6
    print(f"{name:28}{megabytes:8.1f}{packages:10}   {largest}", flush=True)
    return megabytes


if __name__ == "__main__":
    sys.exit(main())
