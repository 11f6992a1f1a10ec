"""`Model`: a function with the parameters that make it what it is, as a versioned object."""

import functools
import inspect
from functools import cached_property
from typing import Any

from weave_core.digests import digest_json
from weave_core.errors import ConfigError
from weave_core.evals.versions import name_of, version_of

__all__ = ["Model"]


class Model:
    """A task with its parameters: prompt, temperature, the name of a language model.

    It is called like the function, with its parameters in their places; an evaluation takes it as
    its task, and the task's version is then the digest that it is published under.

    Example:
        >>> def answer(question: str, *, prompt: str, temperature: float = 0) -> str: ...
        >>> terse = weave_core.Model(answer, prompt="Be terse.", temperature=0.2)
        >>> weave_core.publish(terse, aliases=["candidate"])
        >>> weave_core.Evaluation(dataset=rows, task=terse, scorers=[exact]).run()
        >>> again = terse.changed(**weave_core.get("model/answer:candidate")["parameters"])

    Args:
        func: A function, coroutine function or operation; or an object with `predict`.
        name: What it is called; default: the function's name.
        **parameters: JSON, by the names of the function's parameters.

    Raises:
        ConfigError: If a parameter is none of the function's, or no JSON.
    """

    kind = "model"

    def __init__(self, func: Any, /, name: str | None = None, **parameters: Any) -> None:
        target = getattr(func, "predict", func)
        if not callable(target):
            raise ConfigError(
                f"the model is {func!r}", "give a function, or an object with predict()"
            )
        known = inspect.signature(target).parameters
        takes_all = any(each.kind is each.VAR_KEYWORD for each in known.values())
        unknown = [] if takes_all else sorted(parameters.keys() - known.keys())
        if unknown:
            raise ConfigError(
                f"{name_of(func)!r} takes no {', '.join(unknown)}", f"it takes {', '.join(known)}"
            )
        try:
            digest_json(parameters)
        except (TypeError, ValueError) as error:
            raise ConfigError(
                f"the parameters of {name_of(func)!r} are no JSON: {error}",
                "what is a client or a function belongs into the function",
            ) from error
        self.func = func
        self.name = name or name_of(func)
        self.parameters: dict[str, Any] = dict(parameters)
        self._bound = functools.partial(target, **parameters)
        left = [each for key, each in known.items() if key not in parameters]
        # What is called sees only the columns that are still wanted.
        self.__signature__ = inspect.Signature(left)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function gives; a coroutine where it is one."""
        return self._bound(*args, **kwargs)

    def changed(self, **parameters: Any) -> "Model":
        """The same with other parameters."""
        return Model(self.func, self.name, **{**self.parameters, **parameters})

    @property
    def is_async(self) -> bool:
        """Whether a call gives a coroutine."""
        return inspect.iscoroutinefunction(self._bound.func)

    @cached_property
    def version(self) -> str:
        """`sha256:` digest of the content, the same as that of the published version."""
        return digest_json(self.to_content())

    def to_content(self) -> dict[str, Any]:
        """What is published: where the function is, the digest of its code, the parameters."""
        named = self.func if hasattr(self.func, "__qualname__") else type(self.func)
        return {
            "function": f"{named.__module__}.{named.__qualname__}",
            "code": version_of(getattr(self.func, "predict", self.func)),
            "parameters": dict(self.parameters),
        }

    def __repr__(self) -> str:
        told = ", ".join(f"{key}={value!r:.40}" for key, value in self.parameters.items())
        return f"<Model {self.name!r}: {told}>"
