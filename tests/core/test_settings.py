"""Settings: one frozen value, read from the environment at the door."""

from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from weave_core.errors import ConfigError
from weave_core.settings import Settings

EXAMPLES: dict[str, tuple[str, object]] = {
    "endpoint": ("http://10.0.0.1:4318", "http://10.0.0.1:4318"),
    "app_url": ("https://weave.example", "https://weave.example"),
    "api_key": ("secret", "secret"),
    "project": ("support", "support"),
    "home": ("/data/weave", Path("/data/weave")),
    "database_url": ("postgresql+psycopg://db/weave", "postgresql+psycopg://db/weave"),
    "blob_url": ("s3://bucket/weave", "s3://bucket/weave"),
    "disabled": ("yes", True),
    "max_body_bytes": ("1000", 1000),
    "max_blob_bytes": ("1500", 1500),
    "max_queue_bytes": ("2000", 2000),
    "max_value_bytes": ("3000", 3000),
    "max_spool_bytes": ("4000", 4000),
    "max_artifact_spool_bytes": ("5000", 5000),
    "max_artifact_cache_bytes": ("6000", 6000),
    "sample_rate": ("0.25", 0.25),
    "redact": ("/etc/policy.toml", "/etc/policy.toml"),
    "also_to": ("http://a:4318,http://b:4318", "http://a:4318,http://b:4318"),
    "record_environment": ("no", False),
    "record_code": ("no", False),
    "decode_process": ("0", False),
    "cors_origins": ("https://shop.example", "https://shop.example"),
    "smtp_from": ("alerts@shop.example", "alerts@shop.example"),
    "smtp_url": ("smtp://localhost:2525", "smtp://localhost:2525"),
    "scorer_modules": ("my_scorers,their_scorers", "my_scorers,their_scorers"),
    "run_id": ("job-7", "job-7"),
    "run_group": ("seeds", "seeds"),
    "trial": ("{}", "{}"),
    "capture": ("system,code", "system,code"),
    "system_interval_s": ("2.5", 2.5),
}
"""For each setting a text and the value that it means."""


def test_the_examples_are_complete() -> None:
    """A new setting must be added to the table above, so that it is read from its variable."""
    assert EXAMPLES.keys() == {setting.name for setting in fields(Settings)}


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_setting_has_its_variable(name: str) -> None:
    """`WEAVE_CORE_<NAME>` sets the field, as its type."""
    text, value = EXAMPLES[name]

    settings = Settings.from_env({f"WEAVE_CORE_{name.upper()}": text})

    assert getattr(settings, name) == value
    assert getattr(Settings.from_env({}), name) != value


def test_what_is_given_wins_over_the_environment() -> None:
    """An option of the command line is nearer to the user than a variable; None is no option."""
    env = {"WEAVE_CORE_PROJECT": "from-env"}

    assert Settings.from_env(env, project="given").project == "given"
    assert Settings.from_env(env, project=None).project == "from-env"


def test_an_empty_variable_counts_as_missing() -> None:
    """`WEAVE_CORE_PROJECT=` in a compose file means that nobody chose a project."""
    assert Settings.from_env({"WEAVE_CORE_PROJECT": ""}).project == "default"


@pytest.mark.parametrize("text", ["1", "true", "YES", "on", " 1 "])
def test_words_that_mean_yes(text: str) -> None:
    """Whatever people write for yes turns tracing off."""
    assert Settings.from_env({"WEAVE_CORE_DISABLED": text}).disabled is True


@pytest.mark.parametrize("text", ["0", "false", "No", "off"])
def test_words_that_mean_no(text: str) -> None:
    """`WEAVE_CORE_DISABLED=0` leaves tracing on: a text that is not empty is not yet a yes."""
    assert Settings.from_env({"WEAVE_CORE_DISABLED": text}).disabled is False


@pytest.mark.parametrize(
    ("variable", "text"),
    [("WEAVE_CORE_DISABLED", "maybe"), ("WEAVE_CORE_MAX_BODY_BYTES", "64MB")],
)
def test_a_text_that_cant_be_read_names_its_variable(variable: str, text: str) -> None:
    """The message holds the variable and the text, so that the line to change is found."""
    with pytest.raises(ConfigError, match=variable) as raised:
        Settings.from_env({variable: text})
    assert text in str(raised.value)


def test_the_home_is_an_absolute_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative home, or one with `~`, means the same folder wherever the process goes later."""
    monkeypatch.chdir(tmp_path)

    assert Settings.from_env({"WEAVE_CORE_HOME": "data"}).home == tmp_path / "data"
    assert Settings.from_env({"WEAVE_CORE_HOME": "~/data"}).home == Path.home() / "data"


def test_the_store_lies_in_the_home_unless_a_database_is_named() -> None:
    """One folder holds everything by default."""
    at_home = Settings.from_env({"WEAVE_CORE_HOME": "/data"})
    named = Settings.from_env({"WEAVE_CORE_DATABASE_URL": "postgresql://db/weave"})

    assert at_home.store_url == "sqlite:////data/store.db"
    assert named.store_url == "postgresql://db/weave"


def test_settings_cant_be_changed() -> None:
    """A value handed down to many places stays what it was."""
    with pytest.raises(FrozenInstanceError):
        Settings().project = "other"  # type: ignore[misc]  # The point of the test.
