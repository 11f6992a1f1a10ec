"""The one piece of code that speaks our HTTP API from the reading side.

The app, the command line, notebooks and tests all read through `Client`, so whatever a page can
show, a program can get.  Sending spans is `weave_core.tracing`'s business.  What one noun can be
asked is one module here; `Client` is all of them over one connection.
"""

from weave_core.client.alerts import AlertCalls
from weave_core.client.annotations import AnnotationCalls
from weave_core.client.artifacts import ArtifactCalls
from weave_core.client.datasets import DatasetCalls
from weave_core.client.evaluations import EvaluationCalls
from weave_core.client.feedback import FeedbackCalls
from weave_core.client.logs import LogCalls
from weave_core.client.metrics import MetricCalls
from weave_core.client.monitors import MonitorCalls
from weave_core.client.objects import ObjectCalls
from weave_core.client.projects import ProjectCalls
from weave_core.client.registry import RegistryCalls
from weave_core.client.runs import RunCalls
from weave_core.client.sessions import SessionCalls
from weave_core.client.spans import SpanCalls
from weave_core.client.sql import SqlCalls
from weave_core.client.sweeps import SweepCalls
from weave_core.client.traces import TraceCalls
from weave_core.client.transfers import TransferCalls
from weave_core.client.views import ViewCalls

__all__ = ["Client"]


class Client(
    ProjectCalls,
    TraceCalls,
    SpanCalls,
    SessionCalls,
    ViewCalls,
    LogCalls,
    MetricCalls,
    SqlCalls,
    TransferCalls,
    ObjectCalls,
    DatasetCalls,
    ArtifactCalls,
    RegistryCalls,
    EvaluationCalls,
    FeedbackCalls,
    AnnotationCalls,
    RunCalls,
    SweepCalls,
    MonitorCalls,
    AlertCalls,
):
    """Reads a weave-core server.

    Example:
        >>> client = Client("http://127.0.0.1:4318")
        >>> page = client.list_traces("support", filter="status = 'error'", limit=10)
        >>> client.get_trace("support", page.items[0].trace_id).spans[0].inputs

    Args:
        endpoint: The server's address, or `embedded`: the store in this process.  Default:
            the embedded store where `init` opened it, else `WEAVE_CORE_ENDPOINT`, else the local
            server.
        api_key: Sent as `Authorization: Bearer`; with the default endpoint also from
            `WEAVE_CORE_API_KEY`.
        timeout_s: Seconds to wait for one answer.
        keep_alive: Whether connections stay open between calls; without, there is nothing to close.
        http: A ready `httpx.Client` instead (own transport, proxies, certificates); it is not
            closed by `close`.
    """
