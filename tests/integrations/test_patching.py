"""The patch tool, and the doors `instrument` and `instrument_all`."""

import functools
import inspect
import subprocess
import sys

import pytest

from weave_core import integrations
from weave_core.integrations import _patching


class Greeter:
    """A stranger's class."""

    def greet(self, name: str, *, loud: bool = False) -> str:
        """Say hello."""
        return f"hello {name}{'!' if loud else ''}"


class Shouter(Greeter):
    """Inherits what is wrapped."""


def _double(original: object) -> object:
    assert callable(original)
    call = original

    def wrapper(*args: object, **kwargs: object) -> object:
        return f"{call(*args, **kwargs)} {call(*args, **kwargs)}"

    return wrapper


def test_a_wrapper_looks_like_what_it_wraps_and_comes_off_again() -> None:
    """Name, documentation and signature stay; wrapping twice wraps once."""
    original = Greeter.greet
    owner = _patching.defining_class(Shouter, "greet")
    assert owner is Greeter
    assert _patching.wrap(owner, "greet", _double)  # type: ignore[arg-type]
    assert not _patching.wrap(owner, "greet", _double)  # type: ignore[arg-type]
    assert Shouter().greet("ada") == "hello ada hello ada"
    assert Greeter.greet.__doc__ == "Say hello."
    assert inspect.signature(Greeter.greet) == inspect.signature(original)

    assert _patching.unwrap(owner, "greet")
    assert Greeter.greet is original
    assert not _patching.unwrap(owner, "greet")


def test_a_stranger_s_wrapper_around_ours_is_left_alone() -> None:
    """Taking ours off below it would take theirs off as well."""
    original = Greeter.greet
    _patching.wrap(Greeter, "greet", _double)  # type: ignore[arg-type]
    ours = Greeter.greet

    @functools.wraps(ours)
    def theirs(self: Greeter, name: str, *, loud: bool = False) -> str:
        return ours(self, name, loud=loud)

    Greeter.greet = theirs  # type: ignore[method-assign]
    try:
        assert not _patching.unwrap(Greeter, "greet")
        assert Greeter.greet is theirs
    finally:
        Greeter.greet = original  # type: ignore[method-assign]


@pytest.mark.parametrize("library", integrations.LIBRARIES)
def test_a_library_that_is_not_installed_is_named_with_what_to_install(library: str) -> None:
    """`instrument()` says which extra is missing; `instrument_all()` goes by without a word."""
    # A process of its own, in which the library can't be imported.
    package = integrations.LIBRARIES[library].module.partition(".")[0]
    code = f"""
import sys, importlib.abc
class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == {package!r}:
            raise ModuleNotFoundError("No module named " + name, name=name)
sys.meta_path.insert(0, Missing())
from importlib import import_module
from weave_core.errors import MissingExtra
try:
    import_module("weave_core.integrations.{library}").instrument()
except MissingExtra as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert f'pip install "weave-core[{library}]"' in done.stdout


def test_importing_the_integrations_imports_no_library() -> None:
    """Each library is loaded when its calls are to be traced, not before."""
    code = (
        "import sys, weave_core.integrations.openai, weave_core.integrations.anthropic;"
        "print([name for name in ('openai', 'anthropic') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_a_library_is_traced_from_its_import_on() -> None:
    """`instrument_all()` imports none of them; what is imported later is traced all the same."""
    code = """
import sys
from weave_core import integrations
names = integrations.instrument_all()
packages = {library.module.partition(".")[0] for library in integrations.LIBRARIES.values()}
print(sorted(packages & set(sys.modules)))
import openai
print("openai" in names, hasattr(openai.OpenAI.request, "__wrapped__"))
from langchain_core.callbacks import CallbackManager
print([type(handler).__name__ for handler in CallbackManager.configure().handlers])
integrations.uninstrument_all()
print(hasattr(openai.OpenAI.request, "__wrapped__"), CallbackManager.configure().handlers)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == [
        "[]",
        "True True",
        "['WeaveCallbackHandler']",
        "False []",
    ]
