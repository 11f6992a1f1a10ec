"""Pages of every order there is, while senders send: nothing is left out, nothing comes twice."""

import re
from typing import Any

import httpx
import pytest
from support.sent_spans import otlp_span, send_spans, wait_for_traces
from support.servers import ServerProcess

from weave_core import Client

START_NS = 1_767_225_600_000_000_000
MS = 1_000_000
COUNT = 23


def spans_from(first: int, count: int) -> list[dict[str, Any]]:
    """Spans with many ties, and most fields unknown on a third of them."""
    spans = []
    for n in range(first, first + count):
        call = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": f"p{n % 2}",
            "gen_ai.request.model": ("gpt-4o-mini", "gpt-4o", "unheard-of")[n % 3],
            "gen_ai.usage.input_tokens": n % 4,
            "gen_ai.usage.output_tokens": n % 3,
            "gen_ai.conversation.id": f"s{n % 2}",
            "user.id": f"u{n % 3}",
            "input.value": f"asked {n % 5}",
            "gen_ai.response.time_to_first_chunk": (n % 3) / 7,
        }
        spans.append(
            otlp_span(
                n,
                n,
                name=f"n{n % 4}",
                start_ns=START_NS + n % 5 * MS,
                duration_ns=n % 3 * MS,
                attributes=call if n % 3 else {},
                status=2 if n % 6 == 1 else 0,
            )
        )
    return spans


def orders(server: ServerProcess, project: str, path: str) -> list[str]:
    """Every field that the list may be ordered by, as a refusal names them."""
    answer = httpx.get(
        f"{server.url}/api/projects/{project}/{path}", params={"order_by": "nothing"}
    )
    hint = answer.json()["error"]["hint"]
    return re.sub(".*known: ", "", hint).split(", ")


@pytest.mark.parametrize(("path", "identity"), [("spans", "span_id"), ("traces", "trace_id")])
def test_a_page_follows_a_page_in_every_order_while_more_comes_in(
    server: ServerProcess, client: Client, project: str, path: str, identity: str
) -> None:
    """Both ways, through ties and unknown values; what came before the first page is there once."""
    send_spans(server.url, project, spans_from(1, COUNT))
    wait_for_traces(client, project, COUNT)
    names = orders(server, project, path)
    assert len(names) > 15
    arrived = COUNT
    with httpx.Client(base_url=f"{server.url}/api/projects/{project}", timeout=60) as http:
        for name in names:
            for sign in ("", "-"):
                before = {f"{n:0{16 if path == 'spans' else 32}x}" for n in range(1, arrived + 1)}
                query: dict[str, Any] = {"order_by": sign + name, "limit": 5}
                found: list[str] = []
                while True:
                    answer = http.get(f"/{path}", params=query)
                    assert answer.status_code == 200, (query, answer.text)
                    page = answer.json()
                    found += [item[identity] for item in page["items"]]
                    if page["next_cursor"] is None:
                        break
                    query["cursor"] = page["next_cursor"]
                    if len(found) == 10 and arrived < 2 * COUNT:
                        arrived += 1
                        send_spans(server.url, project, spans_from(arrived, 1))
                assert len(found) == len(set(found)), (sign, name)
                assert before <= set(found), (sign, name)


def test_a_cursor_of_another_order_list_or_hand_is_refused(
    server: ServerProcess, client: Client, project: str
) -> None:
    """400 with what it is, never a page of something else."""
    send_spans(server.url, project, spans_from(1, 7))
    wait_for_traces(client, project, 7)
    url = f"{server.url}/api/projects/{project}"
    page = httpx.get(f"{url}/spans", params={"order_by": "name", "limit": 2}).json()
    cursor = page["next_cursor"]
    for path, query in (
        ("spans", {"order_by": "-name", "cursor": cursor}),
        ("spans", {"order_by": "started_ns", "cursor": cursor}),
        ("traces", {"order_by": "name", "cursor": cursor}),
        ("spans", {"order_by": "name", "cursor": cursor[:-3]}),
        ("spans", {"order_by": "name", "cursor": "x" * 5_000}),
        ("spans", {"order_by": "name", "cursor": "é"}),
    ):
        answer = httpx.get(f"{url}/{path}", params=query)
        assert answer.status_code == 400, (path, query)
        assert answer.json()["error"]["code"] == "bad_cursor", answer.text
