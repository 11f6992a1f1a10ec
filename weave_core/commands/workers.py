"""`weave-core worker`: the process that runs the scorers of monitors, and watches for alerts.

Like all commands it stands on the roof: it joins the worker to the client of a model's provider.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from weave_core.commands.clients import Server, open_client
from weave_core.commands.supervision import say
from weave_core.errors import ConfigError, MissingExtra
from weave_core.settings import DEFAULT_ENDPOINT, OFFLINE, Settings

__all__ = ["judge_model", "worker"]

MAX_CONCURRENCY = 64
"""Spans that one worker scores at a time."""
_STOP_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


def worker(
    *,
    server: Server = None,
    concurrency: Annotated[
        int, typer.Option(min=1, max=MAX_CONCURRENCY, help="Spans scored at a time.")
    ] = 8,
    lease: Annotated[
        float,
        typer.Option(min=1, max=3600, help="Seconds of silence after which others get its spans."),
    ] = 60.0,
    project: Annotated[
        list[str] | None,
        typer.Option("--project", "-p", help="Only monitors of this project. May be given again."),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="End when there is nothing left to do now.")
    ] = False,
) -> None:
    """Score for monitors and watch for alerts, until Ctrl-C; several may run, on any machines."""
    from weave_core import tracing
    from weave_core.evals.alert_channels import AlertPost
    from weave_core.evals.alert_workers import AlertWorker
    from weave_core.evals.monitor_scorers import ScorerShelf
    from weave_core.evals.monitor_workers import MonitorWorker
    from weave_core.integrations import instrument_all
    from weave_core.model import MONITORS_PROJECT

    settings = Settings.from_env(endpoint=server)
    endpoint = settings.endpoint or DEFAULT_ENDPOINT
    if endpoint in {OFFLINE, "embedded"}:
        raise ConfigError(
            f"endpoint is {endpoint!r}, and a worker needs a server", "start `weave-core up`"
        )
    # What is beside the program can be imported, as Python does it; which of it may, is asked.
    sys.path.insert(0, str(Path.cwd()))
    modules = [each.strip() for each in (settings.scorer_modules or "").split(",") if each.strip()]
    tracing.init(MONITORS_PROJECT, endpoint, api_key=settings.api_key)
    instrument_all()  # A judge's calls have tokens and a price.
    with open_client(settings) as client:
        working = MonitorWorker(
            client,
            ScorerShelf(modules=modules, model=judge_model),
            concurrency=concurrency,
            lease_s=lease,
            projects=project,
        )
        post = AlertPost(os.environ, settings.app_url, settings.smtp_url, settings.smtp_from)
        watching = AlertWorker(client, post, lease_s=lease, projects=project)
        say(f"worker {working.name} works for the monitors and alerts of {endpoint}")
        try:
            asyncio.run(_until_stopped([working, watching], until_idle=once))
        finally:
            tracing.shutdown()


async def _until_stopped(workers: list[Any], *, until_idle: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in _STOP_SIGNALS:
        if hasattr(signal, name) and os.name == "posix":
            loop.add_signal_handler(getattr(signal, name), stop.set)
    await asyncio.gather(*(each.run(stop, until_idle=until_idle) for each in workers))


def judge_model(name: str) -> Any:
    """What answers for a judge: `openai:MODEL`, by the key and address of this environment.

    The address is never the monitor's to name: whoever may make one would be sent the key.

    Raises:
        ConfigError: If it is of no provider that is known here.
        MissingExtra: If its library is not installed.
    """
    provider, _, model = name.partition(":")
    if provider != "openai" or not model:
        raise ConfigError(
            f"a judge's model is {name!r}",
            "write openai:MODEL; OPENAI_BASE_URL of the worker leads to any server that speaks so",
        )
    try:
        import openai
    except ImportError as error:
        raise MissingExtra(
            f"the judge {name!r} needs openai, which is not installed", "pip install openai"
        ) from error
    from weave_core.evals.scorers import ChatModel

    try:
        client = openai.AsyncOpenAI(max_retries=0)  # The worker tries again, within its limits.
    except openai.OpenAIError as error:
        raise ConfigError(f"the judge {name!r} can't be asked: {error}") from error
    return ChatModel(client=client, model=model)
