"""Under load a second process decodes; whatever becomes of it, nobody outside notices."""

import os
import signal
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from support.floods import Flood, stored_ids
from support.otlp import new_span, new_trace_id
from support.otlp_load import SPANS_A_BATCH, Template, family_of, new_template, send
from support.servers import ServerProcess, start_server

from weave_core import Client
from weave_core.digests import digest_bytes
from weave_core.server.otlp.requests import EncodedRequest
from weave_core.server.otlp.traces import decode_traces
from weave_core.server.store.batches import batches_of, decode_part
from weave_core.server.store.decoder_program import read_answer
from weave_core.server.store.decoders import DecodeProcess, can_decode
from weave_core.server.store.queues import Job, JobQueue

CONNECTIONS = 6
PNG = b"\x89PNG\r\n\x1a\n"
REQUESTS = 24
EXAMPLE = '{"item": "a", "latency_ms": 1.5, "scores": {"exact": {"value": 1.0, "is_rate": true}}}'


def children(pid: int) -> list[int]:
    """The processes below `pid`."""
    return family_of(pid)[1:]


def wait_for(is_so: Callable[[], bool], within_s: float = 60.0) -> None:
    """Return once `is_so` says so."""
    until = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.02)


def load(server: ServerProcess, templates: list[Template]) -> None:
    """Send each of `templates` as it is, several at once; all are taken."""
    sent = send(
        server.url,
        lambda number: templates[number].body if number < len(templates) else None,
        connections=CONNECTIONS,
    )
    assert (len(sent.waits_s), sent.failed) == (len(templates), 0)


def load_until_started(server: ServerProcess) -> list[int]:
    """Send until the server has met two requests at once; the process that it then started."""
    until = time.monotonic() + 120
    number = 0
    while not (found := children(server.process.pid)):
        assert time.monotonic() < until, "no process was started"
        load(server, [new_template(f"first {number + each}") for each in range(REQUESTS)])
        number += REQUESTS
    return found


def read_traces(server: ServerProcess, templates: list[Template]) -> list[list[dict[str, Any]]]:
    """The first trace of each request, as the API shows it."""
    with httpx.Client(base_url=f"{server.url}/api/projects/benchmark", timeout=60) as http:
        return [
            http.get(f"/traces/{template.trace_ids[0]}").raise_for_status().json()["spans"]
            for template in templates
        ]


def test_what_the_process_decodes_reads_as_what_the_server_decodes_itself(tmp_path: Path) -> None:
    """The same requests, with and without it, are the same spans at the API, field by field."""
    templates = [new_template(f"same {number}", is_agent=True) for number in range(REQUESTS)]
    with start_server(tmp_path / "beside") as server:
        load_until_started(server)
        load(server, templates)
        beside = read_traces(server, templates)
    alone = {"WEAVE_CORE_DECODE_PROCESS": "0"}
    with start_server(tmp_path / "alone", env=alone) as server:
        load(server, templates)
        assert not children(server.process.pid)
        assert read_traces(server, templates) == beside
    assert sum(map(len, beside)) == REQUESTS * 10
    assert {span["kind"] for trace in beside for span in trace} == {"llm", "tool"}


def test_the_process_may_be_killed_again_and_again(own_server: ServerProcess) -> None:
    """Under load every request is acknowledged, and every span is there once."""
    flood = Flood(senders=CONNECTIONS, text_bytes=4_000)
    flood.start(own_server.url)
    killed: set[int] = set()
    for _ in range(3):
        wait_for(lambda: bool(set(children(own_server.process.pid)) - killed))
        time.sleep(0.7)  # It is at work, not still starting.
        for child in children(own_server.process.pid):
            killed.add(child)
            os.kill(child, signal.SIGKILL)
    time.sleep(0.5)
    flood.stop()
    assert not flood.refusals
    flood.finish(own_server.url)
    with Client(own_server.url) as client:
        assert stored_ids(client) == Counter(dict.fromkeys(flood.acknowledged_ids, 1))
    assert len(killed) >= 3


def test_what_it_cannot_read_is_refused_as_ever(own_server: ServerProcess) -> None:
    """A broken body among good ones gets its 400 with the parser's reason, the others their 200."""
    broken = new_template("broken").body[:-100_000]
    answers: list[httpx.Response] = []

    def next_body(number: int) -> bytes | None:
        if number in (5, 15):
            answers.append(
                httpx.post(
                    f"{own_server.url}/v1/traces",
                    content=broken,
                    headers={"content-type": "application/x-protobuf"},
                    timeout=60,
                )
            )
        return new_template(f"good {number}").body if number < REQUESTS else None

    sent = send(own_server.url, next_body, connections=CONNECTIONS)
    assert (len(sent.waits_s), sent.failed) == (REQUESTS, 0)
    assert [answer.status_code for answer in answers] == [400, 400]
    assert all(b"is no ExportTraceServiceRequest" in answer.content for answer in answers)
    with Client(own_server.url) as client:
        wait_for(lambda: client.list_projects()[0].span_count == REQUESTS * SPANS_A_BATCH)


def test_a_server_that_stops_takes_it_along(own_server: ServerProcess) -> None:
    """SIGTERM right after a load: exit code 0, and nobody is left."""
    left = load_until_started(own_server)
    assert own_server.stop() == 0
    wait_for(lambda: not any(Path(f"/proc/{child}").exists() for child in left), within_s=5)


def test_it_goes_when_the_server_is_killed(own_server: ServerProcess) -> None:
    """SIGKILL leaves no process behind that holds memory."""
    left = load_until_started(own_server)
    own_server.kill()
    wait_for(lambda: not any(Path(f"/proc/{child}").exists() for child in left))


def test_it_gives_back_the_rows_and_payloads_that_the_server_would_make() -> None:
    """Of a request that was lent, with what was refused of it."""
    queue = JobQueue(max_bytes=1 << 30, can_lend=can_decode)
    decoder = DecodeProcess(queue)
    start(decoder, queue)
    body = new_template("lent", is_agent=True).body + an_evaluated_span() + a_span_without_ids()
    for _ in range(2):  # The first one comes alone, so the writer has a part of it.
        queue.put(EncodedRequest(decode_traces, body, "named"), len(body))
    shared, lent = take_all(queue, 2)
    assert lent.answer is not None
    (request, [batch]), media = read_answer(lent.answer)
    assert not media
    itself = decode_traces(body, "named")
    [expected] = batches_of(itself.spans)
    assert (request.rejected, request.first_reason) == (1, itself.first_reason)
    assert request.span_count == len(expected.rows) == SPANS_A_BATCH + 1
    assert batch.evaluation_words == expected.evaluation_words
    assert len(batch.blocks) == SPANS_A_BATCH / 16 + 1
    batch.unpack(None)
    assert (batch.project, batch.origins) == ("named", expected.origins)
    assert batch.rows == expected.rows
    assert batch.texts == expected.texts
    queue.release([shared, lent])
    queue.close()
    decoder.close()


def test_once_it_is_there_it_decodes_what_the_writer_could_have_taken() -> None:
    """So the writer is free for others; when it is gone the writer does it all itself."""
    queue = JobQueue(max_bytes=1 << 30, can_lend=can_decode)
    others = set(children(os.getpid()))
    decoder = DecodeProcess(queue)
    start(decoder, queue)
    body = new_template("free").body
    queue.put(EncodedRequest(decode_traces, body), len(body))
    queue.put(EncodedRequest(decode_traces, body), len(body))
    both = take_all(queue, 2)
    assert all(job.answer is not None for job in both)
    for child in set(children(os.getpid())) - others:
        os.kill(child, signal.SIGKILL)
    wait_for(lambda: not queue.has_helper)
    queue.put(EncodedRequest(decode_traces, body), len(body))
    [own] = queue.take(lambda: None)
    assert own.answer is None
    queue.release([*both, own])
    queue.close()
    decoder.close()


def test_pictures_come_back_beside_the_rows_that_name_them() -> None:
    """The process has no blobs: what it took out of a span is handed to the server to keep."""
    picture = PNG + os.urandom(2_000)
    attributes = {"gen_ai.input.messages": f"data:image/png;base64,{b64encode(picture).decode()}"}
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for number in range(40):
        spans.append(
            new_span(
                "look", new_trace_id(), start_ns=number, duration_ms=1.0, attributes=attributes
            )
        )
    body = request.SerializeToString()
    queue = JobQueue(max_bytes=1 << 30, can_lend=can_decode)
    decoder = DecodeProcess(queue)
    start(decoder, queue)
    queue.put(EncodedRequest(decode_traces, body), len(body))
    [lent] = queue.take(lambda: None)
    assert lent.answer is not None
    (_, [batch]), media = read_answer(lent.answer)
    batch.unpack(None)
    assert set(media) == {picture}
    assert all(digest_bytes(picture).encode() in text for text in batch.texts)
    assert not any(b"base64" in text for text in batch.texts)
    queue.close()
    decoder.close()


def start(decoder: DecodeProcess, queue: JobQueue) -> list[Job]:
    """Start it by a load, and wait until it is there; what the writer had to take meanwhile."""
    others = set(children(os.getpid()))
    decoder.start()
    body = new_template("first").body
    for _ in range(2):
        queue.put(EncodedRequest(decode_traces, body), len(body))
    taken = queue.take(lambda: None)
    wait_for(lambda: bool(set(children(os.getpid())) - others))
    taken += queue.take(lambda: None)
    queue.release(taken)
    wait_for(lambda: queue.has_helper)
    return taken


def test_nothing_waits_for_it_to_start() -> None:
    """What comes before it is up is decoded by the writer: a start takes longer than the work."""
    queue = JobQueue(max_bytes=1 << 30, can_lend=can_decode)
    decoder = DecodeProcess(queue)
    taken = start(decoder, queue)
    assert [job.answer for job in taken] == [None, None]
    queue.close()
    decoder.close()


def test_a_request_that_comes_alone_is_decoded_in_two_parts_at_once() -> None:
    """The writer has the first half, the process the second; together they are the whole."""
    queue = JobQueue(max_bytes=1 << 30, can_lend=can_decode)
    decoder = DecodeProcess(queue)
    start(decoder, queue)
    body = a_span_without_ids() + new_template("halves").body + an_evaluated_span()
    encoded = EncodedRequest(decode_traces, body, "named")
    queue.put(encoded, len(body))
    assert queue.take(lambda: None) == []
    shared = queue.take_shared()
    assert shared is not None
    assert shared.own is not None
    own, [first] = decode_part(encoded, shared.own, keep=digest_bytes, dictionary_of=lambda _: None)
    [back] = queue.take(lambda: None)
    assert back is shared
    assert back.answer is not None
    (request, [second]), _ = read_answer(back.answer)
    itself = decode_traces(body, "named")
    [expected] = batches_of(itself.spans)
    assert abs(len(first.rows) - len(second.rows)) <= 1
    assert first.rows + second.rows == expected.rows
    assert (own.rejected + request.rejected, own.first_reason) == (1, itself.first_reason)
    assert second.evaluation_words == expected.evaluation_words
    for batch in (first, second):
        batch.unpack(None)
    assert first.texts + second.texts == expected.texts
    queue.release([back])
    queue.close()
    decoder.close()


def test_one_sender_that_waits_for_each_answer_is_served_by_both(own_server: ServerProcess) -> None:
    """Each span of each request is there once, also of those with a span that can't be taken."""
    load_until_started(own_server)
    templates = [new_template(f"alone {number}") for number in range(2)]
    bodies = [a_span_without_ids() + template.body for template in templates]
    with httpx.Client(base_url=own_server.url, timeout=60) as http:
        answers = [
            http.post(
                "/v1/traces", content=body, headers={"content-type": "application/x-protobuf"}
            ).raise_for_status()
            for body in [*bodies, *bodies]
        ]
        for answer in answers:
            told = ExportTraceServiceResponse.FromString(answer.content).partial_success
            assert told.rejected_spans == 1
            assert "span 'nameless'" in told.error_message
        traces = [trace_id for template in templates for trace_id in template.trace_ids]
        stored = [
            len(http.get(f"/api/projects/benchmark/traces/{trace_id}").json()["spans"])
            for trace_id in traces
        ]
    assert sum(stored) == len(templates) * SPANS_A_BATCH


def take_all(queue: JobQueue, count: int) -> list[Job]:
    """So many jobs, whose other parts the writer would decode meanwhile."""
    taken: list[Job] = []
    while len(taken) < count:
        taken += queue.take(lambda: None)
        queue.take_shared()
    return taken


def an_evaluated_span() -> bytes:
    """To be appended to a request, as below."""
    span = new_span("example", new_trace_id(), start_ns=1, duration_ms=1.0)
    for key, value in (("id", "e" * 32), ("example", EXAMPLE)):
        span.attributes.add(key=f"weave_core.evaluation.{key}").value.string_value = value
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.append(span)
    return bytes(request.SerializeToString())


def a_span_without_ids() -> bytes:
    """To be appended to a request: protobuf joins what is written one after the other."""
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.add().name = "nameless"
    return bytes(request.SerializeToString())


def test_a_process_that_hangs_is_killed_and_its_request_comes_back() -> None:
    """A request that is away too long is the writer's again, undecoded."""
    queue = JobQueue(max_bytes=1 << 30, can_lend=can_decode)
    others = set(children(os.getpid()))  # Such as the server that tests share.
    decoder = DecodeProcess(queue, max_away_s=0.5)
    start(decoder, queue)
    stopped = set(children(os.getpid())) - others
    for child in stopped:
        os.kill(child, signal.SIGSTOP)
    body = new_template("hangs").body
    queue.put(EncodedRequest(decode_traces, body), len(body))
    wait_for(lambda: queue.longest_lent_s() > 0.5)
    decoder.check()
    [back] = queue.take(lambda: None)
    assert back.answer is None
    queue.release([back])
    queue.close()
    decoder.close()
    assert queue.is_empty
    assert not any(Path(f"/proc/{child}").exists() for child in stopped)
