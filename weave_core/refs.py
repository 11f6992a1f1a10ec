"""A ref: the name of one version of an object, for ever, as a text that spans and configs hold.

`weave-core://PROJECT/KIND/NAME@sha256:DIGEST`, each part percent-encoded.
"""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, unquote

from weave_core.errors import ConfigError

__all__ = ["Ref"]

_FORM = re.compile(r"weave-core://([^/@]+)/([^/@]+)/([^/@]+)@(sha256:[0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Ref:
    """One version of an object.

    Example:
        >>> Ref.parse("weave-core://support/prompt/greeting@sha256:" + 64 * "0").name
        'greeting'
    """

    project: str
    kind: str
    name: str
    digest: str
    """`sha256:` and 64 hex digits."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The ref that `text` is.

        Raises:
            ConfigError: If it is none.
        """
        found = _FORM.fullmatch(text)
        if found is None:
            raise ConfigError(
                f"{text[:200]!r} is no ref", "write weave-core://PROJECT/KIND/NAME@sha256:DIGEST"
            )
        return cls(*(unquote(part) for part in found.groups()))

    def __str__(self) -> str:
        parts = "/".join(quote(part, safe="") for part in (self.project, self.kind, self.name))
        return f"weave-core://{parts}@{self.digest}"
