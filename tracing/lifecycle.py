"""Start and stop of tracing: which provider, which server, and what happens at exit.

All state of the process is in `_state`; nothing starts at import.
"""

import atexit
import http.client
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypedDict, Unpack
from urllib.parse import quote, urlencode, urlsplit

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBased

from weave_core import semconv
from weave_core.errors import ConfigError
from weave_core.in_process import EMBEDDED, open_transport
from weave_core.settings import DEFAULT_ENDPOINT, OFFLINE, Settings
from weave_core.tracing import calls, content
from weave_core.tracing.destinations import Destination, destinations_of, http_endpoint
from weave_core.tracing.exporting import Exporter
from weave_core.tracing.failures import logger, reset_lock, warn_once
from weave_core.tracing.lean_tracers import IDS, LeanProvider
from weave_core.tracing.media import SHELF
from weave_core.tracing.policies import RedactionPolicy, policy_of
from weave_core.tracing.processors import Processor
from weave_core.tracing.propagation import join_environment
from weave_core.tracing.redaction import Redactor
from weave_core.tracing.run_beats import BEATS
from weave_core.tracing.sampling import RootSampler, checked_rate
from weave_core.tracing.sources import CODES
from weave_core.tracing.threads import follow_threads
from weave_core.tracing.transports import SETTING_UP
from weave_core.versions import package_version

__all__ = [
    "Tracing",
    "checked_project",
    "current_exporter",
    "flush",
    "init",
    "is_active",
    "page_url",
    "settings_in_force",
    "shutdown",
    "span_url",
]

_PROBE_TIMEOUT_S = 0.25
_MAX_ATTRIBUTES = 1_024
"""OTel's own 128 lets long conversations push the first attributes out, the inputs first."""


@dataclass(slots=True)
class _State:
    lock: threading.RLock = field(default_factory=threading.RLock)
    tracing: "Tracing | None" = None
    processor: Processor | None = None
    provider: TracerProvider | None = None
    sampler: RootSampler | None = None
    """Ours, where the provider is ours too."""
    chosen: "_Chosen | None" = None
    watches_process: bool = False
    has_joined: bool = False
    """Whether the environment was asked for a trace to go on in: once, not at each `init`."""
    holds_setup: bool = False


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What `init` was told; the same again changes nothing."""

    settings: Settings
    target: str
    sample_rate: float
    also_to: tuple[Destination, ...]
    policy: RedactionPolicy | None


_state = _State()


class Tracing:
    """Tracing as it was started by `init`."""

    def __init__(self, project: str, endpoint: str, exporter: Exporter) -> None:
        self.project = project
        self.endpoint = endpoint
        """Where spans go: a URL, or `offline`."""
        self._exporter = exporter

    def flush(self, timeout_s: float = 10.0, *, is_patient: bool = True) -> bool:
        """Wait until every span that has ended was stored; False where time ran out.

        Args:
            timeout_s: Longest wait.
            is_patient: Whether to wait so long for a server that answers nothing at all.
        """
        BEATS.drain_all()
        return self._exporter.flush(timeout_s, is_patient=is_patient)

    def shutdown(self, timeout_s: float = 5.0) -> bool:
        """Send what waits, for at most `timeout_s` seconds, and stop; False where some was left."""
        return shutdown(timeout_s)

    def __repr__(self) -> str:
        return f"<weave_core tracing: project {self.project!r} to {self.endpoint}>"


class InitOptions(TypedDict, total=False):
    """What `init` may be told beside project and endpoint; `weave_core.init` says what it means."""

    api_key: str | None
    service_name: str | None
    resource_attributes: Mapping[str, str] | None
    sample_rate: float | None
    redact: RedactionPolicy | Mapping[str, Any] | str | Path | bool | None
    also_to: Sequence[str | Mapping[str, Any] | Destination] | None


def init(
    project: str | None = None, endpoint: str | None = None, **options: Unpack[InitOptions]
) -> Tracing:
    """Start tracing: `weave_core.init`, which documents the arguments, without the integrations.

    Raises:
        ConfigError: If an argument or setting can't be used.
    """
    settings = Settings.from_env(
        endpoint=endpoint,
        project=project,
        api_key=options.get("api_key"),
        sample_rate=options.get("sample_rate"),
    )
    checked_project(settings.project)
    rate = checked_rate(settings.sample_rate)
    also_to = options.get("also_to")
    others = destinations_of(settings.also_to if also_to is None else also_to)
    policy = _policy(options.get("redact"), settings.redact)
    target = _target(settings.endpoint)
    if target == EMBEDDED:
        open_transport(settings)  # Here, where the caller hears of what is wrong with it.
    chosen = _Chosen(settings, target, rate, others, policy)
    with _state.lock:
        running = _state.tracing
        if running is not None:
            if _state.chosen == chosen:
                return running
            shutdown()
        content.set_max_value_bytes(settings.max_value_bytes)
        resource = _resource(
            settings.project, options.get("service_name"), options.get("resource_attributes")
        )
        processor = _join_provider(resource, rate)
        server = None if target == OFFLINE else target
        exporter = Exporter(settings, server, also_to=others, policy=policy)
        processor.exporter = exporter
        SHELF.is_open = True
        if settings.record_code:
            CODES.open(Redactor.of_code(policy).text if policy is not None else None)
        _state.tracing, _state.chosen = Tracing(settings.project, target, exporter), chosen
        _watch_process()
        if not _state.has_joined:
            _state.has_joined = True
            join_environment()
        return _state.tracing


def _policy(redact: object, setting: str | None) -> RedactionPolicy | None:
    """The policy in force: said now, said before, or the setting's.

    What runs stays in force: a library that calls `init` for itself must not end the redaction
    that the program has asked for.
    """
    if redact is not None:
        return policy_of(redact)
    if _state.tracing is not None and _state.chosen is not None:
        return _state.chosen.policy
    return policy_of(setting if setting is not None else True)


def settings_in_force() -> Settings:
    """What `init` was told, with where the spans go; before it, what the environment says."""
    tracing, chosen = _state.tracing, _state.chosen
    if tracing is None or chosen is None:
        return Settings.from_env()
    return replace(chosen.settings, endpoint=tracing.endpoint)


def current_exporter() -> Exporter | None:
    """What takes spans now; None while tracing is not started."""
    tracing = _state.tracing
    return tracing._exporter if tracing is not None else None  # noqa: SLF001  # Its class stands above.


def is_active() -> bool:
    """Whether `init` has been called and `shutdown` has not."""
    return _state.tracing is not None


def flush(timeout_s: float = 10.0, *, is_patient: bool = True) -> bool:
    """Wait until every span that has ended was stored; False where `timeout_s` ran out.

    Example:
        >>> assert weave_core.flush(timeout_s=5), "the server is slow or away"

    Args:
        timeout_s: Longest wait.
        is_patient: Whether to wait so long for a server that answers nothing; False: not once it
            has been silent for five seconds.
    """
    tracing = _state.tracing
    return tracing.flush(timeout_s, is_patient=is_patient) if tracing is not None else True


def shutdown(timeout_s: float = 5.0, *, is_patient: bool = True) -> bool:
    """Send what waits, for at most `timeout_s` seconds, and stop tracing.

    Runs by itself at the program's exit.  False where some was left; it stays on disk and is sent
    later.  `init` starts again.

    Example:
        >>> weave_core.shutdown(timeout_s=2)

    Args:
        timeout_s: Longest wait.
        is_patient: As for `flush`; at the exit it is not.
    """
    with _state.lock:
        if _state.tracing is not None:
            BEATS.drain_all()
        tracing, _state.tracing = _state.tracing, None
        if tracing is None:
            return True
        SHELF.is_open = False
        CODES.close()
        if _state.processor is not None:
            _state.processor.exporter = None
        return tracing._exporter.shutdown(timeout_s, is_patient=is_patient)  # noqa: SLF001  # Its class stands above.


def span_url(trace_id: str, span_id: str) -> str:
    """The page of a span in the app."""
    return page_url("trace", trace=trace_id, span=span_id)


def page_url(page: str, **query: str) -> str:
    """A page of the app about something in this process's project."""
    tracing = _state.tracing
    settings = Settings.from_env()
    own = tracing.project if tracing is not None else settings.project
    return f"{settings.app_url.rstrip('/')}/{page}?" + urlencode(
        {"project": own, **query}, quote_via=quote
    )


def checked_project(project: str) -> str:
    """`project`, if it can be the name of one.

    Raises:
        ConfigError: If it can't.
    """
    if not project.strip() or len(project) > 128 or any(ord(sign) < 32 for sign in project):  # noqa: PLR2004
        raise ConfigError(
            f"project is {project[:200]!r}",
            "give 1 to 128 characters, not only spaces, no line breaks",
        )
    return project


def _target(endpoint: str | None) -> str:
    """Where spans go, from what was said: a URL, or `offline`."""
    if endpoint is None:
        if _answers(DEFAULT_ENDPOINT):
            return DEFAULT_ENDPOINT
        logger.warning(
            "no weave-core server at %s: spans are kept on disk (start one with `weave-core up`; "
            "`weave-core sync` sends what was kept)",
            DEFAULT_ENDPOINT,
        )
        return OFFLINE
    if endpoint in (OFFLINE, EMBEDDED):
        return endpoint
    return http_endpoint(endpoint, "give http://HOST:PORT, https://HOST:PORT, offline or embedded")


def _answers(endpoint: str) -> bool:
    """Whether a server is there, within a quarter of a second."""
    parts = urlsplit(endpoint)
    connection = http.client.HTTPConnection(
        parts.hostname or "", parts.port, timeout=_PROBE_TIMEOUT_S
    )
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        return answer.status == http.client.OK and b'"version"' in answer.read(4096)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _resource(
    project: str, service_name: str | None, attributes: Mapping[str, str] | None
) -> Resource:
    own: dict[str, str] = {
        semconv.PROJECT: project,
        semconv.TELEMETRY_DISTRO_NAME: "weave-core",
        semconv.TELEMETRY_DISTRO_VERSION: package_version(),
    }
    if service_name:
        own[semconv.SERVICE_NAME] = service_name
    return Resource.create({**(attributes or {}), **own})


def _join_provider(resource: Resource, rate: float) -> Processor:
    """Our processor in the global provider: the one that is there, or a new one."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider) and provider is _state.provider and _state.processor:
        _set_rate(_state.processor, rate)
        return _state.processor
    _state.sampler = None
    processor = Processor()
    if isinstance(provider, trace.ProxyTracerProvider):
        _state.sampler = RootSampler(rate)
        provider = _state.provider = LeanProvider(
            processor,
            resource=resource,
            sampler=ParentBased(_state.sampler),
            id_generator=IDS,
            span_limits=SpanLimits(max_span_attributes=_MAX_ATTRIBUTES),
            shutdown_on_exit=False,
        )
        trace.set_tracer_provider(provider)
    elif isinstance(provider, TracerProvider):
        provider.add_span_processor(processor)
        _state.provider = provider
    else:
        warn_once(
            "provider",
            "the OpenTelemetry provider is a %s, which takes no processor: nothing is sent",
            type(provider).__qualname__,
        )
    _set_rate(processor, rate)
    _state.processor = processor
    calls.take_processor(processor)
    return processor


def _set_rate(processor: Processor, rate: float) -> None:
    """Our sampler decides before a span is made; in another's provider our processor, after."""
    if _state.sampler is not None:
        _state.sampler.rate = rate
    else:
        processor.sample_rate = rate


def _watch_process() -> None:
    """Once per process: follow its threads, stop at exit, start anew after a fork."""
    if _state.watches_process:
        return
    _state.watches_process = True
    IDS.start_anew()
    follow_threads()
    atexit.register(shutdown, is_patient=False)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=_before_fork,
            after_in_parent=_after_fork,
            after_in_child=_start_anew_in_child,
        )


def _before_fork() -> None:
    """Let a connection be set up first; not for long, as a fork must not hang for our sake."""
    _state.holds_setup = SETTING_UP.acquire(timeout=2.0)


def _after_fork() -> None:
    if _state.holds_setup:
        _state.holds_setup = False
        SETTING_UP.release()


def _start_anew_in_child() -> None:
    """Locks, queue and threads of the parent are of no use here; its spans are its own to send."""
    _after_fork()
    reset_lock()
    IDS.start_anew()
    _state.lock = threading.RLock()
    tracing = _state.tracing
    if tracing is None:
        return
    tracing._exporter.start_anew()  # noqa: SLF001  # As above.
    if "multiprocessing.util" in sys.modules:
        # Its workers leave by os._exit, so what is registered with atexit never runs there; and
        # they forget finalizers that were made before their own after-fork hooks have run.
        from multiprocessing.util import Finalize, register_after_fork

        ways = {"is_patient": False}
        register_after_fork(
            shutdown, lambda stop: Finalize(None, stop, kwargs=ways, exitpriority=100)
        )
