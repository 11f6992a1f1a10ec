"""A program that never stops: memory of the process while it traces a million spans.

    python tests/benchmarks/soak.py            # 1,000,000 spans to a server of its own
    SOAK_SPANS=100000 python tests/benchmarks/soak.py

Prints the resident memory at each tenth, microseconds a call till then, and what was left out; in
the end, how many spans the server has.  It calls as fast as a service under load would after each
thousand: as soon as what ended before has left the queue.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import httpx
from support.servers import start_server

SPANS = int(os.environ.get("SOAK_SPANS", "1000000"))
BURST = 1_000


def _resident_mib() -> float:
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _stored(url: str) -> int:
    items = httpx.get(f"{url}/api/projects", timeout=60).json()["items"]
    return sum(item["span_count"] for item in items if item["name"] == "soak")


def main() -> None:
    """Trace, and print."""
    with tempfile.TemporaryDirectory() as folder, start_server(Path(folder) / "server") as server:
        os.environ["WEAVE_CORE_HOME"] = str(Path(folder) / "home")
        import weave_core
        from weave_core.tracing import lifecycle

        weave_core.init("soak", server.url)

        @weave_core.op
        def answer(question: str, number: int) -> dict[str, object]:
            return {"answer": question, "number": number}

        exporter = lifecycle._state.tracing._exporter  # type: ignore[union-attr]
        print(f"{'spans':>10} {'RSS MiB':>10} {'us a call':>10} {'left out':>10}")
        print(f"{0:>10,} {_resident_mib():>10.1f}")
        calling_s = 0.0
        for number in range(SPANS // BURST):
            begin = time.perf_counter()
            for index in range(BURST):
                answer("where is my parcel?", index)
            calling_s += time.perf_counter() - begin
            while exporter._queue.qsize() > BURST:
                time.sleep(0.001)
            done = (number + 1) * BURST
            if done % (SPANS // 10) == 0:
                us = calling_s / done * 1e6
                print(
                    f"{done:>10,} {_resident_mib():>10.1f} {us:>10.1f} {exporter.dropped:>10}",
                    flush=True,
                )
        print("all sent:", weave_core.flush(600))
        print(f"RSS in the end: {_resident_mib():.1f} MiB")
        # The server's sums follow its rows; it has time as long as they grow.
        stored, still_s = _stored(server.url), 0
        while stored < SPANS and still_s < 60:
            time.sleep(1)
            before, stored = stored, _stored(server.url)
            still_s = 0 if stored > before else still_s + 1
        print(f"stored: {stored:,} of {SPANS:,}")


if __name__ == "__main__":
    main()
