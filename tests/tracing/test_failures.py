"""What goes wrong: in the function, in its values, in us."""

import asyncio
import logging
import traceback
from typing import Any

import pytest
from support.programs import Recorder

from weave_core import op, span


class Hostile:
    """Nothing about it can be read."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    def __str__(self) -> str:
        raise RuntimeError("no str")

    @property
    def shape(self) -> int:
        """Raises."""
        raise RuntimeError("no shape")


class HostileError(Exception):
    """An error that can't even say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no message")


@op
def echo(value: Any) -> Any:
    """Gives back what it got."""
    return value


def test_an_exception_is_recorded_and_raised_untouched(recorder: Recorder) -> None:
    """The very same object arrives, and its stack has one frame of ours and no context."""
    error = ValueError("no such order")

    @op
    def fails() -> None:
        raise error

    with pytest.raises(ValueError, match="no such order") as caught:
        fails()

    assert caught.value is error
    assert error.__context__ is None
    names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert names[-1] == "fails"
    ended = recorder.one("fails")
    [event] = ended.events
    assert ended.status.description == "ValueError: no such order"
    assert event.name == "exception"
    assert dict(event.attributes or {})["exception.type"] == "ValueError"
    stack = str((event.attributes or {})["exception.stacktrace"])
    assert "in fails" in stack
    assert "weave_core" not in stack


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(2), HostileError()])
def test_every_kind_of_exception_is_recorded(recorder: Recorder, error: BaseException) -> None:
    """Interrupts, exits and errors that can't be printed are errors of the call all the same."""

    @op
    def fails() -> None:
        raise error

    with pytest.raises(type(error)):
        fails()
    assert not recorder.one("fails").status.is_ok
    assert str(recorder.attribute("fails", "error.type")).endswith(type(error).__name__)


def test_an_orderly_exit_is_no_error(recorder: Recorder) -> None:
    """`sys.exit()` with nothing to complain about."""

    @op
    def leaves() -> None:
        raise SystemExit(0)

    with pytest.raises(SystemExit):
        leaves()
    assert recorder.one("leaves").status.is_ok


async def test_a_cancelled_call_is_marked(recorder: Recorder) -> None:
    """Whoever looks for what never finished finds it."""

    @op
    async def waits() -> None:
        await asyncio.sleep(60)

    task = asyncio.create_task(waits())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert recorder.attribute("waits", "error.type") == "asyncio.exceptions.CancelledError"


@pytest.mark.parametrize(
    "value",
    [Hostile(), {"deep": [Hostile()]}, {Hostile: 1}, object(), float("nan"), 10**400, "\ud800"],
)
def test_values_that_can_not_be_read_do_not_stop_a_call(recorder: Recorder, value: Any) -> None:
    """The call gets its value; the record says what it could."""
    assert echo(value) is value
    assert recorder.outputs("echo") is not None
    assert set(recorder.inputs("echo")) == {"value"}


def test_the_record_does_not_change_with_the_value(recorder: Recorder) -> None:
    """What a program does to a value after the call is not what went in."""
    value = {"items": [1]}

    @op
    def appends(value: dict[str, list[int]]) -> dict[str, list[int]]:
        value["items"].append(2)
        return value

    appends(value)["items"].append(3)
    assert recorder.inputs("appends") == {"value": {"items": [1]}}
    assert recorder.outputs("appends") == {"items": [1, 2]}


def test_a_huge_value_is_cut_with_a_mark(recorder: Recorder) -> None:
    """A megabyte is the default limit; the record says how much there was."""
    echo({"text": ["x" * 100_000] * 50})
    outputs = recorder.outputs("echo")
    assert outputs["__truncated__"] is True
    assert outputs["length"] > 5_000_000
    assert outputs["preview"].startswith('{"text":["xxx')
    assert len(recorder.attribute("echo", "weave_core.outputs")) < 1_100_000


def test_what_refers_to_itself_ends(recorder: Recorder) -> None:
    """A cycle that also fans out would be longer than any disk."""
    loop: dict[str, Any] = {}
    loop["again"] = [loop] * 1_000
    echo(loop)
    assert len(recorder.attribute("echo", "weave_core.inputs")) < 2_000_000


def test_a_broken_hook_lets_nothing_through(
    recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    """Hooks remove secrets: where one fails, neither the secret nor the call may be lost."""

    def broken(_: Any) -> Any:
        raise LookupError("hook")

    @op(postprocess_inputs=broken, postprocess_outputs=broken)
    def login(key: str) -> str:
        return key

    with caplog.at_level(logging.WARNING, logger="weave_core"):
        for _ in range(3):
            assert login("hunter2") == "hunter2"
    for ended in recorder.spans:
        assert "hunter2" not in str(dict(ended.attributes or {}))
        assert "LookupError" in str(dict(ended.attributes or {}))
    assert len(caplog.records) == 1


def test_a_failure_of_tracing_is_one_warning(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The call goes on untraced, and the log does not fill."""
    from weave_core.tracing import calls

    def broken() -> None:
        raise RuntimeError("our bug")

    monkeypatch.setattr(calls, "active_tracer", broken)
    with caplog.at_level(logging.WARNING, logger="weave_core"):
        assert [echo(n) for n in range(100)] == list(range(100))
    assert recorder.names == []
    assert len(caplog.records) == 1


def test_a_failing_block_is_recorded(recorder: Recorder) -> None:
    """`span` does for a block what `op` does for a function."""
    with pytest.raises(ZeroDivisionError), span("block", kind="task", size=3):
        raise ZeroDivisionError
    assert recorder.attribute("block", "size") == 3
    assert recorder.attribute("block", "weave_core.kind") == "task"
    assert recorder.attribute("block", "error.type") == "ZeroDivisionError"
