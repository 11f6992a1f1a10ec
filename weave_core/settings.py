"""Every setting, read from the environment once, at the door.

Nothing below reads the environment by itself: a process builds one `Settings` and hands it down.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from weave_core.errors import ConfigError

__all__ = ["DEFAULT_ENDPOINT", "DEFAULT_PROJECT", "OFFLINE", "Settings"]

DEFAULT_ENDPOINT = "http://127.0.0.1:4318"
DEFAULT_PROJECT = "default"
OFFLINE = "offline"
"""The endpoint that means: keep on disk."""

MIB = 1024 * 1024
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a process may be told from outside: field `x` is `WEAVE_CORE_X` in the environment."""

    endpoint: str | None = None
    """Where the SDK and the client find the server: its URL, `offline` (kept on disk) or `embedded`
    (the store inside the process itself); None: the local server if it answers."""

    app_url: str = "http://127.0.0.1:8501"
    """Where the app is; links to a span begin with it."""

    api_key: str | None = None
    """Key sent as `Authorization: Bearer` by the SDK and the client."""

    project: str = DEFAULT_PROJECT
    """Project that spans go to and pages open with."""

    home: Path = field(default_factory=lambda: Path("~/.weave_core").expanduser())
    """Folder of `store.db`, `blobs/` and `spool/`."""

    database_url: str | None = None
    """SQLAlchemy URL of the server's store; None: `store.db` in `home`."""

    blob_url: str | None = None
    """Where the server keeps blobs: a folder, or an object store such as `s3://bucket/prefix`
    (extra `blobs`); None: `blobs/` in `home`."""

    disabled: bool = False
    """Trace nothing: `@op` hands back the function as it is."""

    max_body_bytes: int = 64 * MIB
    """Largest request body the server reads, counted after decompression as well."""

    max_blob_bytes: int = 4096 * MIB
    """Largest blob that the server takes."""

    max_queue_bytes: int = 256 * MIB
    """Largest amount of decoded spans that may wait for the database; above it senders are told
    to come back later."""

    decode_process: bool = True
    """Decode large requests in a second process while the server is busy with others, which uses a
    second core; it starts with a load and ends two minutes after it."""

    max_spool_bytes: int = 1024 * MIB
    """Most bytes that spans waiting for a server may take on disk; above it new ones are left
    out, since what was kept before is worth more with its trace whole.  As many more for media."""

    max_artifact_cache_bytes: int = 10240 * MIB
    """Most bytes that downloaded files of artifacts may take in `home`; what was used longest ago
    is deleted first."""

    max_artifact_spool_bytes: int = 10240 * MIB
    """Most bytes that artifacts waiting for a server may take on disk; one that would be more is
    refused when it is logged."""

    max_value_bytes: int = 1 * MIB
    """Largest JSON text of one recorded input or output; what is longer is cut and marked."""

    sample_rate: float = 1.0
    """Share of traces to keep, 0 to 1; a trace is kept or left out as a whole."""

    redact: str | None = None
    """Path of a redaction policy (`.toml`, `.json`), or `off`; None: values of secret keys such as
    `password` and `api_key` are taken out before a span is written or sent."""

    also_to: str | None = None
    """More OTLP endpoints that get every span, separated by commas."""

    record_environment: bool = True
    """Say on every span's resource which commit, libraries, Python and host it ran with."""

    record_code: bool = True
    """Keep the source of each operation with what it uses of the program's own modules, and what
    differs from the commit; secret keys are taken out of both."""

    run_id: str | None = None
    """Id of the run that `weave_core.run` begins or goes on with, where the program names none: the
    same for all programs of a job, and again when it is started anew."""

    run_group: str | None = None
    """Group of runs, where the program names none."""

    trial: str | None = None
    """Values that a sweep has chosen for the run of this program, as JSON; `weave-core sweep agent`
    sets it."""

    capture: str = "all"
    """What a run captures by itself: `all`, `off`, or some of `system`, `environment`, `code` and
    `console` with commas between; `all,descriptors` also what C code and other processes print."""

    system_interval_s: float = 10.0
    """Seconds from one look at a run's machine to the next."""

    scorer_modules: str | None = None
    """Python modules, with commas between, whose scorers `weave-core worker` may import for
    monitors, with what lies below them; None: only the built-in scorers."""

    smtp_url: str | None = None
    """Mail server by which `weave-core worker` sends alerts:
    `smtp://user:password@host:587?starttls=1` or `smtps://host:465`; None: no e-mail."""

    smtp_from: str | None = None
    """Who such mails are from; None: `weave-core@` and the mail server."""

    cors_origins: str | None = None
    """Origins of web pages whose programs may send to the server and read from it, such as
    `https://shop.example`, with commas between; `*`: any page; None: no page."""

    @property
    def store_url(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{self.home / 'store.db'}"

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None, **given: Any) -> Self:
        """Build the settings from `env` (default: this process's) and what was given in code.

        Args:
            env: Names such as `WEAVE_CORE_HOME` to texts; an empty text counts as missing.
            **given: Fields by name; None counts as missing, so command line options pass straight.

        Raises:
            ConfigError: If a text can't be read as its field's type.
        """
        env = os.environ if env is None else env
        values: dict[str, Any] = {}
        for setting in fields(cls):
            variable = f"WEAVE_CORE_{setting.name.upper()}"
            if given.get(setting.name) is not None:
                values[setting.name] = given[setting.name]
            elif env.get(variable):
                values[setting.name] = _parse(variable, env[variable], str(setting.type))
        if isinstance(values.get("home"), str | Path):
            values["home"] = Path(values["home"]).expanduser().absolute()
        return cls(**values)


def _parse(variable: str, text: str, type_name: str) -> Any:
    if type_name.startswith(("<class 'bool'", "bool")):
        return _parse_bool(variable, text)
    if type_name.startswith(("<class 'int'", "int")):
        try:
            return int(text)
        except ValueError:
            raise ConfigError(f"{variable} is {text!r}, which is no whole number") from None
    if type_name.startswith(("<class 'float'", "float")):
        try:
            return float(text)
        except ValueError:
            raise ConfigError(f"{variable} is {text!r}, which is no number") from None
    return text


def _parse_bool(variable: str, text: str) -> bool:
    word = text.strip().lower()
    if word in _TRUE | _FALSE:
        return word in _TRUE
    raise ConfigError(f"{variable} is {text!r}", "say 1 or 0")
