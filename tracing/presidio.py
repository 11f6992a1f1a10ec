"""Personal data as Presidio finds it: by patterns and checksums, and names with a model of spaCy.

Loaded in the exporter's thread, when the first text is looked at; that takes seconds, and each text
some milliseconds.  Nothing is fetched from anywhere: no model, no list of domain endings.
"""

import threading
from functools import cache
from importlib.util import find_spec
from typing import Any

from weave_core.errors import ConfigError, MissingExtra

__all__ = ["Presidio", "check_presidio"]

_LANGUAGE = "en"
_lock = threading.Lock()  # One engine is built once, whoever asks first.


def check_presidio(model: str | None) -> None:
    """Refuse a policy that can't be kept here; nothing is loaded to tell.

    Raises:
        MissingExtra: If Presidio is not installed.
        ConfigError: If the model is not.
    """
    if find_spec("presidio_analyzer") is None:
        raise MissingExtra(
            "the redaction policy names Presidio, which is not installed",
            'pip install "weave-core[presidio]"',
        )
    if model is not None and find_spec(model) is None:
        raise ConfigError(
            f"the redaction policy names the spaCy model {model!r}, which is not installed",
            f"python -m spacy download {model}",
        )


class Presidio:
    """Finds and replaces kinds of personal data.

    Args:
        entities: Names of Presidio's entities, such as `EMAIL_ADDRESS`.
        model: An installed spaCy model, for `PERSON`, `LOCATION` and the like; None: what is found
            by patterns only.
    """

    def __init__(self, entities: tuple[str, ...], model: str | None) -> None:
        self._entities = list(entities)
        self._model = model

    def text(self, text: str) -> str:
        """`text` with `[redacted:entity]` where one was found.

        Raises:
            ConfigError: If Presidio knows none of the entities.
        """
        with _lock:
            engine = _engine(self._model)
        try:
            found = engine.analyze(text=text, language=_LANGUAGE, entities=self._entities)
        except ValueError as error:
            known = ", ".join(sorted(engine.get_supported_entities(_LANGUAGE)))
            raise ConfigError(f"presidio is {self._entities!r}: {error}", known) from error
        end = len(text)
        # From the end, so that places stay right; of two that overlap the surer one goes first.
        for each in sorted(found, key=lambda one: (-one.end, -one.score)):
            if each.end <= end:
                text = (
                    f"{text[: each.start]}[redacted:{each.entity_type.lower()}]{text[each.end :]}"
                )
                end = each.start
        return text


@cache
def _engine(model: str | None) -> Any:
    import spacy
    import tldextract.tldextract as endings
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    # It would ask the internet for a newer list of domain endings than the one that it brings.
    endings.TLD_EXTRACTOR.suffix_list_urls = ()
    nlp = SpacyNlpEngine(models=[{"lang_code": _LANGUAGE, "model_name": model or "blank"}])
    loaded: dict[str, Any] = {_LANGUAGE: spacy.load(model) if model else spacy.blank(_LANGUAGE)}
    nlp.nlp = loaded  # type: ignore[assignment]  # Untyped there.
    return AnalyzerEngine(nlp_engine=nlp, supported_languages=[_LANGUAGE])
