"""The values to pick from beside a list: from counts to rows, and the value that was picked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from weave_core.app import filters
from weave_core.app.components.bundles import bundle
from weave_core.app.formats import status_word
from weave_core.model import FacetValue

__all__ = ["FACETS", "Facet", "facet_list", "facet_rows"]


@dataclass(frozen=True)
class Facet:
    """A field that the list can be narrowed by."""

    title: str
    field: str
    is_list: bool = False
    """Its values are members of a list of texts."""

    is_condition: bool = False
    """Its values are filters themselves."""

    def condition(self, value: str) -> str:
        """The filter for one of its values."""
        if self.is_condition:
            return value
        return filters.has(self.field, value) if self.is_list else filters.equals(self.field, value)


FACETS: Final = (
    Facet("Status", "status"),
    Facet("Kind of span", "kind"),
    Facet("Model", "model"),
    Facet("Op", "op_name"),
    Facet("Service", "service_name"),
    Facet("Environment", "environment"),
    Facet("User", "user_id"),
    Facet("Session", "session_id"),
    Facet("Tags", "tags", is_list=True),
    Facet("Feedback", "feedback", is_condition=True),
)
_MAX_VALUE = 120


def facet_list(rows: bytes, *, key: str) -> str | None:
    """Draw the rows of `facet_rows` and return the condition that was clicked there, if any."""
    result = bundle("facet_list")(key=key, data=rows, on_pick_change=lambda: None)
    picked: Any = result.get("pick")
    if not isinstance(picked, list) or not all(isinstance(each, str) for each in picked):
        return None
    for facet in FACETS:
        if len(picked) == 2 and picked[0] == facet.field:  # noqa: PLR2004  # Field and value.
            return facet.condition(picked[1])
    return None


def facet_rows(counts: Mapping[str, Sequence[FacetValue]], text: str) -> bytes:
    """JSON of the facets; values that the filter `text` picks are marked and always there."""
    conditions = set(filters.conjuncts(text))
    return orjson.dumps(
        [_group(facet, counts.get(facet.field, ()), conditions) for facet in FACETS]
    )


def _group(facet: Facet, values: Sequence[FacetValue], conditions: set[str]) -> dict[str, Any]:
    rows = [
        {
            "value": str(each.value),
            "text": _text(facet, str(each.value)),
            "condition": facet.condition(str(each.value))[:_MAX_VALUE],
            "count": each.count,
            "on": facet.condition(str(each.value)) in conditions,
        }
        for each in values
    ]
    return {"title": facet.title, "field": facet.field, "rows": rows}


def _text(facet: Facet, value: str) -> str:
    if facet.is_condition:
        name, _, rest = value.removeprefix("feedback['").partition("']")
        said = "" if rest == " is not null" else rest.removeprefix(" = ").strip("'")
        return f"{name} {said}".replace("''", "'").strip()[:_MAX_VALUE]
    return status_word(value) if facet.field == "status" else value[:_MAX_VALUE]
