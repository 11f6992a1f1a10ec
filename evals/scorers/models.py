"""How a scorer asks a model, and reads the JSON that it answers."""

import asyncio
import inspect
import json
import math
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from weave_core.evals.scorers.contract import text_of

__all__ = [
    "ChatModel",
    "Model",
    "Weighed",
    "ask",
    "ask_for",
    "cut",
    "json_of",
    "read_form",
    "schema_of",
]

Model = Callable[..., str | Awaitable[str]]
"""A prompt to its answer: any function of yours, blocking or not.  One that has a parameter
`schema` is also given the JSON Schema of the answer that is wanted."""

Weighed = tuple[str, dict[str, float]]
"""A token of an answer, and the likeliest tokens at its place with their probabilities."""

_OBJECT = re.compile(r"\{.*\}", re.DOTALL)
MAX_PROMPT_PART = 50_000
"""Characters of one part of a judge's prompt; what is judged is cut, and the judge is told so."""

MAX_LIKELY = 20
"""Tokens at each place of an answer whose probability is asked for; OpenAI tells no more."""

Form = TypeVar("Form", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class ChatModel:
    """A model behind a client of `openai`, with structured outputs where a scorer wants them.

    Example:
        >>> judge = ChatModel(client=openai.AsyncOpenAI(), model="gpt-4o-mini")
        >>> Rubric(model=judge, rubric="Is it polite?")

    A client for another provider that speaks the same protocol does as well.
    """

    client: Any
    """`openai.OpenAI` or `openai.AsyncOpenAI`."""
    model: str
    temperature: float | None = 0.0
    """None: leave it to the provider, as some models demand."""

    async def __call__(self, prompt: str, *, schema: dict[str, Any] | None = None) -> str:
        """What the model answers."""
        return _said(await self._asked(prompt, schema))

    async def weighed(self, prompt: str, *, schema: dict[str, Any]) -> tuple[str, list[Weighed]]:
        """What the model answers, and token by token what it might have said instead.

        No tokens where the provider doesn't tell, or refuses to be asked.
        """
        try:
            choice = await self._asked(prompt, schema, logprobs=True, top_logprobs=MAX_LIKELY)
        except Exception as error:
            # A model that reasons refuses the parameter (400 or 403, by its name), others ignore
            # it.  The client's library is not ours to import, so its errors are told by text.
            if "logprobs" not in str(error):
                raise
            choice = await self._asked(prompt, schema)
        told = getattr(getattr(choice, "logprobs", None), "content", None) or []
        return _said(choice), [
            (token.token, {each.token: math.exp(each.logprob) for each in token.top_logprobs})
            for token in told
        ]

    async def _asked(self, prompt: str, schema: dict[str, Any] | None, **more: Any) -> Any:
        asked: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": "user", "content": prompt}],
            **more,
        }
        if self.temperature is not None:
            asked["temperature"] = self.temperature
        if schema is not None:
            form = {"name": schema["title"], "schema": schema, "strict": True}
            asked["response_format"] = {"type": "json_schema", "json_schema": form}
        reply = await in_turn(self.client.chat.completions.create, **asked)
        return reply.choices[0]


async def in_turn(func: Callable[..., Any], /, *args: Any, **named: Any) -> Any:
    """What `func` gives, which may block: then in a thread."""
    if inspect.iscoroutinefunction(func) or inspect.iscoroutinefunction(
        getattr(func, "__call__", None)  # noqa: B004  # Its kind, not whether it is there.
    ):
        return await func(*args, **named)
    reply = await asyncio.to_thread(func, *args, **named)
    return await reply if inspect.isawaitable(reply) else reply


async def ask(model: Model, prompt: str, schema: dict[str, Any] | None = None) -> str:
    """The answer of a model as text."""
    if schema is not None and _takes_schema(model):
        return text_of(await in_turn(model, prompt, schema=schema))
    return text_of(await in_turn(model, prompt))


async def ask_for(form: type[Form], model: Model, prompt: str) -> Form:
    """The answer of a model as a value.

    Raises:
        ValueError: If it gives no JSON that fits.
    """
    return read_form(form, await ask(model, prompt, schema_of(form)))


def read_form(form: type[Form], reply: str) -> Form:
    """A reply as a value.

    Raises:
        ValueError: If it holds no JSON that fits.
    """
    try:
        return form.model_validate(json_of(reply))
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"]))
        raise ValueError(
            f"the judge's answer does not fit ({place}: {problem['msg']}): {reply[:200]!r}"
        ) from error


def json_of(reply: str) -> Any:
    """The JSON object in a reply, whatever stands around it; empty where there is none."""
    found = _OBJECT.search(reply)
    try:
        return json.loads(found[0]) if found else {}
    except json.JSONDecodeError:
        return {}


def cut(value: Any) -> str:
    """A value as text within a prompt, within bounds."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    if len(text) <= MAX_PROMPT_PART:
        return text
    return f"{text[:MAX_PROMPT_PART]} [cut here: {len(text)} letters]"


def _takes_schema(model: Model) -> bool:
    try:
        return "schema" in inspect.signature(model).parameters
    except (TypeError, ValueError):
        return False


def _said(choice: Any) -> str:
    message = choice.message
    if message.content is None:
        refusal = getattr(message, "refusal", None)
        raise ValueError(f"the model gave no text: {refusal or message!r:.200}")
    return str(message.content)


def schema_of(form: type[BaseModel]) -> dict[str, Any]:
    """The schema of `form` as strict structured outputs want it: nothing else, and all of it."""
    schema = form.model_json_schema()
    for each in (schema, *schema.get("$defs", {}).values()):
        each["additionalProperties"] = False
        each["required"] = list(each.get("properties", {}))
    return schema
