"""Requests that real wandb clients sent, sent again to a server of the test.

Addresses for files are those that the server gives this time, as the client would use them.
"""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx

__all__ = ["FOLDER", "PROJECT", "Sent", "read_requests", "replay"]

FOLDER = Path(__file__).parents[1] / "data" / "wandb_requests"
_NOT_SERVED = ("ArtifactType", "CreateArtifact")
"""Of which a client is told that it can't have them, and goes on."""
PROJECT = "recorded-project"
"""What the scripts call theirs."""


@dataclass(frozen=True)
class Sent:
    """One request of a client."""

    method: str
    path: str
    body: bytes

    @property
    def operation(self) -> str | None:
        """The GraphQL operation, if it is one."""
        return json.loads(self.body)["operationName"] if self.path == "/graphql" else None


def read_requests(name: str, project: str) -> list[Sent]:
    """What a client sent, as if its project were this one."""
    lines = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").replace(PROJECT, project)
    told = [json.loads(line) for line in lines.splitlines()]
    return [
        Sent(
            each["method"],
            each["path"],
            base64.b64decode(each["base64"]) if "base64" in each else each["body"].encode(),
        )
        for each in told
    ]


def replay(http: httpx.Client, requests: Iterable[Sent]) -> dict[str, list[dict[str, Any]]]:
    """Send `requests` in their order; gives the data of each operation's answers, by its name."""
    uploads: dict[str, str] = {}
    answers: dict[str, list[dict[str, Any]]] = {}
    for sent in requests:
        if sent.operation in _NOT_SERVED:
            continue
        path = sent.path
        if sent.method == "PUT":
            name = unquote(urlsplit(path).path).split("/", 4)[4]
            path = uploads[name]
        answer = http.request(sent.method, path, content=sent.body)
        assert answer.status_code == 200, (sent.path, answer.text)
        if sent.operation is None:
            continue
        told = answer.json()
        assert "errors" not in told, (sent.operation, told)
        answers.setdefault(sent.operation, []).append(told["data"])
        for file in (told["data"].get("createRunFiles") or {}).get("files", ()):
            assert file["uploadUrl"].startswith(str(http.base_url))
            uploads[file["name"]] = file["uploadUrl"].removeprefix(str(http.base_url).rstrip("/"))
    return answers
