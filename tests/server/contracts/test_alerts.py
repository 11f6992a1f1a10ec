"""Alerts: what is not as it should be is told once, to whom it is to be told, and not by chance."""

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from support.mail import mail_server
from support.monitors import add_monitor, send_answers, work
from support.otlp import new_span, new_trace_id, send_spans
from support.servers import ServerProcess
from support.trainings import training
from support.webhooks import HookServer, hook_server

import weave_core
from weave_core import Client
from weave_core.errors import BadRequest
from weave_core.evals.alert_channels import AlertPost, signature_of
from weave_core.evals.alert_workers import AlertWorker
from weave_core.model import Alert, AlertChanges, AlertTake, NewAlert

KEY_PLACE = "env:WEAVE_CORE_ALERT_SECRET"


@pytest.fixture
def client(server: ServerProcess) -> Iterator[Client]:
    """Of the server of this database."""
    with Client(server.url) as client:
        yield client


@pytest.fixture
def hooks() -> Iterator[HookServer]:
    """A receiver of webhooks."""
    with hook_server() as box:
        yield box


def watch(
    client: Client, project: str, *, env: Mapping[str, str] | None = None, smtp: str | None = None
) -> None:
    """Let a worker do all that is due."""
    post = AlertPost(dict(env or {}), "http://app.example:8501", smtp_url=smtp)
    worker = AlertWorker(client, post, projects=[project])
    asyncio.run(worker.run(asyncio.Event(), until_idle=True))


def alert(client: Client, project: str, **rule: Any) -> Alert:
    """An alert, which is due at once; also if it is there already."""
    given = {"name": "failures", "measure": "error_rate", "condition": "above", "threshold": 0.2}
    return client.add_alert(project, NewAlert.model_validate(given | rule))


def send(url: str, project: str, *, ok: int = 0, failed: int = 0, age_s: float = 5.0) -> None:
    """Traces of one span."""
    spans = [
        new_span(
            "answer",
            new_trace_id(),
            start_ns=time.time_ns() - int(age_s * 1e9) - number,
            duration_ms=10 + number,
            error="down" if number < failed else None,
        )
        for number in range(ok + failed)
    ]
    send_spans(url, project, spans)


def states(client: Client, project: str) -> list[str]:
    """What became of alerts, oldest first."""
    return [event.state for event in reversed(client.list_alert_events(project))]


def test_a_failure_rate_is_told_once_and_so_is_its_end(
    server: ServerProcess, client: Client, project: str, hooks: HookServer
) -> None:
    """A signed webhook when it fires, none while it goes on, one when it is resolved."""
    channel = {"kind": "webhook", "to": f"{hooks.url}/hook?key=1", "secret": KEY_PLACE}
    rule: dict[str, Any] = {"channels": [channel], "note": "look at the provider"}
    env = {"WEAVE_CORE_ALERT_SECRET": "s3cret"}
    send(server.url, project, ok=20, failed=20)
    made = alert(client, project, **rule)
    assert made.channels[0].to == f"{hooks.url}/***"
    for _ in range(2):
        watch(client, project, env=env)
        alert(client, project, **rule)
    watch(client, project, env=env)
    assert states(client, project) == ["firing"]
    [hook] = hooks.hooks
    stamp = hook.headers["x-weave-timestamp"]
    assert hook.headers["x-weave-signature"] == signature_of("s3cret", stamp, hook.body)
    told = json.loads(hook.body)
    assert (told["state"], told["alert"], told["project"]) == ("firing", "failures", project)
    assert told["measurement"]["value"] == 0.5
    assert told["note"] == "look at the provider"
    assert told["url"].startswith("http://app.example:8501/alerts?project=")
    alert(client, project, **rule, filter="status != 'error'")
    watch(client, project, env=env)
    assert states(client, project) == ["firing", "resolved"]
    assert len(hooks.hooks) == 2
    assert client.get_alert(project, "failures").state == "resolved"
    stored = client.get_object(project, "alert", "failures", "1").content
    assert stored["channels"] == [{"kind": "webhook"}]


def test_chance_and_a_handful_tell_nobody(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Three failures of three are too few; six of twenty may well be a rate of a fifth."""
    send(server.url, project, failed=3)
    alert(client, project)
    watch(client, project)
    last = client.get_alert(project, "failures").last
    assert last is not None
    assert (last.value, last.is_breached) == (1.0, None)
    send(server.url, project, ok=14, failed=3)
    alert(client, project)
    watch(client, project)
    last = client.get_alert(project, "failures").last
    assert last is not None
    assert (last.value, last.n, last.is_breached) == (0.3, 20, False)
    alert(client, project, is_sure=False)
    watch(client, project)
    assert client.get_alert(project, "failures").state == "firing"


def test_a_change_from_the_window_before_and_silence_are_seen(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Twice the calls of the minutes before fire, a little more does not; no calls are silence."""
    send(server.url, project, ok=30, age_s=70)
    send(server.url, project, ok=36)
    busy = {"measure": "count", "condition": "rises", "threshold": 0.1, "window_s": 60}
    alert(client, project, **busy)
    watch(client, project)
    assert client.get_alert(project, "failures").state == "ok"
    send(server.url, project, ok=60)
    alert(client, project, **busy)
    watch(client, project)
    assert client.get_alert(project, "failures").state == "firing"
    silence = {"measure": "count", "condition": "below", "threshold": 1, "name": "silence"}
    alert(client, project, **silence, filter="service_name = 'checkout'")
    watch(client, project)
    assert client.get_alert(project, "silence").state == "firing"


def test_a_percentile_fires_when_enough_spans_are_slower(
    server: ServerProcess, client: Client, project: str
) -> None:
    """The share of slower spans has to be above a twentieth for certain."""
    send(server.url, project, ok=60)
    for threshold, state in ((67.0, "ok"), (40.0, "firing")):
        alert(client, project, measure="latency_p95_ms", threshold=threshold)
        watch(client, project)
        assert client.get_alert(project, "failures").state == state


def test_the_score_of_a_monitor_and_a_crashed_run_are_told_in_a_chat(
    server: ServerProcess, client: Client, project: str, hooks: HookServer, tmp_path: Any
) -> None:
    """The mean of what a monitor says, and runs that pass a filter; as a text that Slack takes."""
    channels = [{"kind": "slack", "to": f"{hooks.url}/chat"}]
    add_monitor(client, project, "watch", f"{__name__}:short")
    send_answers(server.url, project, ["yes"] * 4 + ["no, never"] * 26)
    work(client, project)
    rule: dict[str, Any] = {"measure": "score", "condition": "below", "threshold": 0.5}
    alert(client, project, **rule, monitor="watch", channels=channels)
    with training(project, server.url, tmp_path / "home"):
        run = weave_core.run(name="night")
        run.finish("failed")
    for number in range(30):
        client.add_feedback(project, "thumbs", number < 6, trace_id=f"{number + 1:032x}")
    client.add_feedback(project, "thumbs", 1, trace_id="a" * 32, source="llm")
    thumbs = {"measure": "feedback", "score": "thumbs", "filter": "source = 'code'"}
    alert(client, project, **rule | thumbs, name="unhappy", channels=channels)
    failed = {"measure": "runs", "filter": "state = 'failed'", "threshold": 0, "name": "runs"}
    alert(client, project, **failed, channels=channels)
    watch(client, project)
    watch(client, project)
    texts = sorted(json.loads(hook.body)["text"] for hook in hooks.hooks)
    assert texts[0].startswith(f"failures ({project}) is firing\nscore is 0.1333 [")
    assert texts[1].startswith(f"runs ({project}) is firing\nruns is 1: night")
    assert texts[2].startswith(f"unhappy ({project}) is firing\nfeedback thumbs is 0.2 [0.09")


def test_a_receiver_that_is_down_is_tried_again_and_one_that_refuses_is_not(
    server: ServerProcess, client: Client, project: str, hooks: HookServer
) -> None:
    """A 503 waits for its next try; a 404 is dead, seen as such, and can be sent again."""
    send(server.url, project, failed=30)
    hooks.answers = [503, 404]
    alert(client, project, channels=[{"kind": "webhook", "to": hooks.url}] * 2)
    watch(client, project)
    [event] = client.list_alert_events(project)
    assert sorted(each.state for each in event.deliveries) == ["dead", "waiting"]
    assert {each.error for each in event.deliveries} == {
        "the receiver answered 404",
        "the receiver answered 503",
    }
    [waits] = [each for each in event.deliveries if each.state == "waiting"]
    assert waits.due_ns > time.time_ns() + 5_000_000_000
    assert client.get_alert(project, "failures").dead_count == 1
    client.retry_alert(project, "failures")
    watch(client, project)
    [event] = client.list_alert_events(project)
    assert sorted(each.state for each in event.deliveries) == ["sent", "waiting"]
    assert len({hook.headers["x-weave-delivery"] for hook in hooks.hooks}) == 2


def test_mail_is_sent_and_a_muted_alert_tells_nobody(
    server: ServerProcess, client: Client, project: str
) -> None:
    """What happens while it is muted is history; a test message goes out all the same."""
    send(server.url, project, failed=30)
    rule = {"channels": [{"kind": "email", "to": "a@shop.example, b@shop.example"}]}
    with mail_server() as box:
        alert(client, project, **rule)
        client.change_alert(project, "failures", AlertChanges(mute_s=600))
        watch(client, project, smtp=box.url)
        [event] = client.list_alert_events(project)
        assert (event.state, event.is_muted, event.deliveries) == ("firing", True, [])
        assert box.mails == []
        client.test_alert(project, "failures")
        watch(client, project, smtp=box.url)
        [mail] = box.mails
    assert f"Subject: [firing] failures of {project}" in mail
    assert "To: a@shop.example, b@shop.example" in mail
    assert "a test: somebody asked for this message" in mail


def test_a_worker_that_dies_leaves_its_alerts_and_messages_to_another(
    server: ServerProcess, client: Client, project: str, hooks: HookServer
) -> None:
    """What was taken and not told is due again when the lease ends; a change is told once."""
    send(server.url, project, failed=30)
    alert(client, project, channels=[{"kind": "webhook", "to": hooks.url}])
    lost = client.take_alerts(AlertTake(worker="lost", lease_s=1, projects=[project]))
    assert [each.name for each in lost.items] == ["failures"]
    watch(client, project)
    assert states(client, project) == []
    time.sleep(1.0)  # The lease of the lost one.
    watch(client, project)
    assert states(client, project) == ["firing"]
    assert len(hooks.hooks) == 1


def test_what_can_not_be_measured_or_sent_says_why(
    server: ServerProcess, client: Client, project: str
) -> None:
    """A monitor that is gone is the alert's problem; a key that is not set is the message's."""
    send(server.url, project, failed=30)
    rule: dict[str, Any] = {"measure": "score", "condition": "below", "name": "score"}
    alert(client, project, **rule, monitor="gone")
    to = "env:WEAVE_CORE_ALERT_URL"
    alert(client, project, channels=[{"kind": "webhook", "to": to}])
    watch(client, project)
    assert "no monitor 'gone'" in (client.get_alert(project, "score").problem or "")
    [event] = client.list_alert_events(project)
    assert [each.to for each in event.deliveries] == [to]
    assert "no WEAVE_CORE_ALERT_URL" in (event.deliveries[0].error or "")
    with pytest.raises(BadRequest, match="kin"):
        alert(client, project, filter="kin = 'llm'")


def short(output: str) -> bool:
    """A scorer of a user's."""
    return len(output) < 6
