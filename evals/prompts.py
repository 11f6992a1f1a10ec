"""What a judge is asked, as an object with a version: another wording is another judge."""

from dataclasses import dataclass
from typing import Any

from weave_core.digests import digest_json

__all__ = ["JudgePrompt"]


@dataclass(frozen=True, kw_only=True)
class JudgePrompt:
    """The text that a judge sends to its model; part of the judge's version.

    Example:
        >>> terse = JudgePrompt(name="terse", text="Is {output} short? Answer in JSON ...")
        >>> weave_core.publish(terse)
    """

    name: str
    text: str
    """With the places of what is judged in braces, as `str.format` has them."""
    kind: str = "prompt"

    @property
    def version(self) -> str:
        """`sha256:` digest of the content, the same as that of the published version."""
        return digest_json(self.to_content())

    def to_content(self) -> dict[str, Any]:
        """What is published."""
        return {"text": self.text}

    def filled(self, **values: str) -> str:
        """The text with the values in their places.

        Raises:
            KeyError: If it has a place that there is no value for.
        """
        return self.text.format(**values)
