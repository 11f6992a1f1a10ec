"""`publish` and `get`, as a program uses them."""

import math

import pytest
from support.servers import ServerProcess

import weave_core
from weave_core import Client
from weave_core.errors import BadRequest, ConfigError, NotFound
from weave_core.refs import Ref


@pytest.fixture(autouse=True)
def _surroundings(server: ServerProcess, project: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEAVE_CORE_ENDPOINT", server.url)
    monkeypatch.setenv("WEAVE_CORE_PROJECT", project)


def test_what_is_published_is_got_by_any_of_its_names(project: str) -> None:
    """By name, alias, number, digest, with the kind or without, and by the ref itself."""
    old = weave_core.publish({"text": "Hello"}, "greeting", kind="prompt", aliases=["production"])
    new = weave_core.publish({"text": "Hi"}, "greeting", kind="prompt")

    assert (old.project, old.kind, old.name) == (project, "prompt", "greeting")
    assert weave_core.get("greeting") == {"text": "Hi"}
    assert weave_core.get("prompt/greeting:latest") == {"text": "Hi"}
    for name in ("greeting:production", "greeting:1", f"greeting:{old.digest}", str(old)):
        assert weave_core.get(name) == {"text": "Hello"}, name
    assert Ref.parse(str(new)) == new


def test_an_object_says_itself_what_it_is(client: Client, project: str) -> None:
    """Kind and name come from the object where it has them."""

    class Recipe:
        kind = "recipe"
        name = "soup"

        def to_content(self) -> list[str]:
            return ["water", "salt"]

    ref = weave_core.publish(Recipe())

    assert (ref.kind, ref.name) == ("recipe", "soup")
    assert client.get_object(project, "recipe", "soup").content == ["water", "salt"]


def test_a_name_of_two_kinds_needs_its_kind() -> None:
    """Guessing would give the wrong one on the day a second kind takes the name."""
    weave_core.publish(1, "thing", kind="first")
    weave_core.publish(2, "thing", kind="second")

    with pytest.raises(BadRequest, match="several objects: first, second"):
        weave_core.get("thing")
    assert weave_core.get("thing", kind="second") == 2


def test_what_cannot_be_kept_is_refused_before_it_is_sent() -> None:
    """No name, no JSON, NaN, no such object, no ref."""
    with pytest.raises(ConfigError, match="no name"):
        weave_core.publish(1)
    with pytest.raises(BadRequest, match="can't be kept"):
        weave_core.publish({"x": object()}, "x")
    with pytest.raises(BadRequest, match="NaN"):
        weave_core.publish({"x": math.nan}, "x")
    weave_core.publish(1, "x")
    with pytest.raises(NotFound, match="no object 'y'"):
        weave_core.get("y")
    with pytest.raises(ConfigError, match="is no ref"):
        weave_core.get("weave-core://p/prompt/x@sha256:12")


def test_a_traced_call_says_which_objects_it_used(
    server: ServerProcess, client: Client, project: str
) -> None:
    """What it got and what it published, each once, and the calls of a version are found."""
    old = weave_core.publish("Hello", "greeting", kind="prompt")
    weave_core.init(project, server.url)

    @weave_core.op
    def greet() -> str:
        weave_core.get("prompt/greeting")
        weave_core.get("prompt/greeting")
        return str(weave_core.publish("Hi", "greeting", kind="prompt"))

    new = greet()
    weave_core.flush()
    weave_core.shutdown()
    for ref in (str(old), new):
        digest = ref.rpartition("@")[2]
        condition = f"attributes['weave_core.refs'] like '%{digest}%'"
        [span] = client.list_spans(project, filter=condition).items
        assert span.name.endswith("greet")
    told = client.get_span(project, span.span_id).attributes["weave_core.refs"]
    assert told.split() == [str(old), new]


def test_without_a_server_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans can wait on the disk; what is read back by name can't."""
    monkeypatch.setenv("WEAVE_CORE_ENDPOINT", "offline")
    with pytest.raises(ConfigError, match="objects are kept on a server"):
        weave_core.publish(1, "x")
