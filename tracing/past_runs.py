"""A run that another tracker has written, as spans of ours, with its own times.

The id of its writer and a digest of all that was read go along, so that a second import of the
same source is recognised.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan

from weave_core.foreign_runs import ForeignRun
from weave_core.jsonable import to_json
from weave_core.run_identities import foreign_writer_id
from weave_core.tracing.encoding import Encoder
from weave_core.tracing.past_words import KeepBlob, kept_files, printed, shown
from weave_core.tracing.policies import RedactionPolicy
from weave_core.tracing.redaction import Redactor
from weave_core.tracing.run_spans import RunSpans
from weave_core.tracing.step_buffers import PackedSteps, StepBuffer

__all__ = ["IMPORTED", "PastRun"]

IMPORTED = "imported"
"""What a writer's environment tells of the source under."""


class PastRun:
    """One run, ready to be sent.

    Args:
        run: What was read.
        project: Where to.
    """

    def __init__(self, run: ForeignRun, project: str) -> None:
        self._run = run
        self._project = project
        buffer = StepBuffer(self._note)
        for row in run.rows:
            buffer.add(*row)
        self._steps = buffer.take()
        self.points = sum(len(row[0]) for row in run.rows)
        self.media = sum(len(logged[3]) for logged in run.media)
        places = {(row[0], row[1]) for row in run.rows}
        if len(places) < len(run.rows):
            told = (
                f"{len(run.rows) - len(places):,} points are at steps that had one: the last stays"
            )
            self._note("(same step)", told)
        self._record = self._told()
        self.digest = _digest(run, self._record, self._steps)

    def _note(self, key: str, why: str) -> None:
        self._run.problems.setdefault(key, why)

    def _told(self) -> dict[str, Any]:
        run = self._run
        told: dict[str, Any] = {
            "config": run.config,
            "summary": run.summary,
            "metrics": run.metrics,
        }
        told |= {"name": run.name, "group": run.group, "job_type": run.job_type}
        told |= {"tags": run.tags, "notes": run.notes, "host": run.host, "problems": run.problems}
        return {key: value for key, value in told.items() if value}

    def requests(self, keep: KeepBlob) -> Iterator[bytes]:
        """Bodies of OTLP requests, in the order in which they have to be sent.

        Args:
            keep: Stores bytes and files, which have to be there before what names them.
        """
        run = self._run
        started_ns, ended_ns = run.times()
        writer_id = foreign_writer_id(run.source, run.run_id, run.part)
        spans = RunSpans(
            project=self._project,
            run_id=run.run_id,
            rank=0,
            writer_id=writer_id,
            started_ns=started_ns,
        )
        encoder, redactor = Encoder(self._project), Redactor(RedactionPolicy())
        source = {"source": run.source, "path": run.path, "digest": self.digest}
        record = {
            **self._record,
            "state": "running",
            "started_ns": started_ns,
            "told_ns": spans.now_ns(),
        }
        name = run.name or run.run_id
        yield encoder.encode([redactor.clean(spans.begun(name, record))])
        for steps in self._steps:
            yield encoder.encode([spans.steps(steps)])

        def clean(told: str, time_ns: int) -> ReadableSpan:
            return redactor.clean(spans.media(told, time_ns))

        for span in shown(run.media, keep, self._note, clean):
            yield encoder.encode([span])
        for kept in kept_files(run.files, keep, self._note, ended_ns):
            yield encoder.encode([spans.files(kept)])
        for lines in printed(run.console):
            yield encoder.encode([redactor.clean(spans.printed(lines))])
        # Last of all, so that an import that was broken off is done again.
        environment = {**run.environment, IMPORTED: source}
        end: dict[str, Any] = {"told_ns": spans.now_ns(), "environment": environment}
        if run.state != "running":
            end |= {"state": run.state, "started_ns": started_ns, "ended_ns": ended_ns}
            end |= {"problems": run.problems}  # Those of media, too, by now.
            error = "it failed" if run.state == "failed" else None
            yield encoder.encode([spans.ended(name, {**record, **end}, error)])
        else:
            yield encoder.encode([spans.word(end)])


def _digest(run: ForeignRun, record: dict[str, Any], steps: Sequence[PackedSteps]) -> str:
    digest = hashlib.sha256(to_json(record).encode())
    for each in steps:
        digest.update(each.body)
    for key, step, _, items in run.media:
        told = [(item.kind, str(item.data), sorted(item.options)) for item in items]
        digest.update(to_json([key, step, told]).encode())
    for name, path in run.files:
        digest.update(to_json([name, path.stat().st_size]).encode())
    for _, _, text in run.console:
        digest.update(text.encode("utf-8", "replace"))
    return digest.hexdigest()
