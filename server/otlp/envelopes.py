"""What traces, logs and metrics have around their items: resources, and scopes within them.

Both walks give each item with the project it is for and with its origin, which all items of one
scope share.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from google.protobuf.message import DecodeError

from weave_core.errors import BadRequest
from weave_core.server.otlp.json_fields import (
    MAX_UINT32,
    MismatchError,
    read_attributes,
    read_body,
    read_child,
    read_dict,
    read_each,
    read_integer,
    read_list,
    read_text,
)
from weave_core.server.otlp.protobuf_values import attribute_dict
from weave_core.server.otlp.records import RawOrigin
from weave_core.server.otlp.repairs import Repair
from weave_core.server.otlp.requests import TelemetryRequest, project_name

__all__ = ["LOGS", "METRICS", "TRACES", "Envelope", "Placed", "json_items", "protobuf_items"]

Placed = tuple[str, RawOrigin, Any]
"""Project, origin, item."""


@dataclass(frozen=True)
class Envelope:
    """The names that one signal has for its levels, in JSON; protobuf says them in snake_case."""

    message: str
    by_resource: str
    by_scope: str
    items: str
    item: str
    """One item, for an error."""

    @property
    def example(self) -> str:
        """The least request of this signal."""
        return f'{{"{self.by_resource}": [{{"{self.by_scope}": [{{"{self.items}": [...]}}]}}]}}'


class _MessageClass(Protocol):
    def FromString(self, body: bytes) -> Any: ...  # noqa: N802  # protobuf's own name.


TRACES = Envelope("ExportTraceServiceRequest", "resourceSpans", "scopeSpans", "spans", "a span")
LOGS = Envelope(
    "ExportLogsServiceRequest", "resourceLogs", "scopeLogs", "logRecords", "a log record"
)
METRICS = Envelope(
    "ExportMetricsServiceRequest", "resourceMetrics", "scopeMetrics", "metrics", "a metric"
)


def json_items(body: bytes, envelope: Envelope, header_project: str | None) -> Iterator[Placed]:
    """Each item of an OTLP/JSON request, as a dict.

    Raises:
        BadRequest: If `body` is no JSON, or the envelope is not that of the request.
    """
    message = read_body(body)
    try:
        for entry in read_list(message, envelope.by_resource):
            yield from _json_resource(
                read_dict(entry, envelope.by_resource), envelope, header_project
            )
    except MismatchError as error:
        raise BadRequest(
            f"the body is no {envelope.message}: {error}",
            f"OTLP/JSON looks like {envelope.example}",
        ) from error


def _json_resource(
    holder: dict[str, Any], envelope: Envelope, header_project: str | None
) -> Iterator[Placed]:
    sender = read_child(holder, "resource")
    resource = read_attributes(sender)
    project = project_name(resource, header_project)
    dropped_of_resource = read_integer(sender, "droppedAttributesCount", 0, MAX_UINT32)
    entities = read_each(sender, "entityRefs", _json_entity)
    for entry in read_list(holder, envelope.by_scope):
        scoped = read_dict(entry, envelope.by_scope)
        scope = read_child(scoped, "scope")
        origin = RawOrigin(
            resource=resource,
            scope_name=read_text(scope, "name"),
            scope_version=read_text(scope, "version"),
            scope_attributes=read_attributes(scope),
            schema_url=read_text(scoped, "schemaUrl"),
            resource_schema_url=read_text(holder, "schemaUrl"),
            dropped_of_scope=read_integer(scope, "droppedAttributesCount", 0, MAX_UINT32),
            dropped_of_resource=dropped_of_resource,
            entities=entities,
        )
        for item in read_list(scoped, envelope.items):
            yield project, origin, read_dict(item, envelope.item)


def protobuf_items(
    message_class: _MessageClass,
    body: bytes,
    envelope: Envelope,
    header_project: str | None,
    request: TelemetryRequest,
) -> Iterator[Placed]:
    """Each item of an OTLP protobuf request, as a message.

    Items that can't be read, among others that can, are counted as rejected in `request`.

    Raises:
        BadRequest: If `body` is no message of that class; says what the parser met.
    """
    path = tuple(
        _snake_case(name) for name in (envelope.by_resource, envelope.by_scope, envelope.items)
    )
    try:
        message = message_class.FromString(body)
    except DecodeError as error:
        repair = Repair(path)
        try:
            message = repair.mended(message_class, body)
        except DecodeError:
            raise BadRequest(
                f"the body of {len(body)} bytes is no {envelope.message}: {error}",
                "send OTLP protobuf, or OTLP/JSON with content-type application/json",
            ) from error
        for reason in repair.reasons:
            request.reject(f"{envelope.item} that can't be read: {reason}")
    by_resource, by_scope, items = path
    for holder in getattr(message, by_resource):
        sender = holder.resource
        resource = attribute_dict(sender.attributes)
        entities = [_entity(entity) for entity in sender.entity_refs]
        project = project_name(resource, header_project)
        for scoped in getattr(holder, by_scope):
            scope = scoped.scope
            origin = RawOrigin(
                resource=resource,
                scope_name=scope.name,
                scope_version=scope.version,
                scope_attributes=attribute_dict(scope.attributes),
                schema_url=scoped.schema_url,
                resource_schema_url=holder.schema_url,
                dropped_of_scope=scope.dropped_attributes_count,
                dropped_of_resource=sender.dropped_attributes_count,
                entities=entities,
            )
            for item in getattr(scoped, items):
                yield project, origin, item


def _json_entity(entity: dict[str, Any]) -> dict[str, Any]:
    said = {
        "schemaUrl": read_text(entity, "schemaUrl"),
        "type": read_text(entity, "type"),
        "idKeys": [str(key) for key in read_list(entity, "idKeys")],
        "descriptionKeys": [str(key) for key in read_list(entity, "descriptionKeys")],
    }
    return {key: value for key, value in said.items() if value}


def _entity(entity: Any) -> dict[str, Any]:
    said = {
        "schemaUrl": entity.schema_url,
        "type": entity.type,
        "idKeys": list(entity.id_keys),
        "descriptionKeys": list(entity.description_keys),
    }
    return {key: value for key, value in said.items() if value}


def _snake_case(name: str) -> str:
    return re.sub("([A-Z])", lambda found: f"_{found[1].lower()}", name)
