"""What is sent as a value: bodies that may be large, read by `BodyReader` and checked here.

FastAPI would read them without bound, and on the loop that answers everybody.
"""

from typing import TypeVar

import orjson
from pydantic import ValidationError

from weave_core.errors import BadRequest
from weave_core.model.values import Value

__all__ = ["read_model"]

V = TypeVar("V", bound=Value)


def read_model(kind: type[V], body: bytes, hint: str) -> V:
    """A body as a value.

    Args:
        kind: Of the value.
        body: JSON.
        hint: What to send instead, if it is none.

    Raises:
        BadRequest: If it is no JSON, or not of that kind.
    """
    try:
        return kind.model_validate(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"the body is no JSON: {error}", hint) from error
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise BadRequest(f"{where or 'the body'} is wrong: {problem['msg']}") from error
