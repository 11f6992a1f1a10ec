"""Feedback out of telemetry, in the transaction that stores the telemetry."""

import logging
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection

from weave_core.errors import BadRequest
from weave_core.model import NewFeedback
from weave_core.server.store.dialects import Dialect
from weave_core.server.store.feedback import add_feedback
from weave_core.server.store.feedback_words import WORD, FeedbackWord
from weave_core.server.store.identities import Identities

__all__ = ["FeedbackInserter"]

Row = tuple[Any, ...]

_log = logging.getLogger(__name__)


class FeedbackInserter:
    """Writes feedback that came with telemetry; used by the writer's thread."""

    def __init__(self, dialect: Dialect, identities: Identities) -> None:
        self._identities = identities
        # The same event of the same span, sent again, is the same feedback; what somebody has
        # changed since stays changed.
        self._insert = dialect.insert(
            "feedback", ("project_id", *WORD), on_conflict="ON CONFLICT DO NOTHING"
        )

    def write(
        self,
        connection: Connection,
        of_spans: Iterable[tuple[str, FeedbackWord]],
        of_logs: Iterable[tuple[str, FeedbackWord]],
    ) -> None:
        """Store what spans and log records bring, each with its project."""
        rows: list[Row] = []
        for words in (of_spans, of_logs):
            for project, word in words:
                if word.given is not None:
                    self._add(connection, project, word.given)
                elif word.row is not None:
                    rows.append((self._identities.project_id(connection, project), *word.row))
        if rows:
            connection.exec_driver_sql(self._insert, rows)

    def _add(self, connection: Connection, project: str, text: str) -> None:
        self._identities.project_id(connection, project)  # It knows of each project first.
        try:
            add_feedback(connection, project=project, items=[NewFeedback.model_validate_json(text)])
        except (ValidationError, BadRequest) as error:
            # Its sender is long gone: told here, and never sent again.
            _log.warning("feedback that waited in a spool can't be kept: %s", error)
