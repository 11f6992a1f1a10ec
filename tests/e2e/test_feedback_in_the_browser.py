"""What a person does who judges: a thumb, a label, a comment, and back again."""

import pytest
from playwright.sync_api import expect
from support.otlp import agent_trace, send_spans
from support.sent_spans import wait_for_traces
from support.servers import ServerProcess

from weave_core import Client
from weave_core.model import NewAnnotationQueue

from .conftest import Window

pytestmark = pytest.mark.browser

LABELS = {"labels": [{"name": "tone", "options": ["kind", "rude"]}]}
WHO = "ann"


def test_a_trace_is_judged_on_its_page_and_shown_in_the_list(
    server: ServerProcess, project: str, window: Window
) -> None:
    """Each verdict is stored under the reviewer's name, a second click takes it back."""
    spans = agent_trace()
    send_spans(server.url, project, spans)
    with Client(server.url) as client:
        client.publish_object(project, "label_set", "feedback", LABELS)
    page = window.page

    window.open(f"/trace?project={project}&trace={spans[0].trace_id.hex()}")
    strip = page.locator(".strip")
    strip.wait_for()
    expect(strip).to_have_attribute("data-ready", "0")
    strip.get_by_label("Your name").fill("ann")
    strip.get_by_label("Your name").press("Tab")
    strip.get_by_role("button", name="Good").click()
    expect(strip.locator('[data-name="thumbs"]')).to_contain_text("ann")
    strip.locator('[data-label="tone"]').select_option("rude")
    expect(strip.locator('[data-name="tone"]')).to_contain_text("rude")
    strip.get_by_role("radio", name="Whole trace").click()
    strip.get_by_label("Comment").fill("<img src=x onerror=alert(1)>")
    strip.get_by_label("Comment").press("Enter")
    expect(strip.locator('[data-name="comment"]')).to_contain_text("<img src=x")
    with Client(server.url) as client:
        given = list(client.iter_feedback(project))
    told = {(each.name, each.value, each.label, each.target.span_id is None) for each in given}
    assert told == {
        ("thumbs", 1.0, None, False),
        ("tone", None, "rude", False),
        ("comment", None, None, True),
    }
    assert {(each.author, each.source) for each in given} == {("ann", "human")}
    strip.get_by_role("radio", name="This span").click()
    strip.get_by_role("button", name="Good").click()
    expect(strip.locator('[data-name="thumbs"]')).to_have_count(0)

    window.open(f"/?project={project}")
    expect(page.locator(".trace-list .c-scores .chip", has_text="tone rude")).to_be_visible()
    page.locator('.facets [data-field="feedback"] .value', has_text="tone rude").click()
    expect(page.locator(".trace-list .tr[data-id]")).to_have_count(1)
    expect(page.get_by_label("Filter")).to_have_value("feedback['tone'] = 'rude'")


def test_a_queue_is_reviewed_with_the_keyboard(
    server: ServerProcess, project: str, window: Window
) -> None:
    """A digit and Enter review an item, S leaves one; the results say who said what."""
    for _ in range(3):
        send_spans(server.url, project, agent_trace())
    with Client(server.url) as client:
        wait_for_traces(client, project, 3)
        client.publish_object(project, "label_set", "tones", LABELS)
        asked = NewAnnotationQueue(name="Look", label_set="tones")
        queue = client.add_annotation_queue(project, asked)
        client.add_annotation_items(project, queue.queue_id)
    page = window.page

    window.open(f"/annotate?project={project}&queue={queue.queue_id}")
    page.locator(".review .who").fill(WHO)
    page.locator(".review .who").press("Enter")
    review = page.locator(".review")
    for number, key in ((1, "2"), (2, "s"), (3, "1")):
        expect(review).to_have_attribute("data-ready", str(number), timeout=30_000)
        page.keyboard.press(key)
        if key != "s":
            expect(review.get_by_role("radio", checked=True)).to_have_count(1)
            page.keyboard.press("Enter")
    expect(review).to_contain_text("Nothing is left for you here", timeout=30_000)

    with Client(server.url) as client:
        items = list(client.iter_annotation_items(project, queue.queue_id))
    told = [[(r.reviewer, r.state, r.answers) for r in item.reviews] for item in items]
    assert told == [
        [(WHO, "done", {"tone": "rude"})],
        [(WHO, "skipped", {})],
        [(WHO, "done", {"tone": "kind"})],
    ]
    page.get_by_text("Results", exact=True).click()
    expect(page.get_by_text("rude", exact=True)).to_be_visible(timeout=30_000)
