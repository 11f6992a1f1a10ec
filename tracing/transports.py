"""OTLP over HTTP to one server: sends bytes, and says whether to go on, wait or give up.

Which bytes, when, and how often again is `weave_core.tracing.exporting`'s business.
"""

import encodings.idna  # noqa: F401  # See the note on imports below.
import gzip
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import BinaryIO, Literal
from urllib.parse import urlsplit

import httpcore  # noqa: F401
import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from weave_core.certificates import believed
from weave_core.in_process import EMBEDDED, EMBEDDED_URL, open_transport
from weave_core.media_types import BYTES
from weave_core.settings import Settings
from weave_core.versions import package_version

__all__ = ["SETTING_UP", "Delivery", "Transport"]

# A thread that is importing when the program forks leaves the import's lock held in the child for
# ever.  What httpx and the name resolver import on first use is therefore imported with this file,
# and a fork waits (in `lifecycle`) while a connection is being set up.
SETTING_UP = threading.Lock()

_UNCOMPRESSED = {"127.0.0.1", "localhost", "::1", "embedded"}
_COMES_BACK = {408, 425, 429, 500, 502, 503, 504}
_WRONG_DOOR = {401, 403, 404, 405, 407}
_NO_BLOBS = {404, 405, 501}
_MAX_RETRY_AFTER_S = 120.0
_BLOB_TIMEOUT_S = 120.0
_SMALL_BLOB_BYTES = 64 * 1024
_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one request."""

    outcome: Literal["taken", "later", "refused"]
    """`later`: nothing is wrong with the bytes; `refused`: sending them again can't help."""
    reason: str = ""
    retry_after_s: float | None = None
    """What the server asked for."""
    rejected_spans: int = 0
    """Spans of a taken request that the server did not keep."""
    is_fault: bool = False
    """The server failed over this request; the bytes may be the cause."""
    is_too_large: bool = False
    """Fewer spans at once may be taken."""
    is_silent: bool = False
    """No answer came at all."""


class Transport:
    """A connection to one server, kept open; used by one thread.

    Args:
        endpoint: Its base URL.
        api_key: Sent as `Authorization: Bearer`.
        timeout_s: Seconds for one request.
        headers: More headers, for a backend that wants its key in one of its own.
        settings: Of this process, for an embedded store.
    """

    def __init__(
        self,
        endpoint: str,
        api_key: str | None = None,
        timeout_s: float = 10.0,
        headers: Mapping[str, str] | None = None,
        settings: Settings | None = None,
    ) -> None:
        in_process = None
        if endpoint == EMBEDDED and settings is not None:
            endpoint, in_process = EMBEDDED_URL, open_transport(settings)
        self.endpoint = endpoint.rstrip("/")
        sent = {
            "Content-Type": "application/x-protobuf",
            "User-Agent": f"weave-core-python/{package_version()}",
        }
        if api_key:
            sent["Authorization"] = f"Bearer {api_key}"
        # Compressing for the loopback device costs more than it saves: 20 us a span.
        self._compresses = urlsplit(self.endpoint).hostname not in _UNCOMPRESSED
        if self._compresses:
            sent["Content-Encoding"] = "gzip"
        sent.update(headers or {})
        with SETTING_UP:
            self._http = httpx.Client(
                headers=sent,
                timeout=timeout_s,
                transport=in_process,
                verify=believed(self.endpoint),
            )

    def send(self, body: bytes) -> Delivery:
        """Send one `ExportTraceServiceRequest`; never raises for what a network can do."""
        content = gzip.compress(body, compresslevel=1) if self._compresses else body
        try:
            answer = self._http.post(f"{self.endpoint}/v1/traces", content=content)
        except httpx.HTTPError as error:
            told = f"no answer: {error or type(error).__name__}"
            return Delivery("later", told, is_silent=True)
        if answer.is_success:
            return _taken(answer)
        reason = f"the server answered {answer.status_code}: {answer.text[:300]}"
        if answer.status_code in _WRONG_DOOR:
            # A key or a URL can be put right while the program runs; the spans wait for it.
            return Delivery("later", reason, _MAX_RETRY_AFTER_S / 4)
        if answer.status_code in _COMES_BACK:
            asked_s = _retry_after_s(answer.headers.get("retry-after"))
            is_fault = answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR
            return Delivery("later", reason, asked_s, is_fault=is_fault)
        is_too_large = answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE
        return Delivery("refused", reason, is_too_large=is_too_large)

    def send_blob(self, digest: str, path: Path) -> Delivery:
        """Send one file, unless the server has it; never raises for what a network can do."""
        url = f"{self.endpoint}/api/blobs/{digest}"
        try:
            # To ask first takes as long as to send what is small.
            is_worth_asking = path.stat().st_size > _SMALL_BLOB_BYTES
            if is_worth_asking and self._http.head(url).is_success:
                return Delivery("taken")
            with path.open("rb") as file:
                request = self._http.build_request(
                    "PUT",
                    url,
                    content=_chunks(file),
                    headers={"Content-Type": BYTES, "Content-Encoding": "identity"},
                    timeout=_BLOB_TIMEOUT_S,
                )
                answer = self._http.send(request)
        except FileNotFoundError:
            return Delivery("taken")  # Another process was quicker.
        except (httpx.HTTPError, OSError) as error:
            told = f"no answer: {error or type(error).__name__}"
            return Delivery("later", told, is_silent=isinstance(error, httpx.HTTPError))
        if answer.is_success:
            return Delivery("taken")
        reason = f"the server answered {answer.status_code}: {answer.text[:300]}"
        if answer.status_code in _NO_BLOBS:
            return Delivery("taken", "another OTLP backend, which has no place for files")
        is_later = answer.status_code in _COMES_BACK | {401, 403, 407}
        return Delivery("later" if is_later else "refused", reason)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk


def _taken(answer: httpx.Response) -> Delivery:
    try:
        partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    except Exception:  # noqa: BLE001  # protobuf's DecodeError; another backend may answer JSON or text.
        return Delivery("taken")
    return Delivery("taken", partial.error_message, None, partial.rejected_spans)


def _retry_after_s(header: str | None) -> float | None:
    """Seconds that a `Retry-After` header asks for, number or date; None where it says nothing."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - time.time()
        except ValueError:
            return None
    return min(max(seconds, 0.0), _MAX_RETRY_AFTER_S)
