"""`weave_core.init`: starts tracing and, where asked, switches on the integrations.

Part of the roof, like `weave_core/__init__.py`: tracing may not look at the integrations that stand
on it, so the two are joined here.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from weave_core import tracing

if TYPE_CHECKING:
    from pathlib import Path

    from weave_core.tracing import Tracing
    from weave_core.tracing.destinations import Destination
    from weave_core.tracing.policies import RedactionPolicy

__all__ = ["init"]


def init(
    project: str | None = None,
    endpoint: str | None = None,
    *,
    api_key: str | None = None,
    autoinstrument: bool = False,
    service_name: str | None = None,
    resource_attributes: Mapping[str, str] | None = None,
    sample_rate: float | None = None,
    redact: "RedactionPolicy | Mapping[str, Any] | str | Path | bool | None" = None,
    also_to: "Sequence[str | Mapping[str, Any] | Destination] | None" = None,
) -> "Tracing":
    """Start tracing: from here on, operations and every other OpenTelemetry span are stored.

    Joins an OpenTelemetry SDK provider that is already there, and sets one where there is none.
    Called again with the same arguments it gives back what runs; with others it changes over.

    Example:
        >>> import weave_core
        >>> weave_core.init("support", autoinstrument=True)

    Args:
        project: Where the spans belong; default: `WEAVE_CORE_PROJECT`, else `default`.
        endpoint: A server's URL, `offline` (kept on disk until `weave-core sync`), or `embedded`
            (the store inside this process; extra `server`).  Default: `WEAVE_CORE_ENDPOINT`, else
            the local server if it answers, else `offline`.
        api_key: The server's key; default: `WEAVE_CORE_API_KEY`.
        autoinstrument: Trace the model libraries that are installed
            (`weave_core.integrations.instrument_all`).
        service_name: OpenTelemetry's `service.name` of this program.
        resource_attributes: More attributes that describe this process.
        sample_rate: Share of traces to keep, 0 to 1; a trace is kept or left out as a whole.
            Default: `WEAVE_CORE_SAMPLE_RATE`, else all.
        redact: What to take out of spans before they are written or sent: the fields of a
            `RedactionPolicy` by name, or the path of a policy file.  Default: `WEAVE_CORE_REDACT`,
            else the values of secret keys; False: nothing.
        also_to: Other OTLP endpoints that get every span, URLs or mappings with `endpoint` and
            `headers`.  Default: `WEAVE_CORE_ALSO_TO`.

    Returns:
        A handle that says what was chosen, with `flush` and `shutdown`.

    Raises:
        ConfigError: If an argument or setting can't be used; nothing else, a server that does not
            answer least of all.
    """
    started = tracing.init(
        project,
        endpoint,
        api_key=api_key,
        service_name=service_name,
        resource_attributes=resource_attributes,
        sample_rate=sample_rate,
        redact=redact,
        also_to=also_to,
    )
    if autoinstrument and tracing.is_active():
        from weave_core.integrations import instrument_all

        instrument_all()
    return started
