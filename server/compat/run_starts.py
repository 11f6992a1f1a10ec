"""A run that a client begins, goes on with, forks or changes, in our words."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from weave_core.foreign_runs.records import ns_of
from weave_core.foreign_runs.wandb_facts import without_password
from weave_core.server.compat.configs import ToldConfig
from weave_core.server.compat.run_tellers import SOURCE
from weave_core.server.store.queries.run_sessions import RunSession

__all__ = ["begun_record", "environment_of"]

_MAX_DIGITS = 19
_TEXTS = {"displayName": "name", "groupName": "group", "jobType": "job_type", "notes": "notes"}


def begun_record(
    told: Mapping[str, Any],
    config: ToldConfig | None,
    *,
    run_id: str,
    before: RunSession | None,
) -> dict[str, Any]:
    """What the writer of a run says of it.

    Args:
        told: Arguments of the mutation; None means that it stays as it is.
        config: Likewise.
        run_id: Of the run.
        before: What is known of it.
    """
    now_ns = time.time_ns()
    started_ns = None if before is None else min(before.started_ns, before.row.started_ns)
    record: dict[str, Any] = {"state": "running", "told_ns": now_ns}
    for name, ours in _TEXTS.items():
        if isinstance(told.get(name), str) and told[name]:
            record[ours] = told[name]
    if isinstance(told.get("tags"), list):
        record["tags"] = [str(tag) for tag in told["tags"]]
    if config is not None:
        program = config.program
        stamp = _stamp_ns(program.get("startedAt"))
        known = [each for each in (started_ns, stamp) if each is not None]
        started_ns = min(known, default=None)
        record["config"] = config.values
        record["metrics"] = config.metrics or None
        record["forked_from"] = config.forked_from(run_id)
        record["environment"] = {
            **({} if before is None else before.environment),
            **environment_of(program, config.own),
        }
        told = {"host": program.get("host"), **{key: each for key, each in told.items() if each}}
    host = told.get("host")
    if isinstance(host, str) and host:
        record["host"] = host
    record["started_ns"] = now_ns if started_ns is None else started_ns
    return {key: value for key, value in record.items() if value is not None}


def environment_of(told: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """What a program runs with, as our own captures tell it.

    Args:
        told: As the client tells it, in its config and in `wandb-metadata.json`.
        own: What else the client keeps in its config, which it asks for again.
    """
    git = _object(told, "git")
    # Without its arguments, which may hold secrets.
    command = [told.get("executable"), told.get("program")]
    memory = _object(told, "memory")
    total = str(memory.get("total") or "")
    implementation, _, version = str(told.get("python") or "").rpartition(" ")
    machine = {
        "cpu_count": told.get("cpu_count_logical") or told.get("cpu_count"),
        "cpu_cores": told.get("cpu_count"),
        "memory_bytes": int(total) if total.isdigit() and len(total) < _MAX_DIGITS else None,
        "gpu": told.get("gpu"),
        "gpu_count": told.get("gpu_count"),
        "cuda": told.get("cudaVersion"),
    }
    found = {
        "git": {
            "commit": git["commit"],
            "remote": without_password(str(git.get("remote") or "")) or None,
        }
        if git.get("commit")
        else None,
        "command": [str(each) for each in command if each] or None,
        "folder": told.get("root"),
        "python": version or None,
        "implementation": implementation.lower() or None,
        "executable": told.get("executable"),
        "system": told.get("os"),
        "host": told.get("host"),
        "machine": {key: value for key, value in machine.items() if value is not None} or None,
        SOURCE: {key: value for key, value in own.items() if key != "e"} or None,
    }
    return {key: value for key, value in found.items() if value is not None}


def _object(told: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = told.get(key)
    return found if isinstance(found, dict) else {}


def _stamp_ns(text: object) -> int | None:
    """A time as the client writes it: ISO 8601, in UTC where it does not say."""
    if not isinstance(text, str):
        return None
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:
        return None
    return ns_of((stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp())
