"""What a person does with logs and metrics: narrow, read, go on to the span, group, share."""

import re

import pytest
from playwright.sync_api import Page, expect
from support.otlp import agent_trace, send_spans
from support.servers import ServerProcess
from support.telemetry import log_record, send_counter, send_durations, send_logs

from .conftest import Window

pytestmark = pytest.mark.browser


def wait_for_records(page: Page, count: int) -> None:
    """Until the list shows `count` log records."""
    expect(page.locator(".log-list .tr[data-id]")).to_have_count(count)


def test_a_log_record_is_found_read_and_leads_to_its_span(
    server: ServerProcess, project: str, window: Window
) -> None:
    """By level and text; it opens in place with its attributes, and its span is one click away."""
    spans = agent_trace(is_failed=True)
    send_spans(server.url, project, spans)
    trace_id, span_id = spans[2].trace_id.hex(), spans[2].span_id.hex()
    records = [
        log_record(
            "no order 8812",
            severity=17,
            attributes={"shop": "north"},
            trace_id=trace_id,
            span_id=span_id,
        ),
        log_record("no order 17", severity=13),
        log_record("started", ago_s=60),
    ]
    send_logs(server.url, project, records)
    page = window.page
    window.open(f"/logs?project={project}")
    wait_for_records(page, 3)

    page.get_by_text("warn", exact=True).click()
    wait_for_records(page, 2)
    page.get_by_label("Text").fill("NORTH")
    page.get_by_label("Text").press("Enter")
    wait_for_records(page, 1)
    expect(page).to_have_url(re.compile("level=warn.*text=NORTH"))
    page.reload()
    wait_for_records(page, 1)

    page.get_by_role("button", name="no order 8812").click()
    record = page.locator(".log-list .record:visible")
    expect(record).to_contain_text("shop: north")
    expect(record).to_contain_text(trace_id)
    page.get_by_role("link", name=span_id[:8]).click()
    expect(page.locator(".detail")).to_have_attribute("data-ready", span_id)
    page.go_back()
    wait_for_records(page, 1)
    expect(page.get_by_label("Text")).to_have_value("NORTH")


def test_a_trace_leads_to_what_was_said_in_it(
    server: ServerProcess, project: str, window: Window
) -> None:
    """Only its own records, and one click shows all again."""
    spans = agent_trace()
    send_spans(server.url, project, spans)
    trace_id = spans[0].trace_id.hex()
    records = [log_record("inside", trace_id=trace_id), log_record("outside")]
    send_logs(server.url, project, records)
    page = window.page
    window.open(f"/trace?project={project}&trace={trace_id}")

    page.locator(".trace-header").get_by_role("link", name="Logs").click()
    wait_for_records(page, 1)
    expect(page.locator(".log-list")).to_contain_text("inside")
    page.get_by_role("button", name=f"Only trace {trace_id[:8]}").click()
    wait_for_records(page, 2)
    expect(page).not_to_have_url(re.compile("trace="))


def test_new_records_appear_while_one_looks(
    server: ServerProcess, project: str, window: Window
) -> None:
    """The list is live, and a record that is open stays open."""
    send_logs(server.url, project, [log_record("first", ago_s=5, attributes={"shop": "north"})])
    page = window.page
    window.open(f"/logs?project={project}")
    wait_for_records(page, 1)
    page.get_by_role("button", name="first").click()
    expect(page.locator(".log-list .record:visible")).to_contain_text("north")

    send_logs(server.url, project, [log_record("second")])

    wait_for_records(page, 2)
    expect(page.locator(".log-list .record:visible")).to_have_count(1)
    expect(page.locator(".log-list .record:visible")).to_contain_text("north")


def test_a_metric_is_drawn_by_its_kind_and_grouped(
    server: ServerProcess, project: str, window: Window
) -> None:
    """A histogram has percentiles, a counter its growth; metric and group are in the address."""
    send_counter(server.url, project, "shop/orders", 7)
    send_durations(server.url, project, "model.duration", {"gpt-4o": 3.0, "gpt-4o-mini": 0.7})
    page = window.page
    window.open(f"/metrics?project={project}")
    charts = page.get_by_test_id("stEChartsChart")
    expect(page.locator(".metric-list .tr.on")).to_contain_text("model.duration")
    expect(charts).to_have_count(6)
    expect(page.get_by_role("img", name="p95 over time")).to_be_visible()

    page.get_by_role("combobox", name="By").click()
    page.get_by_role("option", name="by gen_ai.request.model").click()
    expect(page).to_have_url(re.compile("by=gen_ai.request.model"))
    expect(charts).to_have_count(6)

    page.locator(".metric-list .tr", has_text="shop/orders").click()
    expect(page.locator(".metric-list .tr.on")).to_contain_text("shop/orders")
    expect(charts).to_have_count(1)
    expect(page).to_have_url(re.compile("metric=shop%2Forders"))
    page.go_back()
    expect(page.locator(".metric-list .tr.on")).to_contain_text("model.duration")
    expect(charts).to_have_count(6)


@pytest.mark.parametrize(("path", "words"), [("logs", "OTEL_LOGS"), ("metrics", "OTEL_METRICS")])
def test_an_empty_page_says_how_it_is_filled(
    server: ServerProcess, project: str, window: Window, path: str, words: str
) -> None:
    """The variable that an OpenTelemetry SDK wants."""
    send_spans(server.url, project, agent_trace())

    window.open(f"/{path}?project={project}")

    expect(window.page.locator(".stMain")).to_contain_text(words)
