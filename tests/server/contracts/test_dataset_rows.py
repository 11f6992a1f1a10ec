"""What the store promises about the rows of datasets, whichever database it is."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from support.servers import ServerProcess

import weave_core
from weave_core import Client, Dataset
from weave_core.errors import BadRequest, NotFound
from weave_core.row_chunks import CHUNK_ROWS

LONG = "words of a long context " * 30
COUNT = 2_300


def questions(count: int, *, start: int = 0) -> Iterator[dict[str, Any]]:
    """Rows that say different things, of a kilobyte each, so that many of them are blobs."""
    for number in range(start, start + count):
        word = f"{number * 7_919:x}"
        yield {"question": f"{word} of {word}?", "context": f"{word} {LONG}", "expected": number}


@pytest.fixture
def large(client: Client, project: str) -> str:
    """A project with a dataset whose rows are in three blobs."""
    dataset = Dataset(questions(COUNT), name="large")
    assert len(dataset.to_content()["chunks"]) == COUNT // CHUNK_ROWS + 1
    weave_core.publish(dataset, project=project, client=client)
    return project


def test_a_page_begins_at_any_row(client: Client, large: str) -> None:
    """Its rows in their order, how many there are, the columns, and where the next page begins."""
    page = client.list_rows(large, "large", start=995, limit=10)

    assert (page.count, page.version.version, page.next_start) == (COUNT, 1, 1_005)
    assert [each.index for each in page.items] == list(range(995, 1_005))
    assert [each.row["expected"] for each in page.items] == list(range(995, 1_005))
    assert sorted(page.columns) == ["context", "expected", "question"]
    last = client.list_rows(large, "large", start=COUNT - 1, limit=10)
    assert (len(last.items), last.next_start) == (1, None)
    assert client.list_rows(large, "large", start=COUNT + 5).items == []


def test_rows_are_searched_by_what_they_say(client: Client, large: str) -> None:
    """Case aside, in the values and not in the names of columns, also within values of values."""
    word = f"{2_222 * 7_919:x}"
    [found] = client.list_rows(large, "large", search=f"{word.upper()} OF").items
    assert (found.index, found.row["expected"]) == (2_222, 2_222)
    assert client.list_rows(large, "large", search="expected").items == []
    two = client.list_rows(large, "large", search="words of a long", start=7, limit=2)
    assert ([each.index for each in two.items], two.next_start) == ([7, 8], 9)

    rows = [{"q": 'he said "Über\nall"'}, {"q": {"deep": ["Paris"]}}, {"paris": 1}]
    client.publish_object(large, "dataset", "small", {"rows": rows})
    found_in = {
        text: [each.index for each in client.list_rows(large, "small", search=text).items]
        for text in ('said "über\nALL', "paris", "deep", "none")
    }
    assert found_in == {'said "über\nALL': [0], "paris": [1], "deep": [1], "none": []}


@pytest.mark.parametrize("count", [3, COUNT])
def test_added_rows_are_a_new_version_with_the_digest_of_all_rows(
    client: Client, project: str, count: int
) -> None:
    """As if the whole had been published; each row says who added it and when."""
    first = Dataset(questions(count), name="set")
    weave_core.publish(first, project=project, client=client)
    before = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    origin = {"trace_id": "ab" * 16, "span_id": "cd" * 8}
    new = [{**row, "metadata": origin} for row in questions(2, start=50_000)]

    done = client.add_rows(project, "set", new, added_by="ada")

    assert (done.count, done.added, done.near) == (count + 2, 2, [])
    assert done.version is not None
    assert (done.version.version, done.version.aliases) == (2, ["latest"])
    whole = weave_core.get("dataset/set", project=project, client=client)
    assert whole.digest == done.version.digest
    assert len(weave_core.get("dataset/set:1", project=project, client=client)) == count
    assert [item.key for item in whole.items[:count]] == [item.key for item in first.items]
    kept = whole.items[-1].row
    assert {key: kept["metadata"][key] for key in origin} == origin
    assert kept["metadata"]["added_by"] == "ada"
    assert kept["metadata"]["added_at"] >= before
    assert whole.items[-1].key == Dataset(new).items[-1].key, "where it is from is no content"


def test_rows_that_stand_there_are_left_out_and_near_ones_told(client: Client, large: str) -> None:
    """An equal row is not added, one that says nearly the same is, and both say where it stands."""
    equal, base = list(questions(2, start=1_500))
    near = {**base, "context": base["context"].replace("long", "lonG", 2) + "!"}
    other = {"question": "something else altogether", "context": "that nobody asked before"}
    rows = [{**equal, "id": "another"}, near, other, dict(other)]

    trial = client.add_rows(large, "large", rows, is_trial=True)
    assert client.list_rows(large, "large").count == COUNT
    done = client.add_rows(large, "large", rows)

    assert trial.near == done.near
    assert (trial.added, done.added, done.count) == (2, 2, COUNT + 2)
    told = [(each.index, each.other_index, each.is_equal) for each in done.near]
    assert told == [(0, 1_500, True), (1, 1_501, False), (3, None, True)]
    assert 0.8 < done.near[1].similarity < 1
    assert done.near[1].text.startswith(base["question"][:5])
    again = client.add_rows(large, "large", rows)
    assert (again.added, again.count) == (0, COUNT + 2)
    assert again.version == done.version


def test_two_versions_differ_by_what_their_rows_say(client: Client, large: str) -> None:
    """Rows that one of them has, with their places; order and metadata change nothing."""
    rows = list(questions(COUNT))
    changed = [*rows[:10], {**rows[10], "expected": "ten"}, *rows[11:], *questions(1, start=9_999)]
    changed[20]["metadata"] = {"note": "seen"}
    weave_core.publish(Dataset(changed, name="large"), project=large, client=client)

    found = client.compare_rows(large, "large", "2", "1")

    assert (found.added, found.removed, found.same) == (2, 1, COUNT - 1)
    assert [(each.op, each.index) for each in found.items] == [
        ("added", 10), ("added", COUNT), ("removed", 10),
    ]  # fmt: skip
    assert found.items[0].row["expected"] == "ten"
    assert (found.version.version, found.base.version) == (2, 1)


def test_what_cannot_be_rows_is_refused(
    client: Client, project: str, server: ServerProcess
) -> None:
    """A dataset that is none, rows that are none, and nothing: each with what to do."""
    client.publish_object(project, "dataset", "numbers", [1, 2])
    with pytest.raises(BadRequest, match="'numbers': what was published is no list of rows"):
        client.list_rows(project, "numbers")
    with pytest.raises(BadRequest, match="no list of rows"):
        client.add_rows(project, "numbers", [{"a": 1}])
    with pytest.raises(BadRequest, match="'metadata' of a row is 'yesterday'"):
        client.add_rows(project, "new", [{"a": 1, "metadata": "yesterday"}])
    with pytest.raises(BadRequest, match="no row was given"):
        client.add_rows(project, "new", [])
    with pytest.raises(BadRequest, match="can't be kept"):
        client.add_rows(project, "new", [{"a": object()}])
    with pytest.raises(NotFound, match="no dataset 'new'"):
        client.list_rows(project, "new")
    path = f"{server.url}/api/projects/{project}/datasets/new/rows"
    answer = httpx.post(path, json={"rows": []})
    assert answer.status_code == 400
    assert "rows is wrong" in answer.json()["error"]["message"]


def test_kinds_are_counted(client: Client, large: str) -> None:
    """What there is to look at, by name."""
    for name in ("a", "b"):
        client.publish_object(large, "prompt", name, 1)
    client.publish_object(large, "prompt", "a", 2)
    kinds = client.list_kinds(large)
    assert [(each.kind, each.count) for each in kinds] == [("dataset", 1), ("prompt", 2)]
    with pytest.raises(NotFound):
        client.list_kinds("no-such-project")
