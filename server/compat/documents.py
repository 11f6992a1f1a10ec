"""GraphQL documents, answered from plain values: no schema, and an unknown field is no error.

Clients send fixed documents, and each new version asks for a few fields more.  A strict schema
would make every such field a failure for its users; here it is null, and a line in the log once.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from graphql import GraphQLSyntaxError, TokenKind, parse
from graphql.language import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    Lexer,
    OperationDefinitionNode,
    SelectionSetNode,
    Source,
    VariableNode,
)
from graphql.utilities import value_from_ast_untyped

from weave_core.errors import BadRequest

__all__ = ["Answerer", "Operation", "answer", "not_served", "read_operation"]

_log = logging.getLogger(__name__)

MAX_DOCUMENT_TOKENS = 20_000
"""Words of a GraphQL document of a client; the longest that wandb sends has some 2,000."""
MAX_DOCUMENT_DEPTH = 30
"""Levels of a GraphQL document's braces."""
_MAX_UNKNOWN = 2_000

Answerer = Callable[[Mapping[str, Any]], Any]
"""Makes the value of a field of its arguments."""
_KINDS = {"ArtifactSequence": "ArtifactCollection"}
_unknown: set[tuple[str, str]] = set()


class Operation:
    """One operation of a document, ready to be answered.

    Args:
        document: Parsed.
        name: Of the operation, where there are several.
        variables: As they were sent.

    Raises:
        BadRequest: If there is no such operation.
    """

    def __init__(
        self, document: DocumentNode, name: str | None, variables: Mapping[str, Any]
    ) -> None:
        self.fragments = {
            each.name.value: each
            for each in document.definitions
            if isinstance(each, FragmentDefinitionNode)
        }
        found = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
        chosen = [each for each in found if each.name and each.name.value == name] or found
        if len(chosen) != 1:
            raise BadRequest(
                f"the document holds {len(found)} operations and none called {name!r:.200}",
                "name one of them in operationName",
            )
        self.node = chosen[0]
        self.name = self.node.name.value if self.node.name else ""
        self.is_mutation = self.node.operation.value == "mutation"
        self.variables = {
            each.variable.name.value: value_from_ast_untyped(each.default_value)
            for each in self.node.variable_definitions or ()
            if each.default_value is not None
        } | dict(variables)


def read_operation(text: str, name: str | None, variables: Mapping[str, Any]) -> Operation:
    """The operation of a document.

    Raises:
        BadRequest: If the text is no GraphQL, or too long.
    """
    return Operation(_parsed(text), name, variables)


@lru_cache(maxsize=256)
def _parsed(text: str) -> DocumentNode:
    try:
        _check_depth(text)
        return parse(text, no_location=True, max_tokens=MAX_DOCUMENT_TOKENS)
    except GraphQLSyntaxError as error:
        raise BadRequest(f"the query is no GraphQL: {error.message}") from error


def _check_depth(text: str) -> None:
    """The parser calls itself for each brace; too many would end in a RecursionError."""
    lexer, depth = Lexer(Source(text)), 0
    for _ in range(MAX_DOCUMENT_TOKENS):
        kind = lexer.advance().kind
        if kind is TokenKind.EOF:
            return
        if kind in (TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L):
            depth += 1
            if depth > MAX_DOCUMENT_DEPTH:
                raise BadRequest(f"the query has more than {MAX_DOCUMENT_DEPTH} levels")
        elif kind in (TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R):
            depth -= 1
    raise BadRequest(f"the query has more than {MAX_DOCUMENT_TOKENS:,} words")


def answer(operation: Operation, root: Mapping[str, Any]) -> dict[str, Any]:
    """What an operation asks of `root`.

    Args:
        operation: What is asked.
        root: Values by field: JSON, mappings and lists of the like, or an `Answerer` of one.

    Raises:
        BadRequest: If a mutation is asked for that `root` has not, for a null would crash the
            client; or nothing but what it has not, of which a client makes no good message.
    """
    asked = [node.name.value for node in _fields(operation, operation.node.selection_set, root)]
    unknown = [name for name in asked if name not in root and name != "__typename"]
    if unknown and (operation.is_mutation or len(unknown) == len(asked)):
        raise not_served(unknown[0])
    return _object(operation, operation.node.selection_set, root, operation.name or "query")


def not_served(what: str) -> BadRequest:
    """What to say of something that is not there and whose absence no client understands."""
    return BadRequest(
        f"{what} is not served here", "the manual's page on wandb clients says what is"
    )


def _object(
    operation: Operation, selected: SelectionSetNode, value: Mapping[str, Any], path: str
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for node in _fields(operation, selected, value):
        name = node.name.value
        shown = node.alias.value if node.alias else name
        if name not in value:
            _note_unknown(path, name)
            found[shown] = None
            continue
        given = value[name]
        if callable(given):
            given = given(_arguments(operation, node))
        told = _told(operation, node, given, f"{path}.{name}")
        # The same field may be asked for twice, by two fragments with different parts of it.
        found[shown] = _joined(found.get(shown), told)
    return found


def _told(operation: Operation, node: FieldNode, given: Any, path: str) -> Any:
    if given is None or node.selection_set is None:
        return given
    if isinstance(given, Mapping):
        return _object(operation, node.selection_set, given, path)
    if isinstance(given, Sequence) and not isinstance(given, str):
        return [_told(operation, node, each, path) for each in given]
    return given


def _joined(before: Any, told: Any) -> Any:
    if isinstance(before, dict) and isinstance(told, dict):
        return {**before, **{key: _joined(before.get(key), each) for key, each in told.items()}}
    if isinstance(before, list) and isinstance(told, list) and len(before) == len(told):
        return [_joined(one, other) for one, other in zip(before, told, strict=True)]
    return told


def _fields(
    operation: Operation, selected: SelectionSetNode, value: Mapping[str, Any], depth: int = 0
) -> Iterator[FieldNode]:
    """The fields that are asked for, out of all fragments that fit the value."""
    for each in selected.selections if depth < MAX_DOCUMENT_DEPTH else ():
        if not _is_included(operation, each.directives or ()):
            continue
        if isinstance(each, FieldNode):
            yield each
            continue
        fragment = (
            operation.fragments.get(each.name.value)
            if isinstance(each, FragmentSpreadNode)
            else each
        )
        if not isinstance(fragment, FragmentDefinitionNode | InlineFragmentNode):
            continue
        wanted = fragment.type_condition
        if wanted is None or _is_a(value.get("__typename"), wanted.name.value):
            yield from _fields(operation, fragment.selection_set, value, depth + 1)


def _is_a(name: str | None, wanted: str) -> bool:
    """Whether what may have no type, or one of a kind, is what a fragment is about."""
    return name is None or wanted in (name, _KINDS.get(name))


def _is_included(operation: Operation, directives: Sequence[Any]) -> bool:
    for each in directives:
        told = {one.name.value: _value(operation, one.value) for one in each.arguments or ()}
        if each.name.value == "include" and not told.get("if"):
            return False
        if each.name.value == "skip" and told.get("if"):
            return False
    return True


def _arguments(operation: Operation, node: FieldNode) -> dict[str, Any]:
    return {each.name.value: _value(operation, each.value) for each in node.arguments or ()}


def _value(operation: Operation, node: Any) -> Any:
    if isinstance(node, VariableNode):
        return operation.variables.get(node.name.value)
    return value_from_ast_untyped(node, operation.variables)


def _note_unknown(path: str, name: str) -> None:
    """Say once that a field is asked for which is not known here."""
    if (path, name) in _unknown or len(_unknown) >= _MAX_UNKNOWN:
        return
    _unknown.add((path, name))
    _log.warning(
        "a client asks for %.200s.%.200s, which is not known here: it gets null", path, name
    )
