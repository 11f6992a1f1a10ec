"""`weave_core.publish` and `weave_core.get`: what is kept by its content, by name.

Part of the roof, like `weave_core/__init__.py`: where to is what tracing was told, and what some
kinds become when they are read is known further up.
"""

from collections.abc import Sequence
from typing import Any, Protocol, Self, runtime_checkable

from weave_core.client import Client
from weave_core.errors import BadRequest, ConfigError, NotFound
from weave_core.refs import Ref
from weave_core.settings import DEFAULT_ENDPOINT, OFFLINE
from weave_core.tracing.lifecycle import settings_in_force
from weave_core.tracing.used_objects import note_used

__all__ = ["get", "publish"]


@runtime_checkable
class _Publishable(Protocol):
    """What says by itself what it is."""

    kind: str
    name: str

    def to_content(self) -> Any:
        """Its content as JSON."""


def publish(
    value: Any,
    name: str | None = None,
    *,
    kind: str | None = None,
    aliases: Sequence[str] = (),
    tags: Sequence[str] = (),
    project: str | None = None,
    client: Client | None = None,
) -> Ref:
    """Keep a value on the server as a version of an object; the same content is the same version.

    Example:
        >>> ref = weave_core.publish(
        ...     {"system": "You are terse."}, "greeting", kind="prompt", aliases=["production"]
        ... )
        >>> weave_core.get("prompt/greeting:production")
        {'system': 'You are terse.'}

    Args:
        value: Any JSON, or an object that has `kind`, `name` and `to_content`.
        name: Its name; needed unless the value says it.
        kind: What it is, in small letters; default: what the value says, else `value`.
        aliases: Names that lead to this version from now on; `latest` always does.
        tags: Added to those that the version has.
        project: Default: the one that tracing was started with, else `WEAVE_CORE_PROJECT`.
        client: Where to; default: the server that tracing was started with.

    Returns:
        The ref of the version, whose text leads to this very content for ever; a traced call that
        publishes or gets an object names it in `weave_core.refs`.

    Raises:
        ConfigError: If there is no name, or no server to publish to.
        BadRequest: If the content is no JSON, or a name is none.
        ServerUnreachable: If the server does not answer.
    """
    content = value
    if isinstance(value, _Publishable):
        content, kind, name = value.to_content(), kind or value.kind, name or value.name
    if not name:
        raise ConfigError("publish was given no name", 'say publish(value, "name")')
    with _Place(project, client) as place:
        # First, so that no version is there whose blobs are not.
        for blob in value.blobs() if hasattr(value, "blobs") else ():
            place.client.add_blob(blob)
        kept = place.client.publish_object(
            place.project, kind or "value", name, content, aliases=aliases, tags=tags
        )
    return note_used(Ref(place.project, kept.kind, kept.name, kept.digest))


def get(
    name: str,
    *,
    kind: str | None = None,
    project: str | None = None,
    client: Client | None = None,
) -> Any:
    """The content of an object that was published; a dataset as a `Dataset`.

    Example:
        >>> weave_core.get("greeting")  # The latest version, where one kind has that name.
        >>> weave_core.get("prompt/greeting:production")
        >>> weave_core.get("greeting:3", kind="prompt")

    Args:
        name: `NAME`, `NAME:VERSION`, `KIND/NAME:VERSION`, or a ref.  A version is an alias, a
            number, or a `sha256:` digest or its beginning.
        kind: What it is, where the name does not say it.
        project: Default: the one that tracing was started with, else `WEAVE_CORE_PROJECT`.
        client: Where from; default: the server that tracing was started with.

    Raises:
        NotFound: If it is not stored.
        BadRequest: If objects of several kinds have the name, and none is said.
        ConfigError: If there is no server to ask.
    """
    if name.startswith("weave-core://"):
        ref = Ref.parse(name)
        kind, name, version, project = ref.kind, ref.name, ref.digest, ref.project
    else:
        said, _, rest = name.rpartition("/")
        kind = said or kind
        name, _, version = rest.partition(":")
    with _Place(project, client) as place:
        kind = kind or _only_kind(place, name)
        found = place.client.get_object(place.project, kind, name, version or "latest")
        note_used(Ref(place.project, kind, name, found.digest))
        if kind == "dataset":
            from weave_core.evals import Dataset  # Only whoever gets one needs it.

            return Dataset.from_content(found.content, name=name, blob=place.client.get_blob)
    return found.content


def _only_kind(place: "_Place", name: str) -> str:
    found = place.client.list_objects(place.project, name=name).items
    if not found:
        raise NotFound(
            f"there is no object {name!r} in project {place.project!r}", "publish it first"
        )
    if len(found) > 1:
        kinds = ", ".join(item.kind for item in found)
        raise BadRequest(f"{name!r} is the name of several objects: {kinds}", "say kind=")
    return found[0].kind


class _Place:
    """The server and project that a call speaks of; a client that it made is closed at the end."""

    def __init__(self, project: str | None, client: Client | None) -> None:
        settings = settings_in_force()
        self.project = project or settings.project
        self._own: Client | None = None
        if client is None:
            endpoint = settings.endpoint or DEFAULT_ENDPOINT
            if endpoint == OFFLINE:
                raise ConfigError(
                    f"objects are kept on a server, and the endpoint is {endpoint!r}",
                    "start one with `weave-core up`, or give client=Client(URL)",
                )
            client = self._own = Client(endpoint, api_key=settings.api_key)
        self.client = client

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._own is not None:
            self._own.close()
