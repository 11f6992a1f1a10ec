"""`@pytest.mark.evaluate`: a test that runs on every row of a dataset, and a gate over all of them.

Switched on by `pytest_plugins = ["weave_core.evals.pytest_plugin"]` in `conftest.py`, or by `-p`.
Nothing heavy is imported before a test bears the mark.  With pytest-xdist the workers run examples,
each in its trace, and the controller sums up what they report.
"""

import asyncio
import secrets
import time
from collections.abc import Generator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from weave_core.evals.calls import Call
    from weave_core.evals.datasets import Dataset, Item
    from weave_core.evals.loggers import LoggedExample
    from weave_core.evals.results import EvaluationResult

__all__: list[str] = []

_MARK = "evaluate"
_WORD = "weave_core_run"
_OPTIONS = ("dataset", "scorers", "gate", "baseline", "name", "epochs", "cluster", "slices", "tags")

_USE = (
    "evaluate(dataset, scorers=(), gate=None, baseline=None, name=None, epochs=1, cluster=None,"
    " slices=(), tags=()): run the test on every row, as an evaluation of weave-core"
)


@dataclass(frozen=True)
class _Case:
    """One row in one epoch: what a test is parametrised with."""

    item: "Item"
    epoch: int


@dataclass(frozen=True)
class _Marked:
    """What the mark of a test function says."""

    name: str
    node: str
    function: Any
    dataset: "Dataset"
    options: Mapping[str, Any]
    scorers: "tuple[Call, ...]"


@dataclass
class _Found:
    """What one marked test has given so far."""

    record: str
    """JSON of a `StoredEvaluation`."""
    gate: str | None
    baseline: Any
    problems: list[str]
    items: list[str] = field(default_factory=list)
    """JSON of an `EvaluatedItem` each."""


@dataclass
class _Session:
    """What this process knows of the evaluations of this run."""

    run: str
    is_worker: bool
    marked: dict[str, _Marked] = field(default_factory=dict)
    spans: dict[str, Any] = field(default_factory=dict)
    found: dict[str, _Found] = field(default_factory=dict)
    results: "list[EvaluationResult]" = field(default_factory=list)


_SESSION = pytest.StashKey[_Session]()
_EXAMPLE = pytest.StashKey["LoggedExample"]()


class _Distribution:
    """The controller's side of pytest-xdist."""

    def __init__(self, session: _Session) -> None:
        self._session = session

    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker which run it belongs to."""
        node.workerinput[_WORD] = self._session.run

    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker found; one that crashed has nothing to say."""
        told = getattr(node, "workeroutput", {}).get(_WORD, {})
        for name, fields in told.items():
            found = _Found(**fields)
            known = self._session.found.setdefault(name, found)
            if known is not found:
                known.items += found.items


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line("markers", _USE)
    told = getattr(config, "workerinput", {}).get(_WORD)
    config.stash[_SESSION] = _Session(told or secrets.token_hex(16), is_worker=told is not None)
    if config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(_Distribution(config.stash[_SESSION]))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each row and epoch."""
    marker = metafunc.definition.get_closest_marker(_MARK)
    if marker is None:
        return
    if "row" not in metafunc.fixturenames:
        raise pytest.UsageError(f"{metafunc.function.__name__} is marked evaluate: it takes `row`")
    marked = _read_mark(metafunc.definition, marker)
    metafunc.config.stash[_SESSION].marked[marked.node] = marked
    epochs = int(marked.options.get("epochs", 1))
    cases = [_Case(item, epoch) for epoch in range(epochs) for item in marked.dataset.items]
    ids = [
        f"{case.item.index}-{case.epoch}" if epochs > 1 else str(case.item.index) for case in cases
    ]
    metafunc.parametrize("row", cases, indirect=True, ids=ids)


@pytest.fixture
def row(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The row that this test is about."""
    case = getattr(request, "param", None)
    if not isinstance(case, _Case):
        raise pytest.UsageError("`row` is of tests that are marked evaluate")
    return dict(case.item.row)


@pytest.fixture
def evaluated(request: pytest.FixtureRequest) -> "LoggedExample":
    """Where the test puts what came out (`output`) and own scores (`score(name, answer)`)."""
    if _EXAMPLE not in request.node.stash:
        raise pytest.UsageError("`evaluated` is of tests that are marked evaluate")
    found: LoggedExample = request.node.stash[_EXAMPLE]
    return found


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Begin the example, before fixtures ask for it."""
    marked = _marked(item)
    if marked is None:
        return
    from weave_core.evals.loggers import LoggedExample
    from weave_core.tracing import SpanHandle

    item.stash[_EXAMPLE] = LoggedExample(SpanHandle(None))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Run the test as an example with a trace of its own.

    Where the mark has a gate, the gate decides: a failed assertion is an expected failure then.
    """
    marked = _marked(item)
    if marked is None:
        yield
        return
    session = item.config.stash[_SESSION]
    case: _Case = item.callspec.params["row"]  # type: ignore[attr-defined]  # Of parametrised ones.
    error: BaseException | None = None
    with _traced(session, marked, item.stash[_EXAMPLE], case) as told:
        try:
            yield
        except Exception as failure:  # noqa: BLE001  # Raised again below, when it is written down.
            error = told.error = failure
    session.found[marked.node].items.append(told.json)
    if error is not None:
        if isinstance(error, AssertionError) and marked.options.get("gate"):
            pytest.xfail(f"recorded for the gate: {error}".splitlines()[0])
        raise error


@dataclass
class _Told:
    error: BaseException | None = None
    json: str = ""


class _traced:  # noqa: N801  # Used like a function.
    """The trace of one example, and its scores at the end."""

    def __init__(
        self, session: _Session, marked: _Marked, logged: "LoggedExample", case: _Case
    ) -> None:
        from weave_core.evals.spans import EvaluationSpans

        if marked.node not in session.spans:
            record = _record(session, marked)
            session.spans[marked.node] = EvaluationSpans(record)
            session.found[marked.node] = _Found(
                record=record.model_dump_json(exclude_none=True),
                gate=marked.options.get("gate"),
                baseline=marked.options.get("baseline"),
                problems=[problem.message for problem in marked.dataset.problems],
            )
        self._marked, self._case, self._logged = marked, case, logged
        self._span = session.spans[marked.node].begin_example(marked.name, case.item.row)
        logged.span = self._span.handle
        self._told = _Told()

    def __enter__(self) -> _Told:
        self._began_s = time.perf_counter()
        self._span.enter()
        return self._told

    def __exit__(self, *_: object) -> None:
        from weave_core.evals.scores import error_of
        from weave_core.model import EvaluatedItem, ItemScore

        latency_ms = (time.perf_counter() - self._began_s) * 1000
        error, logged, options = self._told.error, self._logged, self._marked.options
        item = self._case.item
        is_wrong = isinstance(error, AssertionError)
        if error is None or is_wrong:
            reason = str(error).splitlines()[0][:500] if is_wrong and str(error) else None
            logged.scores["passed"] = ItemScore(
                value=float(error is None), is_rate=True, reason=reason
            )
        if error is None:
            self._score()
        self._span.leave()
        cluster = item.row.get(options["cluster"]) if options.get("cluster") else None
        failed = error if error is not None and not is_wrong else None
        evaluated_item = EvaluatedItem(
            item=item.key,
            index=item.index,
            epoch=self._case.epoch,
            outcome="ok" if failed is None else "error",
            error=None if failed is None else error_of(failed),
            latency_ms=round(latency_ms, 3),
            cluster=None if cluster is None else str(cluster)[:200],
            slices={
                column: str(item.row[column])[:200]
                for column in options.get("slices", ())
                if column in item.row
            },
            scores=logged.scores,
            **self._span.ids,
        )
        self._span.end(evaluated_item, logged.output, failed)
        self._told.json = evaluated_item.model_dump_json(exclude_defaults=True)

    def _score(self) -> None:
        from weave_core.evals.scores import error_of
        from weave_core.model import ItemScore

        row = self._case.item.row
        values = {"expected": None, **row, "row": row, "output": self._logged.output}
        for call in self._marked.scorers:
            try:
                answer = asyncio.run(call(values)) if call.is_async else call.inline(values)
            except Exception as failure:  # noqa: BLE001  # A failed score is a state of its own.
                self._logged.scores[call.name] = ItemScore(error=error_of(failure))
            else:
                self._logged.score(call.name, answer)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Workers send what they have; the controller sums up, and a gate that fails fails the run."""
    known = session.config.stash[_SESSION]
    if known.is_worker:
        if known.found:
            from weave_core import tracing

            tracing.flush(30.0, is_patient=False)
            told = {node: asdict(found) for node, found in known.found.items()}
            session.config.workeroutput[_WORD] = told  # type: ignore[attr-defined]  # xdist's.
        return
    known.results = [_finish(found) for found in known.found.values()]
    if any(result.verdict == "fail" for result in known.results) and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the numbers."""
    for result in config.stash[_SESSION].results:
        colour = {"pass": "green", "fail": "red"}.get(result.verdict or "", "yellow")
        terminalreporter.section(f"evaluation {result.evaluation.name}", **{colour: True})
        terminalreporter.write_line(str(result))


def _finish(found: _Found) -> "EvaluationResult":
    from weave_core.evals.endings import Ending
    from weave_core.evals.items import Item
    from weave_core.evals.records import begin_tracing
    from weave_core.evals.results import baseline_of
    from weave_core.evals.runner import Example
    from weave_core.evals.spans import EvaluationSpans
    from weave_core.model import EvaluatedItem, StoredEvaluation

    begin_tracing()
    record = StoredEvaluation.model_validate_json(found.record)
    baseline = baseline_of(found.baseline, record.name)
    if baseline is not None:
        record = record.model_copy(update={"baseline_id": baseline.evaluation_id})
    spans = EvaluationSpans(record)
    spans.begin(record)
    items = [EvaluatedItem.model_validate_json(each) for each in found.items]
    return Ending(
        record=record,
        examples=[Example(Item("", item.index, {}), None, item) for item in items],
        spans=spans,
        baseline=baseline,
        gate=found.gate,
        problems=found.problems,
    ).result()


def _marked(item: pytest.Item) -> _Marked | None:
    if item.get_closest_marker(_MARK) is None:
        return None
    node = item.nodeid.partition("[")[0]
    return item.config.stash[_SESSION].marked.get(node)


def _read_mark(definition: Any, marker: pytest.Mark) -> _Marked:
    from weave_core.evals.calls import call_of
    from weave_core.evals.datasets import Dataset

    unknown = sorted(marker.kwargs.keys() - set(_OPTIONS))
    options = dict(zip(_OPTIONS, marker.args, strict=False)) | dict(marker.kwargs)
    if unknown or "dataset" not in options:
        raise pytest.UsageError(f"{definition.nodeid}: {unknown or 'no dataset'}; use {_USE}")
    given = options["dataset"]
    if isinstance(given, str | Path):
        given = Dataset.read(Path(definition.path).parent / given)
    dataset = given if isinstance(given, Dataset) else Dataset(given)
    columns = dataset.columns | {"row", "output", "expected"}
    return _Marked(
        name=str(options.get("name") or definition.function.__name__),
        node=definition.nodeid,
        function=definition.function,
        dataset=dataset,
        options=options,
        scorers=tuple(
            call_of(each, role="scorer", columns=columns) for each in options.get("scorers", ())
        ),
    )


def _record(session: _Session, marked: _Marked) -> Any:
    from weave_core.digests import digest_bytes
    from weave_core.evals.records import begin_tracing, new_record
    from weave_core.evals.versions import version_of
    from weave_core.model import Subject

    begin_tracing()
    evaluation_id = digest_bytes(f"{session.run} {marked.node}".encode()).removeprefix("sha256:")
    return new_record(
        marked.name,
        evaluation_id=evaluation_id[:32],
        dataset=Subject(name=marked.dataset.name, version=marked.dataset.digest),
        task=Subject(name=marked.function.__name__, version=version_of(marked.function)),
        scorers=[Subject(name="passed"), *(call.subject for call in marked.scorers)],
        epochs=int(marked.options.get("epochs", 1)),
        tags=[str(tag) for tag in marked.options.get("tags", ())],
        planned=len(marked.dataset) * int(marked.options.get("epochs", 1)),
    )
