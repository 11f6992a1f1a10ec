"""OTLP over gRPC, by the SDK's own exporters and by raw calls."""

import gzip
import os
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]  # It ships no types.
import httpx
import pytest
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from support.otlp import new_span, new_trace_id
from support.servers import ServerProcess, start_server

from weave_core import Client

TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
START_NS = 1_767_225_600_000_000_000
DETAILS = "grpc-status-details-bin"


@contextmanager
def channel(server: ServerProcess) -> Iterator[grpc.Channel]:
    """A connection without a limit of its own."""
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(server.grpc_address, options=options) as opened:
        yield opened


def request_of(count: int, *, name: str = "step") -> ExportTraceServiceRequest:
    """A request of `count` spans of one trace."""
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    trace_id = new_trace_id()
    for number in range(count):
        scope.spans.append(new_span(name, trace_id, start_ns=START_NS + number, duration_ms=1))
    return request


def refusal(call: grpc.RpcError) -> tuple[str, str, list[str]]:
    """Code, message, and the types of the details of a failed call."""
    assert isinstance(call, grpc.Call)
    raw = dict(call.trailing_metadata() or ()).get(DETAILS)
    details = Status.FromString(raw).details if isinstance(raw, bytes) else []
    names = [detail.TypeName() for detail in details]
    return call.code().name, str(call.details()), names


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_the_sdk_sends_all_three_signals(
    server: ServerProcess, client: Client, project: str, compression: grpc.Compression
) -> None:
    """Spans, logs and metrics of one program, project by metadata, plain and compressed."""
    place: dict[str, Any] = {
        "endpoint": server.grpc_address,
        "insecure": True,
        "compression": compression,
    }
    place["headers"] = (("x-weave-project", project),)
    resource = Resource({})
    tracing = TracerProvider(resource=resource)
    tracing.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(**place)))
    logging = LoggerProvider(resource=resource)
    logging.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(**place)))
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(**place), 1e9)
    metering = MeterProvider(resource=resource, metric_readers=[reader])

    with tracing.get_tracer("app").start_as_current_span("chat gpt-4o-mini") as span:
        span.set_attribute("gen_ai.operation.name", "chat")
        logging.get_logger("app").emit(
            timestamp=time.time_ns(),
            event_name="gen_ai.user.message",
            body={"content": "How are you?"},
        )
    metering.get_meter("app").create_counter("calls").add(3)
    for provider in (tracing, logging, metering):
        assert provider.force_flush()
        provider.shutdown()

    [listed] = client.list_spans(project).items
    found = client.get_span(project, listed.span_id)
    assert found.messages is not None
    assert found.messages.input[0].parts[0].content == "How are you?"
    metrics = httpx.get(f"{server.url}/api/projects/{project}/metrics").json()["items"]
    assert [each["name"] for each in metrics] == ["calls"]


def test_an_empty_message_is_a_full_success(server: ServerProcess) -> None:
    """The specification: the server answers success to an empty request."""
    with channel(server) as opened:
        assert opened.unary_unary(TRACES)(b"") == b""
        assert opened.unary_unary(LOGS)(b"") == b""


def test_a_bad_span_is_refused_and_its_neighbours_are_stored(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Partial success, as over HTTP."""
    request = request_of(2)
    request.resource_spans[0].scope_spans[0].spans.add(name="odd", trace_id=b"ab", span_id=b"c")

    with channel(server) as opened:
        answer = opened.unary_unary(TRACES)(
            request.SerializeToString(), metadata=(("x-weave-project", project),)
        )

    partial = ExportTraceServiceResponse.FromString(answer).partial_success
    assert partial.rejected_spans == 1
    assert "'odd'" in partial.error_message
    assert len(client.list_spans(project).items) == 2


def test_a_bad_log_record_is_counted_in_its_own_field(server: ServerProcess) -> None:
    """Each signal has an answer of its own."""
    request = ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add().log_records.add(trace_id=b"ab")
    with channel(server) as opened:
        answer = opened.unary_unary(LOGS)(request.SerializeToString())

    assert ExportLogsServiceResponse.FromString(answer).partial_success.rejected_log_records == 1


@pytest.mark.parametrize(
    "body", [b"\xff\xff\xff", gzip.compress(b"x" * 100, mtime=0)[:-9]], ids=["noise", "cut gzip"]
)
def test_bad_data_is_an_invalid_argument_with_its_detail(
    server: ServerProcess, body: bytes
) -> None:
    """Senders drop it: the same bytes would be wrong the next time too."""
    with channel(server) as opened, pytest.raises(grpc.RpcError) as refused:
        opened.unary_unary(TRACES)(body)

    code, _, details = refusal(refused.value)
    assert (code, details) == ("INVALID_ARGUMENT", [BadRequest.DESCRIPTOR.full_name])


def test_what_is_too_large_is_told_once_and_for_all(tmp_path: Path) -> None:
    """RESOURCE_EXHAUSTED without RetryInfo, before and after decompression."""
    limit = 100_000
    body = request_of(500).SerializeToString()
    env = {"WEAVE_CORE_MAX_BODY_BYTES": str(limit)}
    with start_server(tmp_path, env=env) as server, channel(server) as opened:
        call = opened.unary_unary(TRACES)
        assert len(body) < limit
        assert call(body) == b""
        for compression in (None, grpc.Compression.Gzip):
            with pytest.raises(grpc.RpcError) as refused:
                call(request_of(4_000).SerializeToString(), compression=compression)
            code, message, details = refusal(refused.value)
            assert (code, details) == ("RESOURCE_EXHAUSTED", [])
            assert str(limit) in message


def test_the_limit_itself_is_taken(tmp_path: Path) -> None:
    """Plain, gzip and deflate; one byte more is too much."""
    limit = 100_000
    # An unknown field, whose head takes four bytes.
    exact = b"\x7a" + bytes((0x9C, 0x8D, 0x06)) + b"x" * (limit - 4)
    env = {"WEAVE_CORE_MAX_BODY_BYTES": str(limit)}
    with start_server(tmp_path, env=env) as server, channel(server) as opened:
        call = opened.unary_unary(TRACES)
        for compression in grpc.Compression:
            assert call(exact, compression=compression) == b""
            with pytest.raises(grpc.RpcError) as refused:
                call(exact + b"\x78\x01", compression=compression)
            assert refusal(refused.value)[0] == "RESOURCE_EXHAUSTED"


def test_a_compressed_message_that_is_cut_is_refused_whole(
    server: ServerProcess, project: str
) -> None:
    """Nothing of it is stored, in either format."""
    body = request_of(3).SerializeToString()
    with channel(server) as opened:
        for packed in (gzip.compress(body), zlib.compress(body)):
            for damaged in (packed[:-1], packed + b"more", packed[:20] + packed[21:]):
                with pytest.raises(grpc.RpcError) as refused:
                    opened.unary_unary(TRACES)(damaged, metadata=(("x-weave-project", project),))
                assert refusal(refused.value)[0] == "INVALID_ARGUMENT"
    assert httpx.get(f"{server.url}/api/projects/{project}/spans").status_code == 404


def test_what_is_not_served_is_unimplemented(server: ServerProcess) -> None:
    """As OTLP wants it: senders then leave that signal alone."""
    with channel(server) as opened:
        for name in ("profiles.v1development.ProfilesService/Export", "trace.v1.TraceService/Get"):
            path = f"/opentelemetry.proto.collector.{name}"
            with pytest.raises(grpc.RpcError) as refused:
                opened.unary_unary(path)(b"")
            assert refusal(refused.value)[0] == "UNIMPLEMENTED"


@pytest.mark.parametrize(
    "noise",
    [
        b"GET / HTTP/1.1\r\nhost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 200,
    ],
    ids=["HTTP/1", "TLS", "broken frames"],
)
def test_what_is_no_grpc_harms_nobody(server: ServerProcess, noise: bytes) -> None:
    """A sender that was set up wrong is hung up on; the others go on."""
    host, _, port = server.grpc_address.rpartition(":")
    with socket.create_connection((host, int(port)), 30) as wrong:
        wrong.sendall(noise)
        while wrong.recv(4096):
            pass
    with channel(server) as opened:
        assert opened.unary_unary(TRACES)(b"") == b""


def test_pressure_asks_to_come_back(tmp_path: Path) -> None:
    """UNAVAILABLE with RetryInfo, so that exporters keep their spans and send them again."""
    env = {"WEAVE_CORE_MAX_QUEUE_BYTES": "1000"}
    body = request_of(2_000).SerializeToString()
    with start_server(tmp_path, env=env) as server, channel(server) as opened:
        calls = [opened.unary_unary(TRACES).future(body) for _ in range(8)]
        errors = [error for call in calls if (error := call.exception()) is not None]

    assert errors, "all of them were taken"
    assert len(errors) < len(calls), "none of them was taken"
    for error in errors:
        assert isinstance(error, grpc.RpcError)
        code, _, details = refusal(error)
        assert (code, details) == ("UNAVAILABLE", [RetryInfo.DESCRIPTOR.full_name])


def test_a_key_is_asked_for_where_there_is_one(tmp_path: Path) -> None:
    """As metadata `authorization`."""
    with (
        start_server(tmp_path, env={"WEAVE_CORE_API_KEY": "secret"}) as server,
        channel(server) as opened,
    ):
        call = opened.unary_unary(TRACES)
        for metadata in ((), (("authorization", "Bearer wrong"),)):
            with pytest.raises(grpc.RpcError) as refused:
                call(b"", metadata=metadata)
            assert refusal(refused.value)[0] == "UNAUTHENTICATED"
        assert call(b"", metadata=(("authorization", "Bearer secret"),)) == b""


def test_a_caller_that_gives_up_harms_nobody(server: ServerProcess, project: str) -> None:
    """Deadlines and cancelled calls end the call, not the one thread that writes."""
    body = request_of(2_000).SerializeToString()
    metadata = (("x-weave-project", project),)
    with channel(server) as opened:
        call = opened.unary_unary(TRACES)
        assert call(b"", metadata=metadata) == b""  # Connected: what follows arrives at once.
        for wait_s in (0.005, 0.01, 0.02, 0.04, 0.08, 0.16):
            given_up = call.future(body, metadata=metadata)
            time.sleep(wait_s)  # Somewhere between arrival and commit.
            given_up.cancel()

        answer = call(request_of(1).SerializeToString(), metadata=metadata, timeout=30)

    assert answer == b""


def test_what_was_answered_survives_a_stop(tmp_path: Path) -> None:
    """SIGTERM while clients send: every call that was answered is stored after the restart."""
    answered: list[int] = []
    stopping = threading.Event()
    with start_server(tmp_path) as server, channel(server) as opened:

        def send() -> None:
            call = opened.unary_unary(TRACES)
            metadata = (("x-weave-project", "stop"),)
            while True:
                try:
                    call(request_of(50).SerializeToString(), metadata=metadata)
                except grpc.RpcError:
                    return
                answered.append(50)
                if len(answered) > 20:
                    stopping.set()

        threads = [threading.Thread(target=send) for _ in range(3)]
        for thread in threads:
            thread.start()
        assert stopping.wait(30)
        assert server.stop() == 0
        for thread in threads:
            thread.join(timeout=20)
    with start_server(tmp_path, "--no-grpc") as again, Client(again.url) as client:
        [stored] = client.list_projects()

    assert stored.span_count >= sum(answered)


def test_a_taken_port_is_named_with_the_way_out(tmp_path: Path) -> None:
    """The other program may be another collector: say which port and how to choose."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "weave_core", "server", "--home", str(tmp_path)]
        command += ["--port", "0", "--grpc-port", str(port)]
        ended = subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=False, env=os.environ.copy()
        )

    assert ended.returncode != 0
    assert str(port) in ended.stderr
    assert "--grpc-port" in ended.stderr


def test_no_grpc_means_none(tmp_path: Path) -> None:
    """The line is printed only where there is a door, and before the one that says ready."""
    with start_server(tmp_path / "a", "--no-grpc") as server:
        assert [line for line in server.lines if " grpc " in line] == []
    with start_server(tmp_path / "b") as server:
        assert " grpc on 127.0.0.1:" in server.lines[0]
        assert " ready on " in server.lines[1]
