"""What a person does: look at the list, open a trace, read a span, share the link."""

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from support.otlp import agent_trace, big_trace, new_span, new_trace_id, send_spans
from support.servers import ServerProcess

from .conftest import Window

pytestmark = pytest.mark.browser


def trace_id_of(spans: list) -> str:  # type: ignore[type-arg]  # Protobuf spans.
    """The id as the address bar has it."""
    return str(spans[0].trace_id.hex())


def wait_for_rows(page: Page, count: int) -> None:
    """Until the list shows `count` traces."""
    expect(page.locator(".trace-list .tr[data-id]")).to_have_count(count)


def test_a_trace_is_found_opened_and_read(
    server: ServerProcess, project: str, window: Window
) -> None:
    """From the list to a model's answer in two clicks, and the address says where one is."""
    spans = agent_trace()
    send_spans(server.url, project, spans)
    page = window.page

    window.open(f"/?project={project}")
    wait_for_rows(page, 1)
    row = page.locator(".trace-list .tr[data-id]")
    expect(row).to_contain_text("invoke_agent support")
    expect(row).to_contain_text("Where is my order 8812?")
    expect(row).to_contain_text("2.48 s")
    expect(row).to_contain_text("1,052")
    row.click()

    expect(page.locator(".span-tree .row")).to_have_count(7)
    page.locator(".span-tree .row", has_text="chat gpt-4o-mini").last.click()
    detail = page.locator(".detail")
    expect(detail).to_have_attribute("data-ready", spans[5].span_id.hex())
    expect(detail.locator(".msg[data-output]")).to_contain_text("It left our warehouse on Monday")
    expect(detail.locator(".call").first).to_contain_text("look_up_order")
    expect(page).to_have_url(
        re.compile(f"trace={trace_id_of(spans)}&span={spans[5].span_id.hex()}")
    )


def test_a_link_to_a_span_opens_that_span(
    server: ServerProcess, project: str, window: Window
) -> None:
    """What was copied from the address bar shows a colleague the same span."""
    spans = agent_trace(is_failed=True)
    send_spans(server.url, project, spans)
    tool = spans[2].span_id.hex()

    window.open(f"/trace?project={project}&trace={trace_id_of(spans)}&span={tool}")

    detail = window.page.locator(".detail")
    expect(detail).to_have_attribute("data-ready", tool)
    expect(detail.locator(".tab[aria-selected=true]")).to_have_text("Error")
    expect(detail).to_contain_text("shop.OrderNotFound")
    expect(detail.locator(".stack")).to_contain_text("raise OrderNotFound(order_id)")
    expect(window.page.locator(".span-tree .row.picked")).to_have_attribute("data-id", tool)


def test_what_a_sender_dropped_is_told_beside_what_it_sent(
    server: ServerProcess, project: str, window: Window
) -> None:
    """Of the span, of an event and of a link, each where one reads it."""
    span = new_span("cut", new_trace_id(), start_ns=time.time_ns(), duration_ms=1)
    span.trace_state = "vendor=1"
    span.dropped_attributes_count = 3
    span.events.add(name="retry", time_unix_nano=time.time_ns(), dropped_attributes_count=2)
    span.links.add(trace_id=new_trace_id(), span_id=b"12345678", dropped_attributes_count=5)
    send_spans(server.url, project, [span])

    ids = f"trace={span.trace_id.hex()}&span={span.span_id.hex()}"
    window.open(f"/trace?project={project}&{ids}")

    detail = window.page.locator(".detail")
    expect(detail).to_contain_text("vendor=1")
    for tab, told in (("Attributes", "3 attributes"), ("Events", "2 attr"), ("Links", "5 attr")):
        detail.get_by_role("tab", name=tab).click()
        expect(detail.locator(".note")).to_contain_text(f"The sender dropped {told}")


def test_a_new_trace_appears_without_a_reload(
    server: ServerProcess, project: str, window: Window
) -> None:
    """The list is live: what ran just now is there two seconds later, on top."""
    send_spans(server.url, project, agent_trace(question="first?", ago_s=30))
    window.open(f"/?project={project}")
    wait_for_rows(window.page, 1)
    window.page.evaluate("window.sameDocument = true")

    send_spans(server.url, project, agent_trace(question="second?"))

    wait_for_rows(window.page, 2)
    expect(window.page.locator(".trace-list .tr[data-id]").first).to_contain_text("second?")
    assert window.page.evaluate("window.sameDocument") is True


def test_a_filter_is_part_of_the_address_and_its_error_names_the_place(
    server: ServerProcess, project: str, window: Window
) -> None:
    """A filter narrows the list, survives a reload, and a wrong one says where it is wrong."""
    send_spans(server.url, project, agent_trace(is_failed=True))
    send_spans(server.url, project, agent_trace(user="grace"))
    page = window.page
    window.open(f"/?project={project}")
    wait_for_rows(page, 2)

    bar = page.get_by_label("Filter")
    bar.fill("user_id = 'grace'")
    bar.press("Enter")
    wait_for_rows(page, 1)
    expect(page).to_have_url(re.compile("filter=user_id"))
    page.reload()
    wait_for_rows(page, 1)

    bar.fill("statuss = 'error'")
    bar.press("Enter")
    expect(page.get_by_text("The filter is wrong")).to_be_visible()
    expect(page.locator(".st-key-filter_error")).to_contain_text("did you mean 'status'?")
    expect(page.locator(".st-key-filter_error code")).to_have_text("statuss = 'error'\n^")


def test_the_tree_is_walked_by_keyboard_and_searched(
    server: ServerProcess, project: str, window: Window
) -> None:
    """Arrows move and fold, `/` searches, `e` goes to the next error."""
    spans = agent_trace(is_failed=True)
    send_spans(server.url, project, spans)
    page = window.page
    window.open(f"/trace?project={project}&trace={trace_id_of(spans)}")
    rows = page.locator(".span-tree .row")
    expect(rows).to_have_count(7)
    detail = page.locator(".detail")

    page.locator(".span-tree .view").focus()
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    expect(detail).to_have_attribute("data-ready", spans[2].span_id.hex())
    page.keyboard.press("ArrowLeft")
    expect(rows).to_have_count(6)
    page.keyboard.press("ArrowRight")
    expect(rows).to_have_count(7)
    page.keyboard.press("Home")
    page.keyboard.press("e")
    expect(detail).to_have_attribute("data-ready", spans[2].span_id.hex())

    page.keyboard.press("/")
    page.keyboard.type("retrieval")
    expect(page.locator(".span-tree .hits")).to_have_text("1 found")
    page.keyboard.press("Enter")
    expect(detail).to_have_attribute("data-ready", spans[4].span_id.hex())


def test_a_running_trace_grows_on_screen(
    server: ServerProcess, project: str, window: Window
) -> None:
    """Spans that end later join the tree of a trace that is being looked at."""
    trace_id = new_trace_id()
    now = time.time_ns()
    root = new_span("job", trace_id, start_ns=now, duration_ms=500)
    first = new_span("step one", trace_id, parent=root, start_ns=now, duration_ms=100)
    second = new_span("step two", trace_id, parent=root, start_ns=now + 10**8, duration_ms=100)
    send_spans(server.url, project, [first])

    window.open(f"/trace?project={project}&trace={trace_id.hex()}")
    rows = window.page.locator(".span-tree .row")
    expect(rows).to_have_count(1)
    send_spans(server.url, project, [second, root])

    expect(rows).to_have_count(3)
    expect(window.page.locator(".trace-header .state")).to_have_text("Done")


@pytest.mark.parametrize("count", [1_000, 10_000, 50_000])
def test_a_big_trace_opens_and_scrolls(
    server: ServerProcess, project: str, window: Window, count: int
) -> None:
    """All spans are there after the click; only the rows on screen are in the page."""
    spans = big_trace(count)
    send_spans(server.url, project, spans)
    page = window.page
    window.open(f"/?project={project}")
    wait_for_rows(page, 1)

    page.locator(".trace-list .tr[data-id]").click()
    tree = page.locator(".span-tree[data-ready]")
    # How soon is tests/benchmarks/app_open.py's to say: a busy machine is no defect.
    expect(tree).to_have_attribute("data-count", str(count))

    page.get_by_role("button", name=re.compile("Fold|Open all")).click()
    page.locator(".span-tree .view").focus()
    page.keyboard.press("End")
    expect(page.locator(".span-tree .row.picked")).to_be_visible()
    assert page.locator(".span-tree .row").count() < 60


def test_a_project_that_is_not_there_says_so(window: Window) -> None:
    """A link to a project that does not exist is answered by an error, not by another project.

    Where several parts of a page ask for it, one says it; a narrow window has the whole menu.
    """
    page = window.page
    window.open("/?project=no-such-project")
    expect(page.locator(".st-key-weave_error")).to_contain_text("no-such-project")

    page.set_viewport_size({"width": 1024, "height": 700})
    page.get_by_test_id("stTopNav").get_by_role("link", name="Runs", exact=True).click()
    window.open("/runs?project=no-such-project")
    expect(page.locator(".st-key-weave_error")).to_contain_text("no-such-project")
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_the_older_page_and_back(
    server: ServerProcess,
    project: str,
    new_window: Callable[[str], Window],
) -> None:
    """Fifty a page; the older page is a link of its own, and Newer leads back."""
    for number in range(53):
        now = time.time_ns() - number * 10**9
        root = new_span(f"job {number}", new_trace_id(), start_ns=now, duration_ms=5)
        send_spans(server.url, project, [root])
    first = new_window("light")
    first.open(f"/?project={project}")
    wait_for_rows(first.page, 50)

    first.page.get_by_role("button", name="Older").click()
    wait_for_rows(first.page, 3)
    expect(first.page).to_have_url(re.compile("after="))
    second = new_window("dark")
    second.page.goto(first.page.url)
    wait_for_rows(second.page, 3)

    first.page.get_by_role("button", name="Newer").click()
    wait_for_rows(first.page, 50)
