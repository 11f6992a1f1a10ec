"""What a trace holds was written by strangers: nothing of it may run, load or hide."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from playwright.sync_api import Page, expect
from support.otlp import add_event, new_span, new_trace_id, send_spans
from support.servers import ServerProcess
from support.telemetry import log_record, send_durations, send_logs

from .conftest import Window

pytestmark = pytest.mark.browser

ATTACKS = [
    "<script>window.hacked = 1</script>",
    "<img src=x onerror='window.hacked = 2'>",
    "<svg onload='window.hacked = 3'></svg>",
    "<iframe src='javascript:parent.hacked = 4'></iframe>",
    "[click me](javascript:window.hacked=5)",
    "[data](data:text/html,<script>window.hacked=6</script>)",
    "![pixel](http://tracker.invalid/pixel.png)",
    "<a href='javascript:window.hacked=7'>link</a>",
    '"><style>*{display:none}</style>',
    "</style></textarea></script><script>alert(8)</script>",
    "{{constructor.constructor('window.hacked=9')()}} ${window.hacked=10}",
    "$$\\href{javascript:window.hacked=11}{x}$$ :material/home: :red[x]",
    "`<b onmouseover=window.hacked=12>`\n```html\n<script>window.hacked=13</script>\n```",
    "| a | <img src=x onerror=window.hacked=14> |\n| --- | --- |\n| [x](vbscript:x) | <b>y</b> |",
    "invoice\u202egpj.exe \u2066isolated\u2069 \u0000\u0007\u001b[31m",
    "__proto__",
]
ALL = " ".join(ATTACKS)
LONG = "<script>window.hacked = 15</script> " * 150_000  # 5.4 MB
SVG = base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>").decode()

FIND_LIVE_PARTS = r"""() => {
    const found = [];
    const isLive = (a) =>
        /^(on|srcdoc)/i.test(a.name) ||
        (a.name !== 'title' && /^\s*(javascript|vbscript|data:(text|image.svg))/i.test(a.value));
    const visit = (root) => {
        for (const node of root.querySelectorAll('*')) {
            if (node.shadowRoot) visit(node.shadowRoot);
            for (const a of node.attributes)
                if (isLive(a)) found.push(`${node.tagName} ${a.name}=${a.value.slice(0, 80)}`);
            if (node.tagName === 'IFRAME' || /tracker/.test(node.src ?? ''))
                found.push(node.tagName);
        }
    };
    visit(document.querySelector('.stMain'));
    return found;
}"""
"""Elements, open shadow roots included, that could run something."""

OPEN_EVERYTHING = """() => {
    const folded = '.detail .fold[aria-expanded=false], .detail .more:not([title])';
    const visit = (root) => {
        for (const node of root.querySelectorAll('*')) {
            if (node.shadowRoot) visit(node.shadowRoot);
            if (node.tagName === 'DETAILS') node.open = true;
            if (node.matches(folded)) node.click();
            node.dispatchEvent(new MouseEvent('mouseover'));
        }
    };
    visit(document);
    visit(document);
}"""


def hostile_parts() -> list[dict[str, Any]]:
    """Every type of message part, each with an attack in each field."""
    texts = [{"type": "text", "content": attack} for attack in ATTACKS]
    return [
        *texts,
        {"type": "text", "content": LONG},
        {"type": "reasoning", "content": ALL},
        {"type": "tool_call", "id": ALL, "name": ALL, "arguments": {ALL: ALL, "__proto__": ALL}},
        {"type": "tool_call", "id": "1", "name": "x", "arguments": ALL},
        {"type": "tool_call_response", "id": ALL, "response": {"html": ALL}},
        {"type": "tool_call_response", "id": "1", "response": ALL},
        {"type": "blob", "mime_type": "image/svg+xml", "data": SVG},
        {"type": "blob", "mime_type": "text/html", "data": base64.b64encode(b"<b>x").decode()},
        {"type": "blob", "mime_type": "image/png", "data": "\" onerror='window.hacked=16'"},
        {"type": "uri", "mime_type": "image/png", "uri": "http://tracker.invalid/a.png"},
        {"type": "uri", "mime_type": "image/png", "uri": "javascript:window.hacked=17"},
        {"type": "uri", "mime_type": "image/svg+xml", "uri": f"data:image/svg+xml;base64,{SVG}"},
        {
            "type": "uri",
            "mime_type": "text/html",
            "uri": "data:text/html,<script>alert(1)</script>",
        },
        {"type": ALL, ALL: ALL},
    ]


def hostile_trace() -> list[Span]:
    """A trace with an attack in every field that is shown anywhere."""
    trace_id = new_trace_id()
    now = time.time_ns() - 10**9
    said = [{"role": ALL, "name": ALL, "parts": hostile_parts(), "finish_reason": ALL}]
    user = {"role": "user", "parts": hostile_parts()}
    shared = {"user.id": ALL, "session.id": ALL, "gen_ai.agent.name": ALL}
    root = new_span(
        ALL,
        trace_id,
        start_ns=now,
        duration_ms=900,
        error=ALL,
        attributes=shared
        | {
            "weave_core.display_name": ALL,
            "weave_core.tags": ATTACKS,
            "weave_core.inputs": json.dumps({ALL: ALL, "long": LONG}),
            "weave_core.outputs": json.dumps([*ATTACKS, {"deep": {ALL: [ALL]}}]),
            f"weave_core.metadata.{ALL}": ALL,
        },
    )
    model_call = new_span(
        f"chat {ATTACKS[0]}",
        trace_id,
        parent=root,
        start_ns=now,
        duration_ms=500,
        attributes=shared
        | {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": ALL,
            "gen_ai.request.model": ALL,
            "gen_ai.response.model": ALL,
            "gen_ai.response.finish_reasons": ATTACKS,
            "gen_ai.usage.input_tokens": 2**62,
            "gen_ai.input.messages": json.dumps([user]),
            "gen_ai.output.messages": json.dumps(said),
            "gen_ai.system_instructions": json.dumps(hostile_parts()),
            "gen_ai.tool.definitions": json.dumps(
                [{"type": "function", "name": ALL, "description": ALL, "parameters": {ALL: ALL}}]
            ),
            ALL: LONG,
        },
    )
    return [root, model_call, hostile_tool(root)]


def hostile_tool(root: Span) -> Span:
    """A tool that failed, with an attack in its exception, its events and its link."""
    trace_id, now = root.trace_id, root.start_time_unix_nano
    tool = new_span(
        ATTACKS[1],
        trace_id,
        parent=root,
        start_ns=now,
        duration_ms=100,
        error=ALL,
        attributes={
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": ALL,
            "gen_ai.tool.call.arguments": ALL,
            "gen_ai.tool.call.result": json.dumps({"html": ALL}),
            "gen_ai.retrieval.documents": json.dumps(
                [{"id": ALL, "content": ALL, "score": 0.5, "metadata": {ALL: ALL}}]
            ),
        },
    )
    add_event(
        tool,
        "exception",
        now,
        {"exception.type": ALL, "exception.message": LONG, "exception.stacktrace": LONG},
    )
    add_event(tool, ALL, now, {ALL: ALL})
    tool.links.add(trace_id=trace_id, span_id=root.span_id)
    return tool


def assert_nothing_ran(page: Page) -> None:
    """No script of the trace ran, and none of its HTML became an element."""
    assert page.evaluate("window.hacked") is None
    assert page.evaluate(FIND_LIVE_PARTS) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_in_a_trace_runs(
    server: ServerProcess,
    project: str,
    new_window: Callable[[str], Window],
    scheme: str,
) -> None:
    """Scripts, handlers, links, pictures and 5 MB texts in every field, through every view.

    That no dialog opened and no other host was asked is checked when the window closes.
    """
    spans = hostile_trace()
    send_spans(server.url, project, spans, service=ALL)
    window = new_window(scheme)
    page = window.page

    window.open(f"/?project={project}")
    expect(page.locator(".trace-list .tr[data-id]")).to_have_count(1)
    assert_nothing_ran(page)
    page.locator(".trace-list .tr[data-id] .c-when").click()

    rows = page.locator(".span-tree .row")
    expect(rows).to_have_count(3)
    for row in range(3):
        rows.nth(row).click()
        span_id = rows.nth(row).get_attribute("data-id")
        expect(page.locator(".detail")).to_have_attribute("data-ready", str(span_id))
        tabs = page.locator(".detail .tab")
        for tab in range(tabs.count()):
            tabs.nth(tab).click()
            open_everything(page)
            assert_nothing_ran(page)
    assert "\u202e" not in page.locator("body").inner_text()
    look_at_the_other_pages(window, project)


def look_at_the_other_pages(window: Window, project: str) -> None:
    """Sessions by their id, and charts whose lines are named by senders."""
    page = window.page
    window.open(f"/sessions?project={project}")
    expect(page.locator(".session-list .tr[data-id]")).to_have_count(1)
    assert_nothing_ran(page)
    for group in ("user", "model", "agent"):
        window.open(f"/dashboard?project={project}&by={group}")
        # Not any canvas: the table below the charts may be drawn before them.
        chart = page.locator("[data-testid=stEChartsChart] canvas, .stEChartsChart canvas").first
        expect(chart).to_be_visible()
        chart.hover()
        assert_nothing_ran(page)


def open_everything(page: Page) -> None:
    """Unfold what is folded in the detail, once, and switch the way texts are shown."""
    page.evaluate(OPEN_EVERYTHING)
    switch = page.locator(".detail .switch")
    if switch.count():
        switch.click()


def test_a_remote_picture_is_fetched_only_on_request(
    server: ServerProcess, project: str, window: Window
) -> None:
    """Looking at a message tells nobody; the button that loads its picture names the host."""
    part = {"type": "uri", "mime_type": "image/png", "uri": "http://pictures.invalid/cat.png"}
    span = new_span(
        "chat",
        new_trace_id(),
        start_ns=time.time_ns(),
        duration_ms=5,
        attributes={
            "gen_ai.operation.name": "chat",
            "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [part]}]),
        },
    )
    send_spans(server.url, project, [span])
    page = window.page
    page.route("http://pictures.invalid/**", lambda route: route.fulfill(status=204))

    window.open(f"/trace?project={project}&trace={span.trace_id.hex()}")
    button = page.get_by_role("button", name="Load picture")
    expect(button).to_be_visible()
    assert window.watch.foreign == []
    expect(button).to_have_attribute("title", "Asks pictures.invalid for it")

    button.click()
    expect(page.get_by_text("A picture (image/png) that can't be shown")).to_be_visible()
    assert window.watch.foreign == ["http://pictures.invalid/cat.png"]
    window.watch.foreign.clear()


def test_nothing_runs_beside_a_list_in_a_comparison_or_a_conversation(
    server: ServerProcess, project: str, window: Window
) -> None:
    """The same attacks through facets, the text diff and the turns of a session."""
    traces = [hostile_trace(), hostile_trace()]
    for spans in traces:
        send_spans(server.url, project, spans, service=ALL)
    first, second = (spans[0].trace_id.hex() for spans in traces)
    page = window.page

    window.open(f"/?project={project}")
    expect(page.locator(".facets[data-ready] .value").first).to_be_visible()
    assert_nothing_ran(page)
    window.open(f"/compare?project={project}&a={first}&b={second}")
    rows = page.locator(".compare-tree .canvas .row")
    expect(rows).to_have_count(3, timeout=25_000)  # Some 60 MB of texts are read and compared.
    for row in range(3):
        rows.nth(row).click()
        expect(page.locator(".text-diff")).to_be_visible()
        assert_nothing_ran(page)
    window.open(f"/sessions?{urlencode({'project': project, 'words': 'script'})}")
    expect(page.locator(".session-list .tr[data-id]").first).to_be_visible()
    assert_nothing_ran(page)
    window.open(f"/session?{urlencode({'project': project, 'session': ALL})}")
    expect(page.locator(".conversation .turn, .st-key-weave_error").first).to_be_visible()
    page.evaluate(OPEN_EVERYTHING)
    assert_nothing_ran(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_in_logs_and_metrics_runs(
    server: ServerProcess, project: str, new_window: Callable[[Any], Window], scheme: str
) -> None:
    """Bodies, names and attributes of records; names, units, descriptions and groups of metrics."""
    spans = hostile_trace()
    send_spans(server.url, project, spans, service=ALL)
    record = log_record(ALL, severity=17) | {"severityText": ALL, "eventName": ALL}
    records = [
        record | {"attributes": attributes_of({ALL: ALL, "__proto__": LONG})},
        record | {"traceId": spans[0].trace_id.hex(), "spanId": spans[0].span_id.hex()},
        log_record(LONG, severity=13),
    ]
    send_logs(server.url, project, records, service=ALL)
    send_durations(server.url, project, ALL, {ALL: 1.0, ATTACKS[1]: 2.0}, unit=ALL, about=ALL)
    window = new_window(scheme)
    page = window.page

    window.open(f"/logs?project={project}")
    rows = page.locator(".log-list .tr[data-id]")
    expect(rows).to_have_count(3)
    for row in range(3):
        rows.nth(row).locator(".open").click()
    expect(page.locator(".log-list .record:visible")).to_have_count(3)
    page.evaluate(OPEN_EVERYTHING)
    assert_nothing_ran(page)
    for name in ("trace", "span", "text", "level"):
        window.open(f"/logs?{urlencode({'project': project, name: ATTACKS[4]})}")
        expect(page.locator(".log-list[data-ready], .st-key-weave_error").first).to_be_visible()
        assert_nothing_ran(page)

    for query in ({}, {"by": "gen_ai.request.model"}, {"metric": ALL, "by": ALL}):
        window.open(f"/metrics?{urlencode({'project': project, **query})}")
        expect(page.locator(".metric-list .tr[data-id]")).to_have_count(1)
        shown = page.locator("[data-testid=stEChartsChart] canvas, .st-key-weave_error").first
        expect(shown).to_be_visible()
        shown.hover()
        assert_nothing_ran(page)


def attributes_of(values: dict[str, str]) -> list[dict[str, Any]]:
    """Attributes of OTLP/JSON."""
    return [{"key": key, "value": {"stringValue": value}} for key, value in values.items()]
