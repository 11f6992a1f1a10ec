"""What is to be redacted: keys, patterns, a hook; given in code or in a policy file.

How it is done to a span is the business of `weave_core.tracing.redaction`.
"""

import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from weave_core.errors import ConfigError
from weave_core.tracing.presidio import check_presidio

__all__ = ["BUILT_IN_PATTERNS", "SECRET_KEYS", "RedactionPolicy", "fields_of", "policy_of"]

SECRET_KEYS = (
    "access_token",
    "api_key",
    "apikey",
    "auth_token",
    "authorization",
    "aws_secret_access_key",
    "aws_session_token",
    "bearer_token",
    "client_secret",
    "cookie",
    "credentials",
    "id_token",
    "passphrase",
    "passwd",
    "password",
    "private_key",
    "proxy_authorization",
    "pwd",
    "refresh_token",
    "secret",
    "secret_key",
    "session_token",
    "set_cookie",
    "x_api_key",
)
"""Keys whose values are taken out unless a policy says otherwise.  `token` and `tokens` are none:
models count and list tokens under these names."""

BUILT_IN_PATTERNS = {
    "api_key": (
        r"\b(?:sk-[A-Za-z0-9_-]{16,}|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,}"
        r"|xox[abprs]-[A-Za-z0-9-]{10,}|AIza[0-9A-Za-z_-]{35}"
        r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,})"
    ),
    "credit_card": r"\b(?:\d[ -]?){12,18}\d\b",
    "email": r"\b[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}\b",
    "iban": r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b",
    "ip_address": r"\b(?:\d{1,3}\.){3}\d{1,3}\b",
    "phone": r"(?<![\w.])(?:\+|00)\d{1,3}[ -]?(?:\(\d{1,5}\)[ -]?)?\d(?:[ -]?\d){5,12}\b",
    "us_ssn": r"\b\d{3}-\d{2}-\d{4}\b",
}
"""Patterns that a policy may switch on by name; none is on by itself."""

MAX_PATTERNS = 100
"""Patterns of one redaction policy."""


@dataclass(frozen=True, kw_only=True)
class RedactionPolicy:
    """What is to be taken out of spans.

    Example:
        >>> weave_core.init("support", redact={"builtin": ["email"], "keys": ["*_pin"]})

    Raises:
        ConfigError: If a pattern is none, a built-in one is unknown, or a model is not installed.
        MissingExtra: If Presidio is named and not installed.
    """

    keys: Sequence[str] = ()
    """Names of keys; case, `-` and `_` don't count, `*` stands for anything."""
    default_keys: bool = True
    """Also `SECRET_KEYS`."""
    patterns: Mapping[str, str] = field(default_factory=dict)
    """Name to regular expression; what matches in any text becomes `[redacted:name]`."""
    builtin: Sequence[str] = ()
    """Names of `BUILT_IN_PATTERNS`."""
    hook: Callable[[str], str] | None = None
    """Gets every text that leaves the process, gives what to send of it."""
    presidio: Sequence[str] = ()
    """Entities of Presidio, such as `PERSON` and `EMAIL_ADDRESS`; extra `presidio`."""
    presidio_model: str | None = None
    """An installed spaCy model, which finds names; None: Presidio's patterns only."""

    def __post_init__(self) -> None:
        unknown = sorted(set(self.builtin) - BUILT_IN_PATTERNS.keys())
        if unknown:
            known = ", ".join(BUILT_IN_PATTERNS)
            raise ConfigError(f"there is no built-in pattern {unknown[0]!r}", f"one of {known}")
        if len(self.patterns) > MAX_PATTERNS:
            raise ConfigError(
                f"a policy of {len(self.patterns)} patterns", f"at most {MAX_PATTERNS}"
            )
        if self.presidio:
            check_presidio(self.presidio_model)
        for name, pattern in self.patterns.items():
            try:
                re.compile(pattern)
            except (re.error, TypeError) as error:
                raise ConfigError(f"the pattern {name!r} is {pattern!r}: {error}") from None


def fields_of(policy: RedactionPolicy) -> dict[str, Any]:
    """What `policy_of` makes the same policy of, as JSON has it: without the hook."""
    return {
        "keys": list(policy.keys),
        "default_keys": policy.default_keys,
        "patterns": dict(policy.patterns),
        "builtin": list(policy.builtin),
        "presidio": list(policy.presidio),
        "presidio_model": policy.presidio_model,
    }


def policy_of(given: object) -> RedactionPolicy | None:
    """The policy that `init(redact=...)` or a setting means; None: nothing is redacted.

    Args:
        given: A policy, the fields of one by name, the path of a `.toml` or `.json` file with
            these fields, `True` (secret keys), `False` or `off`.

    Raises:
        ConfigError: If it can't be read as one of these.
    """
    if given is False or given == "off":
        return None
    if given is True:
        return RedactionPolicy()
    if isinstance(given, RedactionPolicy):
        return given
    if isinstance(given, Mapping):
        return _from_fields(given, "redact")
    if isinstance(given, str | Path):
        path = Path(given).expanduser()
        return _from_fields(_read(path), f"the policy file {path}")
    raise ConfigError(
        f"redact is {given!r}", "give a policy, its fields, the path of a file, True or False"
    )


def _read(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise ConfigError(f"the policy file {str(path)!r} can't be read: {error}") from None


def _from_fields(given: Any, where: str) -> RedactionPolicy:
    names = [item.name for item in fields(RedactionPolicy)]
    if not isinstance(given, Mapping):
        raise ConfigError(f"{where} holds no table", f"give any of {', '.join(names)}")
    for name, value in given.items():
        if name not in names:
            raise ConfigError(f"{where} has a field {name!r}", f"one of {', '.join(names)}")
        is_list = name in ("keys", "builtin", "presidio")
        if is_list and (isinstance(value, str) or not isinstance(value, Sequence)):
            raise ConfigError(f"{name} of {where} is {value!r}", "give a list of texts")
        if name == "patterns" and not isinstance(value, Mapping):
            raise ConfigError(f"{name} of {where} is {value!r}", "give names and expressions")
    return RedactionPolicy(**given)
