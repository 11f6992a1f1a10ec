"""What a person does who judges: a thumb, a label, a comment, and back again."""

import pytest
from playwright.sync_api import expect
from support.otlp import agent_trace, send_spans
from support.servers import ServerProcess

from weave_core import Client

from .conftest import Window

pytestmark = pytest.mark.browser

LABELS = {"labels": [{"name": "tone", "options": ["kind", "rude"]}]}


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
