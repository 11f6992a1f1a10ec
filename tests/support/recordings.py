"""Requests that real instrumentations sent, replayed into a project of the test."""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import httpx

__all__ = ["Recorded", "read_recording", "send_recorded"]

FOLDER = Path(__file__).parents[1] / "server" / "recorded"


@dataclass(frozen=True)
class Recorded:
    """One request as it came over the wire."""

    path: str
    body: bytes


def read_recording(name: str) -> list[Recorded]:
    """The requests of one run, in the order they were sent."""
    requests = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return [Recorded(each["path"], base64.b64decode(each["body"])) for each in requests]


def send_recorded(url: str, project: str, requests: Iterable[Recorded]) -> None:
    """POST `requests` to `project`, which their senders did not name; all of them are taken."""
    headers = {"content-type": "application/x-protobuf", "x-weave-project": project}
    with httpx.Client(base_url=url, headers=headers) as http:
        for request in requests:
            answer = http.post(request.path, content=request.body)
            assert answer.status_code == 200, answer.text
            assert answer.content == b""  # No partial success.
