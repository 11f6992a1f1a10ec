"""Errors: one tree, each with what to do, each able to cross a process border."""

import inspect
import pickle

import pytest

from weave_core import errors
from weave_core.errors import (
    BadFilter,
    BadRequest,
    Overloaded,
    ServerError,
    ServerUnreachable,
    WeaveError,
)

EVERY_CLASS = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value) and issubclass(value, WeaveError)
]
SAMPLES = [
    *(kind("it broke", "mend it") for kind in EVERY_CLASS if kind is not ServerUnreachable),
    BadFilter("unknown field 'modl'", "known: model", position=7),
    Overloaded("too much", "later", retry_after_s=9),
    ServerUnreachable("http://127.0.0.1:4318", "refused"),
]


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_survives_pickling(error: WeaveError) -> None:
    """Evaluations run in worker processes; an error must come back as it was raised."""
    back = pickle.loads(pickle.dumps(error))  # noqa: S301  # Our own bytes.

    assert type(back) is type(error)
    assert str(back) == str(error)
    assert vars(back) == vars(error)


def test_the_text_has_the_hint_in_brackets() -> None:
    """One line tells what happened and what to do."""
    assert str(WeaveError("it broke", "mend it")) == "it broke (mend it)"
    assert str(WeaveError("it broke")) == "it broke"


def test_every_error_is_listed_and_drawn() -> None:
    """`__all__` and the tree at the head of the module name each class; both are read by people."""
    names = {kind.__name__ for kind in EVERY_CLASS}

    assert names == set(errors.__all__)
    assert all(name in (errors.__doc__ or "") for name in names)


def test_the_branches_are_what_callers_catch() -> None:
    """`except BadRequest` also catches a bad filter; `except ServerError` a server that is down."""
    assert issubclass(BadFilter, BadRequest)
    assert issubclass(ServerUnreachable, ServerError)
    assert all(issubclass(kind, WeaveError) for kind in EVERY_CLASS)
