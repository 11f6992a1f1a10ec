"""What wandb clients have sent, sent again: the runs that come out, whichever database it is."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from support.servers import ServerProcess
from support.wandb_artifacts import BEGIN, COMMIT, FILES, ask, md5, store
from support.wandb_requests import read_requests, replay
from support.wandb_runs import check_again, check_first, check_media

from weave_core import Artifact, Client

FOUND = """query A($p: String!, $n: String!) { project(name: $p) {
 artifactCollectionMembership(name: $n) {
  artifact { id versionIndex digest metadata tags { name } aliases { alias artifactCollection {
    ... on ArtifactCollection { name } } } currentManifest { file { directUrl } } }
  files(first: 2) { totalCount edges { node { name directUrl } } pageInfo { hasNextPage } } } } }"""


def test_a_training_of_a_wandb_client_is_a_run_like_ours(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Points exactly, config, summary, definitions, printed lines, files, what it ran with."""
    with httpx.Client(base_url=server.url, timeout=60) as http:
        replay(http, read_requests("first", project))

    check_first(client, project, "first1")


def test_media_of_a_wandb_client_are_as_if_ours_had_logged_them(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Whether their files came before the rows that name them, or after."""
    requests = read_requests("media", project)
    files = [each for each in requests if each.method == "PUT"]
    *others, last = [each for each in requests if each.method != "PUT"]
    told = json.loads(last.body)
    end = replace(last, body=json.dumps({"complete": told.pop("complete")}).encode())
    early = replace(last, body=json.dumps(told).encode())
    asked = [each for each in others if each.operation == "CreateRunFiles"]
    with httpx.Client(base_url=server.url, timeout=60) as http:
        replay(http, requests)
        check_media(client, project, "media1")
        client.run("media1", project).delete()
        replay(http, [*others, early])
        assert client.run("media1", project).media_keys == ["short", "spread"]
        replay(http, [*asked, *files, end])

    check_media(client, project, "media1")


def test_runs_of_wandb_clients_are_gone_on_with_taken_back_and_forked(
    server: ServerProcess, client: Client, project: str
) -> None:
    """And what is sent twice, as `wandb sync` does, is there once."""
    with httpx.Client(base_url=server.url, timeout=60) as http:
        for what in ("begin", "resume", "rewind", "fork", "fail", "offline"):
            replay(http, read_requests(what, project))
            check_again(client, project, what)
        replay(http, read_requests("offline", project))
        check_again(client, project, "offline")


def test_an_artifact_of_a_wandb_client_is_one_like_ours(
    server: ServerProcess, client: Client, project: str, tmp_path: Path
) -> None:
    """Files sent once whoever sent them before, references, aliases, lineage; ours is read too."""
    files = {"a.txt": b"alpha", "deep/b.bin": os.urandom(1_500_000), "empty": b""}
    references = {"far.csv": "https://example.com/far.csv"}
    with httpx.Client(base_url=server.url, timeout=60) as http:
        replay(http, read_requests("begin", project))
        told: dict[str, Any] = {"runName": "again1"}
        told["aliases"] = [{"alias": "clean"}, {"alias": "latest"}]
        told |= {"tags": [{"tagName": "small"}], "metadata": '{"rows": NaN}'}
        made, sent = store(http, project, files, references=references, **told)
        assert sent == 2  # None has to send what is empty.
        again, _ = store(http, project, files, references=references)
        assert again["state"] == "COMMITTED"
        changed, sent = store(http, project, {**files, "a.txt": b"new"})
        more, sent_more = store(http, project, {"more.txt": b"alpha"}, base=changed["id"])
        assert (sent, sent_more) == (1, 0)
        use = "mutation U($i: I!) { useArtifact(input: $i) { artifact { id } } }"
        for user in (project, "another-project"):
            given = {"artifactID": made["id"], "projectName": user, "runName": "user1"}
            assert ask(http, use, i=given)["data"]["useArtifact"]["artifact"] == {"id": made["id"]}

        first = client.artifact("digits:clean", project=project)
        assert (first.version, first.tags, first.metadata) == ("v0", ["small"], {"rows": "NaN"})
        folder = first.download(tmp_path / "out", allow_missing_references=True)
        assert {path: (folder / path).read_bytes() for path in files} == files
        assert first.get_entry("far.csv").ref == references["far.csv"]
        uses = client.get_artifact(project, "digits", "v0").uses
        assert {(each.run_id, each.role) for each in uses} == {
            ("again1", "made"),
            ("user1", "used"),
        }
        last = client.artifact("digits", project=project)
        assert [file.path for file in last.files()] == [*sorted([*files, "more.txt"])]

        ours = Artifact("ours", type="model")
        with ours.new_file("weights.bin") as file:
            file.write("weights")
        client.log_artifact(ours, project=project)
        found = ask(http, FOUND, p=project, n="ours:v0")["data"]["project"]
        member = found["artifactCollectionMembership"]
        [edge] = member["files"]["edges"]
        assert httpx.get(edge["node"]["directUrl"], timeout=60).content == b"weights"
        url = member["artifact"]["currentManifest"]["file"]["directUrl"]
        listed = httpx.get(url, timeout=60).json()["contents"]["weights.bin"]
        assert (listed["digest"], listed["size"]) == (md5(b"weights"), 7)
        assert httpx.get(url.replace("ours", "digits"), timeout=60).status_code == 403
        found = ask(http, FOUND, p=project, n=f"digits:{made['digest']}")["data"]["project"]
        member = found["artifactCollectionMembership"]
        assert (member["artifact"]["versionIndex"], member["files"]["totalCount"]) == (0, 3)
        assert member["files"]["pageInfo"]["hasNextPage"]
        assert member["artifact"]["aliases"][0] == {
            "alias": "clean",
            "artifactCollection": {"name": "digits"},
        }
    assert more["digest"] != changed["digest"]


def test_an_artifact_that_is_not_all_there_is_refused_with_a_word(
    server: ServerProcess, project: str
) -> None:
    """A file of other bytes than its MD5, an alias that is none here, a commit of nothing."""
    with httpx.Client(base_url=server.url, timeout=60) as http:
        wrong = {"projectName": project, "artifactCollectionName": "x", "artifactTypeName": "t"}
        [error] = ask(http, BEGIN, i=wrong | {"aliases": [{"alias": "2024"}]})["errors"]
        assert "2024" in error["message"]
        assert "letter" in error["message"]
        begun = ask(http, BEGIN, i=wrong)["data"]["createArtifact"]["artifact"]
        [error] = ask(http, COMMIT, a=begun["id"])["errors"]
        assert "has no list of files" in error["message"]
        asked = [{"artifactID": begun["id"], "name": "a", "md5": md5(b"one")}]
        [edge] = ask(http, FILES, f=asked)["data"]["createArtifactFiles"]["files"]["edges"]
        answer = httpx.put(edge["node"]["uploadUrl"], content=b"other", timeout=60)
        assert (answer.status_code, "MD5" in answer.text) == (400, True)
        for known_by in ("z" * 32, "0" * 32):
            answer = http.get(f"/artifactsV2/region/me/{project}/x/birth/{known_by}/a")
            assert (answer.status_code, known_by in answer.text) == (404, True)
        [error] = ask(http, "mutation {linkArtifact(input: {}) {versionIndex}}")["errors"]
        assert "linkArtifact is not served here" in error["message"]
