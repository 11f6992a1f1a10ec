"""Which definition counts for a key of a run: what `define_metric` said of it or of a pattern."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

from weave_core.model import MetricDefinition
from weave_core.points import SYSTEM_PREFIX

__all__ = ["definition_of"]


def definition_of(key: str, definitions: Mapping[str, MetricDefinition]) -> MetricDefinition:
    """What was defined for `key`: under its own name, else by the first pattern that fits."""
    if key in definitions:
        return definitions[key]
    for pattern, definition in definitions.items():
        if "*" in pattern and fnmatchcase(key, pattern):
            return definition
    if key.startswith(SYSTEM_PREFIX):
        return MetricDefinition(step_metric="time", summary="none")
    return MetricDefinition()
