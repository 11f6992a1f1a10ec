"""Aim's repositories: the folder `.aim`, with a RocksDB for each run, read by Aim's own package.

Each run's trees are opened by themselves: the index over all of them is behind, or empty, where
nobody has called `aim up`.  Nothing is written.

Source: aim 3.29's `sdk/run.py`, `sdk/sequence.py` and `sdk/objects`.
"""

import logging
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from weave_core.errors import ConfigError, MissingExtra
from weave_core.foreign_runs.records import ForeignMedium, ForeignRun, checked_id, ns_of
from weave_core.points import SYSTEM_PREFIX

__all__ = ["find", "read"]

_MEASURED = "__system__"
_LINES = "logs"
_NS_IN_MS = 1_000_000


def find(path: Path) -> list[Path]:
    """The repositories at or below `path`, each as its folder `.aim`."""
    if path.is_file():
        return []
    return sorted(
        each.parent for each in path.rglob("run_metadata.sqlite") if each.parent.name == ".aim"
    )


def read(source: Path, _root: Path) -> Iterator[ForeignRun]:
    """The runs of a repository.

    Raises:
        MissingExtra: If Aim is not installed.
        ConfigError: If Aim does not read it.
    """
    try:
        from aim import Repo
    except ImportError as error:
        raise MissingExtra(
            f"{str(source)!r} is a repository of Aim's, which only its own package reads",
            "pip install aim (it has wheels for Python up to 3.12); nothing else of it is needed",
        ) from error
    logging.getLogger("aim").setLevel(logging.ERROR)
    try:
        repo = Repo(str(source.parent))
        hashes = sorted(repo.list_all_runs())
    except Exception as error:  # What Aim raises of a broken repository is anything.
        raise ConfigError(f"Aim can't open {str(source)!r}: {error!r}", "") from error
    for run_hash in hashes:
        run = ForeignRun("aim", str(source), checked_id(run_hash))
        try:
            _take_run(run, repo, run_hash)
        except Exception as error:  # noqa: BLE001  # One of its runs is broken, as RocksDB's files are after a crash.
            run.problems["*"] = f"Aim can't read the rest of the run: {error!r}"
        yield run


def _take_run(run: ForeignRun, repo: Any, run_hash: str) -> None:
    facts = repo.request_props(run_hash, True)
    run.name, run.notes = facts.name, facts.description or None
    run.group, run.tags = _name_of(facts.experiment), [_name_of(tag) or "" for tag in facts.tags]
    run.started_ns = ns_of(facts.creation_time)
    told = _collected(
        repo.request_tree("meta", run_hash, read_only=True).subtree(("meta", "chunks", run_hash))
    )
    if told.get("end_time"):
        run.state, run.ended_ns = "finished", ns_of(told["end_time"])
    run.config = {
        str(key): each
        for key, each in _collected(told.get("attrs")).items()
        if not str(key).startswith("__")
    }
    series = repo.request_tree("seqs", run_hash, read_only=True).subtree("seqs")
    contexts = _collected(told.get("contexts"))
    epochs: dict[int, float] = {}
    for context, sequences in _collected(told.get("traces")).items():
        for name, about in sequences.items():
            version = about.get("version", 1)
            path = ("chunks", run_hash, context, name)
            tree = series.subtree(path if version == 1 else (f"v{version}", *path))
            key = _key(name, contexts.get(context) or {})
            _take_sequence(run, key, _points(tree, version), epochs)


def _collected(tree: Any) -> Mapping[Any, Any]:
    collect = getattr(tree, "collect", None)
    found = collect() if collect is not None else tree
    return found if isinstance(found, Mapping) else {}


def _name_of(thing: Any) -> str | None:
    name = getattr(thing, "name", thing)
    return None if name is None else str(name)


def _key(name: str, context: Mapping[str, Any]) -> str:
    """`val/loss` for `loss` in the context `{"subset": "val"}`."""
    within = "/".join(str(context[each]) for each in sorted(context))
    return f"{within}/{name}" if within else name


def _points(tree: Any, version: int) -> Iterator[tuple[int, Any, int, float | None]]:
    """Step, value, time in nanoseconds and epoch."""
    values = list(tree.array("val").items())
    steps = [step for step, _ in values]
    if version != 1:  # By a hash of the step.
        steps = list(tree.array("step").values())
    times, epochs = list(tree.array("time").values()), list(tree.array("epoch").values())
    for place, (_, value) in enumerate(values):
        moment = times[place] if place < len(times) else None
        epoch = epochs[place] if place < len(epochs) else None
        yield int(steps[place]), value, 0 if moment is None else ns_of(moment), epoch


def _take_sequence(
    run: ForeignRun,
    key: str,
    points: Iterator[tuple[int, Any, int, float | None]],
    epochs: dict[int, float],
) -> None:
    for step, value, time_ns, epoch in sorted(points, key=lambda point: point[0]):
        if isinstance(value, int | float):
            if key.startswith(_MEASURED):
                name = f"{SYSTEM_PREFIX}{key.removeprefix(_MEASURED)}"
                run.add({name: value}, time_ns // _NS_IN_MS, time_ns)
                continue
            run.add({key: value}, step, time_ns)
            if epoch is not None and math.isfinite(epoch) and epochs.get(step) != epoch:
                epochs[step] = epoch
                run.add({"epoch": epoch}, step, time_ns)
        elif key == _LINES:
            run.console.append((0, time_ns, f"{value.data}\n"))
        else:
            _take_media(run, key, step, time_ns, value if isinstance(value, list) else [value])


def _take_media(run: ForeignRun, key: str, step: int, time_ns: int, values: list[Any]) -> None:
    found = [_medium(value) for value in values]
    run.show(key, step, time_ns, [each for each in found if each is not None])
    if None in found:
        kind = type(values[found.index(None)]).__name__
        run.problems.setdefault(key, f"a {kind} of Aim's is left out")


def _medium(value: Any) -> ForeignMedium | None:
    kind, kept = type(value).__name__, value.storage
    caption = kept.get("caption", None)
    options = {"caption": str(caption)} if caption else {}
    if kind == "Distribution":
        edges = [float(edge) for edge in value.ranges]
        counts = [float(count) for count in value.weights]
        return ForeignMedium("histogram", None, {"counts": counts, "edges": edges})
    if kind == "Text":
        return ForeignMedium("markdown", str(value.data))
    ours = {"Image": "image", "Audio": "audio", "Figure": "plotly"}.get(kind)
    if ours is None:
        return None
    content = kept["data"].load()
    return ForeignMedium(
        ours, content.encode() if isinstance(content, str) else bytes(content), options
    )
