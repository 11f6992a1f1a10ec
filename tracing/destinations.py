"""Where else spans go: other OTLP endpoints beside the server."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from weave_core.errors import ConfigError

__all__ = ["Destination", "destinations_of", "http_endpoint"]

MAX_DESTINATIONS = 8
"""Endpoints that `init(also_to=...)` takes."""


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Another OTLP/HTTP endpoint that gets every span.

    Example:
        >>> weave_core.init(also_to=["http://collector:4318"])
    """

    endpoint: str
    """Its URL, with or without `/v1/traces`."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Sent along: its key, as it wants it."""


def destinations_of(given: object) -> tuple[Destination, ...]:
    """What `init(also_to=...)` or `WEAVE_CORE_ALSO_TO` means.

    Args:
        given: URLs, `Destination`s or mappings with `endpoint` and `headers`; a text is URLs
            separated by commas.

    Raises:
        ConfigError: If one of them is none.
    """
    if given is None:
        return ()
    items = [part.strip() for part in given.split(",")] if isinstance(given, str) else given
    if not isinstance(items, Iterable) or isinstance(items, Mapping):
        raise ConfigError(f"also_to is {given!r}", "give a list of URLs")
    found = tuple(_destination(item) for item in items if item)
    if len(found) > MAX_DESTINATIONS:
        raise ConfigError(f"also_to has {len(found)} endpoints", f"at most {MAX_DESTINATIONS}")
    return found


def _destination(item: object) -> Destination:
    if isinstance(item, str):
        return Destination(endpoint=http_endpoint(item))
    if isinstance(item, Mapping) and set(item) <= {"endpoint", "headers"} and "endpoint" in item:
        item = Destination(endpoint=item["endpoint"], headers=item.get("headers") or {})
    if not isinstance(item, Destination):
        raise ConfigError(
            f"also_to holds {item!r}", "give a URL, or a mapping of endpoint and headers"
        )
    headers = {str(name): str(value) for name, value in item.headers.items()}
    return Destination(endpoint=http_endpoint(item.endpoint), headers=headers)


def http_endpoint(
    endpoint: str, allowed: str = "give http://HOST:PORT or https://HOST:PORT"
) -> str:
    """The base URL of an OTLP endpoint, without `/v1/traces`.

    Raises:
        ConfigError: If it is no such URL.
    """
    try:
        parts = urlsplit(endpoint)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port  # Raises where it is no number.
    except (ValueError, AttributeError):
        is_url = False
    if not is_url or parts.query or parts.fragment:
        raise ConfigError(f"endpoint is {endpoint!r}", allowed)
    return endpoint.rstrip("/").removesuffix("/v1/traces")
