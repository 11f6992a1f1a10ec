"""Evaluations over HTTP."""

from collections.abc import Iterator
from urllib.parse import quote

from weave_core.client.connection import Connection, root_of
from weave_core.model import (
    EvaluatedItem,
    EvaluationBreakdown,
    EvaluationComparison,
    Page,
    StoredEvaluation,
)

__all__ = ["EvaluationCalls"]

_LONG_S = 120.0
"""For the items of large evaluations."""


class EvaluationCalls(Connection):
    """Evaluations over HTTP."""

    def list_evaluations(
        self,
        project: str,
        *,
        name: str | None = None,
        branch: str | None = None,
        state: str | None = None,
        uses: str | None = None,
        run_id: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[StoredEvaluation]:
        """One page of the evaluations of `project`, newest first.

        Args:
            project: Its name.
            name: Only of this name.
            branch: Only those that were run on this branch.
            state: Only `running`, `done`, `stopped` or `failed` ones.
            uses: Only those whose dataset, task or scorer has this `sha256:` digest.
            run_id: Only those that this run began.
            limit: Most wanted, up to 500.
            cursor: `next_cursor` of the page before.

        Raises:
            NotFound: If the project does not exist.
        """
        query = {"name": name, "branch": branch, "state": state, "uses": uses, "run_id": run_id}
        query |= {"limit": limit, "cursor": cursor}  # type: ignore[dict-item]  # Numbers too.
        return self._page(StoredEvaluation, _path(project), query)

    def get_evaluation(self, project: str, evaluation_id: str) -> StoredEvaluation:
        """One evaluation with its numbers; while it runs, with those of what has been run.

        Raises:
            NotFound: If the project or the evaluation does not exist.
        """
        return StoredEvaluation.model_validate_json(self._read(_path(project, evaluation_id)))

    def get_baseline(self, project: str, name: str, of: str) -> StoredEvaluation:
        """The evaluation of that id, else the last of that name done on a branch or with a tag.

        Raises:
            NotFound: If there is none.
        """
        path = f"{_path(project)}/baseline"
        return StoredEvaluation.model_validate_json(self._read(path, {"name": name, "of": of}))

    def get_breakdown(self, project: str, evaluation_id: str) -> EvaluationBreakdown:
        """How the scores of an evaluation are spread, and their means in each slice.

        Raises:
            NotFound: If the project or the evaluation does not exist.
        """
        path = f"{_path(project, evaluation_id)}/breakdown"
        return EvaluationBreakdown.model_validate_json(self._read(path))

    def list_evaluated(
        self,
        project: str,
        evaluation_id: str,
        *,
        outcome: str | None = None,
        worst_by: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[EvaluatedItem]:
        """One page of the examples of an evaluation with their scores, in the dataset's order.

        Args:
            project: Its name.
            evaluation_id: Which.
            outcome: Only those that ended as `ok`, `error` or `timeout`.
            worst_by: A scorer: failed scores first, then the lowest; without further pages.
            limit: Most wanted, up to 500.
            cursor: `next_cursor` of the page before.

        Raises:
            NotFound: If the project or the evaluation does not exist.
        """
        query = {"outcome": outcome, "worst_by": worst_by, "limit": limit, "cursor": cursor}
        return self._page(EvaluatedItem, f"{_path(project, evaluation_id)}/items", query)

    def iter_evaluated(self, project: str, evaluation_id: str) -> Iterator[EvaluatedItem]:
        """All examples of an evaluation, page after page."""
        cursor = None
        while True:
            page = self.list_evaluated(project, evaluation_id, limit=500, cursor=cursor)
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def compare_evaluations(
        self, project: str, candidate: str, baseline: str
    ) -> EvaluationComparison:
        """How `candidate` differs from `baseline` on the items that both have, by content.

        Raises:
            NotFound: If the project or one of the evaluations does not exist.
        """
        path, query = f"{_path(project)}/compare", {"ids": f"{candidate},{baseline}"}
        answer = self._send("GET", path, query, timeout_s=_LONG_S)
        return EvaluationComparison.model_validate_json(answer.content)

    def delete_evaluation(self, project: str, evaluation_id: str) -> None:
        """Delete an evaluation with its items and scores; its traces stay.

        Raises:
            NotFound: If the project or the evaluation does not exist.
        """
        self._send("DELETE", _path(project, evaluation_id))


def _path(project: str, evaluation_id: str | None = None) -> str:
    root = f"{root_of(project)}/evaluations"
    return root if evaluation_id is None else f"{root}/{quote(evaluation_id, safe='')}"
