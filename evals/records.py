"""The record of an evaluation that begins: what it is, and which program runs it."""

import secrets
import time
from typing import Any

from weave_core import semconv, tracing
from weave_core.model import StoredEvaluation
from weave_core.tracing.disabled import is_disabled
from weave_core.tracing.surroundings import repository

__all__ = ["begin_tracing", "new_record"]


def begin_tracing() -> None:
    """Start tracing where the program has not: an evaluation is stored by its spans."""
    if not tracing.is_active() and not is_disabled():
        tracing.init()


def new_record(name: str, *, evaluation_id: str | None = None, **fields: Any) -> StoredEvaluation:
    """A record of an evaluation that begins now, or goes on under the id that it had."""
    found = repository()
    return StoredEvaluation(
        evaluation_id=evaluation_id or secrets.token_hex(16),
        name=name,
        branch=found.get(semconv.VCS_BRANCH),
        revision=found.get(semconv.VCS_REVISION),
        started_ns=time.time_ns(),
        **fields,
    )
