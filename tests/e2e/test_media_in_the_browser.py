"""Images, sounds and files of a call, seen and heard where the call is read."""

import io
import json

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from support.otlp import new_span, new_trace_id, send_spans
from support.servers import ServerProcess

from weave_core import Client
from weave_core.digests import digest_bytes
from weave_core.tracing.media_encoding import wav_of_samples

from .conftest import Window

pytestmark = pytest.mark.browser


def test_stored_media_are_shown(server: ServerProcess, project: str, window: Window) -> None:
    """A picture in the conversation, a player for sound, a link for a PDF; HTML is only named."""
    colours = np.zeros((60, 90, 3), dtype="uint8")
    colours[:, :45] = (220, 60, 60)
    target = io.BytesIO()
    Image.fromarray(colours).save(target, format="PNG")
    files = [
        target.getvalue(),
        wav_of_samples(np.sin(np.arange(8_000) / 8), 8_000),
        b"%PDF-1.7 " + b"x" * 400,
        b"<script>window.hacked = 1</script>",
    ]
    with Client(server.url) as client:
        for content in files:
            client.add_blob(content)
    picture, sound, scan, page_file = (digest_bytes(content) for content in files)
    message = {
        "role": "user",
        "parts": [
            {"type": "text", "content": "What is this?"},
            {"type": "blob", "mime_type": "image/png", "digest": picture},
        ],
    }
    span = new_span(
        "chat",
        new_trace_id(),
        start_ns=1_760_000_000_000_000_000,
        duration_ms=20,
        attributes={
            "gen_ai.operation.name": "chat",
            "gen_ai.input.messages": json.dumps([message]),
            "weave_core.inputs": json.dumps(
                {
                    "sound": {"type": "blob", "mime_type": "audio/wav", "digest": sound},
                    "scan": f"data:application/pdf;digest,{scan}",
                    "page": {"type": "blob", "mime_type": "text/html", "digest": page_file},
                }
            ),
        },
    )
    send_spans(server.url, project, [span])

    window.open(f"/trace?project={project}&trace={span.trace_id.hex()}&span={span.span_id.hex()}")

    detail = window.page.locator(".detail")
    expect(detail).to_have_attribute("data-ready", span.span_id.hex())
    image = detail.locator(".msg img")
    expect(image).to_be_visible()
    assert image.evaluate("node => [node.naturalWidth, node.naturalHeight]") == [90, 60]
    detail.get_by_role("tab", name="Input & output").click()
    expect(detail.locator("audio")).to_be_visible()
    expect(detail.locator("a[download]")).to_have_count(2)
    expect(detail.locator("iframe, embed, object")).to_have_count(0)
    assert window.page.evaluate("window.hacked") is None
