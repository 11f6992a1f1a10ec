"""What wandb clients have sent, sent again: the runs that come out, whichever database it is."""

import json
from dataclasses import replace

import httpx
from support.servers import ServerProcess
from support.wandb_requests import read_requests, replay
from support.wandb_runs import check_again, check_first, check_media

from weave_core import Client


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
