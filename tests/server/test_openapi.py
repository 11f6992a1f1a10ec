"""The API keeps what its description says, for input that nobody would think of."""

import os
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import status_code_conformance
from support.sent_spans import otlp_span, send_spans
from support.servers import ServerProcess

EXAMPLES = int(os.environ.get("WEAVE_CORE_TEST_API_EXAMPLES", "15"))
"""Requests to each route."""
_BOUND = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],  # A case found is told as it is: shrinking takes long.
    suppress_health_check=list(HealthCheck),
)
ENDLESS = {"/api/projects/{project}/tail"}
"""Streams that end only when the reader goes."""


def test_no_input_meets_a_server_error_or_an_undocumented_status(
    own_server: ServerProcess,
) -> None:
    """Every route of the OpenAPI document, with cases made from it, right and wrong."""
    send_spans(own_server.url, "0", [otlp_span(1, 1)])
    schema = schemathesis.openapi.from_url(f"{own_server.url}/openapi.json")
    failures: list[str] = []
    count = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if operation.path in ENDLESS:
            continue
        count += 1

        @_BOUND
        @given(case=operation.as_strategy())
        def check(case: "schemathesis.Case[Any]") -> None:
            case.call_and_validate(checks=[not_a_server_error, status_code_conformance], timeout=60)

        try:
            check()
        except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001  # All routes are told at once.
            failures.append(f"{operation.label}: {error}")
    assert not failures, "\n".join(failures)
    assert count > 20
