"""What wandb clients have sent, sent again: the runs that come out, whichever database it is."""

import httpx
from support.servers import ServerProcess
from support.wandb_requests import read_requests, replay
from support.wandb_runs import check_first

from weave_core import Client


def test_a_training_of_a_wandb_client_is_a_run_like_ours(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Points exactly, config, summary, definitions, printed lines, files, what it ran with."""
    with httpx.Client(base_url=server.url) as http:
        replay(http, read_requests("first", project))

    check_first(client, project, "first1")
