"""The version of an operation: a digest of its source text."""

import inspect
import textwrap
from collections.abc import Callable
from typing import Any

from weave_core.digests import digest_bytes

__all__ = ["source_version"]


def source_version(func: Callable[..., Any]) -> str | None:
    """`sha256:` digest of the source of `func`, decorators included, indentation removed.

    None where there is no source to read (built-ins, code typed into `exec`).  Reading takes about
    0.2 ms, so an operation asks once, at its first call.
    """
    try:
        source = inspect.getsource(func)
    except (OSError, TypeError, IndentationError, SyntaxError):
        return None
    return digest_bytes(textwrap.dedent(source).encode("utf-8", "replace"))
