"""What the store promises about objects, whichever database it is."""

import hashlib
import json
from pathlib import Path

import httpx
import pytest
from support.servers import ServerProcess, start_server

from weave_core import Client
from weave_core.errors import BadRequest, NotFound, TooLarge

PROMPT = {"system": "You are terse.", "temperature": 0.5, "stop": ["\n"], "é": "ünï 🎉"}
CANONICAL = '{"stop":["\\n"],"system":"You are terse.","temperature":0.5,"é":"ünï 🎉"}'


@pytest.fixture
def many(client: Client, project: str) -> str:
    """A project with one prompt in five versions, and a dataset."""
    for number in range(1, 6):
        client.publish_object(project, "prompt", "greeting", {"n": number})
    client.publish_object(project, "dataset", "golden", [1])
    return project


def test_the_same_content_is_the_same_version(client: Client, project: str) -> None:
    """Key order and repeats change nothing; the digest is the one that anybody can compute."""
    first = client.publish_object(project, "prompt", "greeting", PROMPT)
    again = client.publish_object(project, "prompt", "greeting", dict(reversed(PROMPT.items())))
    other = client.publish_object(project, "prompt", "greeting", {**PROMPT, "temperature": 1})

    assert again == first
    assert first.digest == "sha256:" + hashlib.sha256(CANONICAL.encode()).hexdigest()
    assert (first.version, other.version) == (1, 2)
    assert first.size_bytes == len(CANONICAL.encode())
    found = client.get_object(project, "prompt", "greeting", first.digest)
    assert found.content == PROMPT
    assert found.aliases == []
    assert client.get_object(project, "prompt", "greeting").version == 2


def test_what_is_published_last_is_the_latest(client: Client, project: str) -> None:
    """Going back to an old content is a publication too."""
    for text in ("a", "b", "a"):
        client.publish_object(project, "value", "letter", text)

    latest = client.get_object(project, "value", "letter", "latest")
    assert (latest.content, latest.version, latest.aliases) == ("a", 1, ["latest"])
    assert [item.version for item in client.list_versions(project, "value", "letter").items] == [
        2,
        1,
    ]


def test_a_version_is_found_by_every_name_it_has(client: Client, many: str) -> None:
    """Alias, number, number with a v, digest, and the beginning of one."""
    third = client.set_alias(many, "prompt", "greeting", "production", "3")

    assert third.aliases == ["production"]
    for name in ("production", "3", "v3", third.digest, third.digest[:20]):
        assert client.get_object(many, "prompt", "greeting", name).content == {"n": 3}, name


def test_an_alias_leads_elsewhere_and_goes(client: Client, many: str) -> None:
    """It leads to one version at a time, may be set from another alias, and can be taken away."""
    client.set_alias(many, "prompt", "greeting", "production", "3")
    moved = client.set_alias(many, "prompt", "greeting", "production", "latest")

    assert (moved.version, moved.aliases) == (5, ["latest", "production"])
    assert client.get_object(many, "prompt", "greeting", "3").aliases == []
    with pytest.raises(BadRequest, match="given by the store"):
        client.delete_alias(many, "prompt", "greeting", "latest")
    client.delete_alias(many, "prompt", "greeting", "production")
    with pytest.raises(NotFound, match="has no version 'production'"):
        client.get_object(many, "prompt", "greeting", "production")
    with pytest.raises(NotFound, match="has no alias 'production'"):
        client.delete_alias(many, "prompt", "greeting", "production")


def test_tags_are_added_by_publishing_and_replaced_by_hand(client: Client, project: str) -> None:
    """A second publication of the same content only adds."""
    client.publish_object(project, "value", "x", 1, tags=["a"])
    assert client.publish_object(project, "value", "x", 1, tags=["b", "a"]).tags == ["a", "b"]
    assert client.set_tags(project, "value", "x", "latest", ["c"]).tags == ["c"]
    assert client.get_object(project, "value", "x").tags == ["c"]
    with pytest.raises(BadRequest, match="would have 51 tags"):
        client.publish_object(project, "value", "x", 1, tags=[f"t{n}" for n in range(50)])


def test_lists_come_page_by_page(client: Client, many: str) -> None:
    """Each object once, by its latest version; versions newest first."""
    first = client.list_objects(many, limit=1)
    second = client.list_objects(many, limit=1, cursor=first.next_cursor)
    assert [(item.kind, item.name, item.version) for item in (*first.items, *second.items)] == [
        ("dataset", "golden", 1),
        ("prompt", "greeting", 5),
    ]
    assert second.next_cursor is None
    assert [item.kind for item in client.list_objects(many, kind="prompt").items] == ["prompt"]
    assert client.list_objects(many, name="nothing").items == []

    numbers, cursor = [], None
    while True:
        page = client.list_versions(many, "prompt", "greeting", limit=2, cursor=cursor)
        numbers += [item.version for item in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert numbers == [5, 4, 3, 2, 1]


def test_objects_outlive_the_server(store_env: dict[str, str], home: Path) -> None:
    """What was acknowledged is there after SIGKILL."""
    with start_server(home, env=store_env) as server, Client(server.url) as client:
        kept = client.publish_object("p", "value", "x", PROMPT, aliases=["good"])
        server.kill()
    with start_server(home, env=store_env) as server, Client(server.url) as client:
        assert client.get_object("p", "value", "x", "good").digest == kept.digest


@pytest.mark.parametrize(
    ("place", "aliases", "said"),
    [
        ("Prompt/x", [], "kind"),
        ("prompt/a:b", [], "name"),
        ("prompt/.hidden", [], "name"),
        (f"prompt/{129 * 'x'}", [], "name"),
        ("prompt/x", ["latest"], "given by the store"),
        ("prompt/x", ["3"], "aliases"),
        ("prompt/x", ["v3"], "number of a version"),
        ("prompt/x", [f"a{n}" for n in range(21)], "aliases"),
    ],
)
def test_what_can_be_no_name_is_refused(
    client: Client, project: str, place: str, aliases: list[str], said: str
) -> None:
    """The answer says which part is wrong, and nothing is kept."""
    kind, name = place.split("/")
    with pytest.raises(BadRequest, match=said):
        client.publish_object(project, kind, name, 1, aliases=aliases)
    with pytest.raises(NotFound, match="no project"):
        client.list_objects(project)


def test_what_is_not_there_is_told_with_what_is(client: Client, many: str) -> None:
    """Object, version, and a digest that is none."""
    with pytest.raises(NotFound, match="there is no prompt 'farewell'"):
        client.list_versions(many, "prompt", "farewell")
    with pytest.raises(NotFound, match="aliases: latest"):
        client.get_object(many, "prompt", "greeting", "9")
    with pytest.raises(BadRequest, match="8 to 64 digits"):
        client.get_object(many, "prompt", "greeting", "sha256:abc")
    with pytest.raises(BadRequest, match="no beginning of a digest"):
        client.get_object(many, "prompt", "greeting", "sha256:zzzzzzzzzz")


def test_a_body_that_is_none_is_refused(server: ServerProcess, project: str) -> None:
    """No JSON, no content, and more than the server reads."""
    url = f"{server.url}/api/projects/{project}/objects/value/x"
    for body, said in ((b"{", "no JSON"), (b"{}", "content is wrong"), (b"[]", "is wrong")):
        answer = httpx.post(url, content=body)
        assert answer.status_code == 400, body
        assert said in answer.json()["error"]["message"]
    big = json.dumps({"content": "x" * (65 * 1024 * 1024)})
    with pytest.raises(TooLarge), Client(server.url) as client:
        client.publish_object(project, "value", "x", big)


def test_a_large_content_comes_back_whole(client: Client, project: str) -> None:
    """Tens of thousands of rows are one object."""
    rows = [{"question": f"what is {n} and {n}?", "expected": 2 * n} for n in range(50_000)]
    kept = client.publish_object(project, "dataset", "sums", {"rows": rows})
    assert client.get_object(project, "dataset", "sums", kept.digest).content == {"rows": rows}
