"""Marks that follow the program: sessions, users, tags, metadata; and the span one is in."""

import asyncio
import contextvars
import threading

import pytest
from opentelemetry import trace
from support.programs import Recorder

from weave_core import attributes, current_span, op, session, span
from weave_core.errors import ConfigError


@op
def work() -> None:
    """Something."""


def test_marks_reach_every_span_of_the_block(recorder: Recorder) -> None:
    """Spans of other instrumentations are marked too; after the block none is."""
    foreign = trace.get_tracer("some.library")
    with session("chat-1", user_id="u-7"), attributes(tags=["beta"], tier="pro", plan={"n": 1}):
        work()
        with foreign.start_as_current_span("http"):
            pass
    with span("after"):
        pass

    for name in ("work", "http"):
        assert recorder.attribute(name, "session.id") == "chat-1"
        assert recorder.attribute(name, "user.id") == "u-7"
        assert recorder.attribute(name, "weave_core.tags") == ("beta",)
        assert recorder.attribute(name, "weave_core.metadata.tier") == "pro"
        assert recorder.attribute(name, "weave_core.metadata.plan") == '{"n":1}'
    assert recorder.attribute("after", "session.id") is None


def test_blocks_add_up_and_the_inner_one_wins(recorder: Recorder) -> None:
    """Tags are joined; of two values the nearer one counts."""
    with attributes(tags=["a", "b"], tier="free"), attributes(tags=["b", "c"], tier="pro"):
        work()
    assert recorder.attribute("work", "weave_core.tags") == ("a", "b", "c")
    assert recorder.attribute("work", "weave_core.metadata.tier") == "pro"


def test_what_a_span_says_itself_stays(recorder: Recorder) -> None:
    """A mark of the block does not overwrite what an instrumentation set."""
    foreign = trace.get_tracer("some.library")
    with session("outer"), foreign.start_as_current_span("s", attributes={"session.id": "own"}):
        pass
    assert recorder.attribute("s", "session.id") == "own"


async def test_marks_work_with_async_with_and_follow_tasks(recorder: Recorder) -> None:
    """Each task has the marks of where it was started, and no other's."""

    async def talk(name: str) -> None:
        async with session(name):
            await asyncio.sleep(0)
            with span(name):
                await asyncio.sleep(0)

    await asyncio.gather(*(talk(f"s{n}") for n in range(3)))
    for n in range(3):
        assert recorder.attribute(f"s{n}", "session.id") == f"s{n}"


def test_a_session_without_an_id_makes_one() -> None:
    """`id` tells it, to be kept by the caller."""
    assert len(session().id) == 32
    assert session().id != session().id


def test_tags_given_as_one_text_are_refused() -> None:
    """`tags="beta"` would be four tags of one letter."""
    with pytest.raises(ConfigError, match="give a list of texts"):
        attributes(tags="beta")


def test_current_span_is_never_none(recorder: Recorder) -> None:
    """Outside of any span it takes what is written and does nothing with it."""
    outside = current_span()
    outside.set_attribute("k", 1)
    outside.set_inputs({"a": 1})
    outside.set_error(ValueError())
    assert (outside.trace_id, outside.span_id, outside.url) == ("", "", "")
    assert not outside.is_recording

    with span("inside"):
        current_span().set_attributes({"k": [1, 2], "mixed": [1, "a"]})
        current_span().set_outputs({"done": True})
    assert recorder.attribute("inside", "k") == (1, 2)
    assert recorder.attribute("inside", "mixed") == '[1,"a"]'
    assert recorder.outputs("inside") == {"done": True}


def test_threads_with_the_programs_context_keep_the_parent(recorder: Recorder) -> None:
    """A copied context carries the span into a thread; OpenTelemetry's key is the only one."""
    with span("outer"):
        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(work,))
        thread.start()
        thread.join()
    assert recorder.parent("work") == "outer"


def test_many_threads_keep_their_trees_apart(recorder: Recorder) -> None:
    """Calls of one thread are never children of another's."""

    @op
    def root(n: int) -> int:
        for _ in range(20):
            work()
        return n

    threads = [threading.Thread(target=root, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    roots = {s.context.span_id: s for s in recorder.spans if s.name == "root" and s.context}
    children = [s for s in recorder.spans if s.name == "work"]
    assert len(roots) == 8
    assert len(children) == 160
    for child in children:
        assert child.parent is not None
        assert child.context is not None
        parent = roots[child.parent.span_id]
        assert parent.context is not None
        assert parent.context.trace_id == child.context.trace_id
