"""An artifact as wandb clients store it over HTTP, step by step."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import httpx

__all__ = ["BEGIN", "COMMIT", "FILES", "ask", "md5", "store"]

BEGIN = (
    "mutation C($i: CreateArtifactInput!) { createArtifact(input: $i)"
    " { artifact { id state artifactSequence { latestArtifact { id } } } } }"
)
FILES = (
    "mutation F($f: [F!]) { createArtifactFiles(input: {artifactFiles: $f, storageLayout: V2})"
    " { files { edges { node { uploadUrl artifact { id } } } } } }"
)
MANIFEST = (
    "mutation M($a: ID!, $d: String!, $k: T!, $b: ID) { createArtifactManifest(input:"
    " {artifactID: $a, digest: $d, type: $k, baseArtifactID: $b})"
    " { artifactManifest { id file { uploadUrl } } } }"
)
COMMIT = (
    "mutation C($a: ID!) { commitArtifact(input: {artifactID: $a}) { artifact { id digest } } }"
)


def ask(http: httpx.Client, query: str, **variables: Any) -> dict[str, Any]:
    """An answer of GraphQL."""
    answer = http.post("/graphql", json={"query": query, "variables": variables})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def md5(data: bytes) -> str:
    """As clients write it."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def store(
    http: httpx.Client,
    project: str,
    files: Mapping[str, bytes],
    *,
    references: Mapping[str, str] | None = None,
    base: str | None = None,
    **told: Any,
) -> tuple[dict[str, Any], int]:
    """Store a version; gives what the client hears of it, and how many files it had to send."""
    contents: dict[str, Any] = {
        path: {"digest": md5(data), "size": len(data)} for path, data in files.items()
    }
    for path, ref in (references or {}).items():
        contents[path] = {"digest": f"etag of {ref}", "ref": ref, "size": 9}
    digest = hashlib.md5(b"wandb-artifact-manifest-v1\n", usedforsecurity=False)
    for path in sorted(contents):
        digest.update(f"{path}:{contents[path]['digest']}\n".encode())
    given = {"projectName": project, "artifactTypeName": "dataset", "clientID": "c1"} | told
    given = {"artifactCollectionName": "digits", "digest": digest.hexdigest()} | given
    begun = ask(http, BEGIN, i=given | {"enableDigestDeduplication": True})
    assert "errors" not in begun, begun
    artifact = begun["data"]["createArtifact"]["artifact"]
    if artifact["state"] == "COMMITTED":
        return artifact, 0
    asked = [
        {"artifactID": artifact["id"], "name": path, "md5": md5(data)}
        for path, data in files.items()
    ]
    edges = ask(http, FILES, f=asked)["data"]["createArtifactFiles"]["files"]["edges"]
    urls = [edge["node"]["uploadUrl"] for edge in edges]
    for url, data in zip(urls, files.values(), strict=True):
        if url is not None:
            assert httpx.put(url, content=data, timeout=60).status_code == 200
    manifest = json.dumps({"version": 1, "contents": contents}).encode()
    kind = "FULL" if base is None else "INCREMENTAL"
    named = ask(http, MANIFEST, a=artifact["id"], d=md5(manifest), k=kind, b=base)["data"]
    url = named["createArtifactManifest"]["artifactManifest"]["file"]["uploadUrl"]
    assert httpx.put(url, content=manifest, timeout=60).status_code == 200
    done = ask(http, COMMIT, a=artifact["id"])
    assert "errors" not in done, done
    assert ask(http, COMMIT, a=artifact["id"]) == done  # As a client asks that got no answer.
    committed: dict[str, Any] = done["data"]["commitArtifact"]["artifact"]
    return committed, sum(url is not None for url in urls)
