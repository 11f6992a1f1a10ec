"""Text to sqlglot's syntax tree, within bounds, and every fault with its position.

Nothing here knows fields or SQLAlchemy.  Only an expression is parsed, never a statement.
"""

from collections.abc import Sequence
from difflib import get_close_matches

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from weave_core.errors import BadFilter

__all__ = ["MAX_LENGTH", "MAX_PARTS", "parse", "position_of", "suggest"]

MAX_LENGTH = 8_000
"""Longest expression, in characters."""
MAX_TOKENS = 2_000
MAX_PARTS = 200
"""Most `and`, `or`, `not`, signs, brackets and parentheses: bounds depth and work alike."""

_PARTS = {
    TokenType.AND,
    TokenType.OR,
    TokenType.NOT,
    TokenType.L_PAREN,
    TokenType.L_BRACKET,
    TokenType.L_BRACE,
    TokenType.DASH,
    TokenType.PLUS,
    TokenType.TILDE,
    TokenType.CASE,
    TokenType.INTERVAL,
}
# What sqlglot is known to raise on odd text besides its own errors; the text is at fault then.
_PARSER_FAULTS = (
    SqlglotError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    RecursionError,
)


def parse(text: str) -> exp.Expr | None:
    """The tree of `text`; None when it is blank.

    Raises:
        BadFilter: If it is no expression, or over a bound.
    """
    if len(text) > MAX_LENGTH:
        raise BadFilter(
            f"the filter has {len(text)} characters, at most {MAX_LENGTH} are read",
            "shorten it",
            MAX_LENGTH,
        )
    tokens = _tokens(text)
    if not tokens:
        return None
    dialect = sqlglot.Dialect.get_or_raise(None)
    try:
        [tree] = dialect.parser().parse_into(exp.Condition, tokens, text)
    except ParseError as error:
        raise _syntax_error(text, tokens, error) from error
    except _PARSER_FAULTS as error:
        raise BadFilter("the filter can't be read as one expression", _SHAPE, 0) from error
    if tree is None:
        raise BadFilter("the filter can't be read as one expression", _SHAPE, 0)
    return tree


def position_of(node: exp.Expr) -> int:
    """Where `node` begins in the text, as far as the tree knows."""
    starts = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    return min(starts, default=0)


def suggest(word: str, known: Sequence[str]) -> str:
    """`did you mean ...? ` for a word that is nearly a known one, else an empty text."""
    near = get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}? " if near else ""


_SHAPE = "write it like name = 'train' and duration_ms > 2000"


def _tokens(text: str) -> list[Token]:
    try:
        tokens = sqlglot.Dialect.get_or_raise(None).tokenize(text)
    except _PARSER_FAULTS as error:
        at = text.rfind("'") if text.count("'") % 2 else 0
        raise BadFilter(
            f"the filter can't be read from {text[at : at + 20]!r} on",
            "a text in quotes has to end; a quote inside of it is written twice",
            at,
        ) from error
    for token in tokens:
        if token.comments:
            raise BadFilter("the filter holds a comment", "leave it out", token.start)
        if token.token_type == TokenType.SEMICOLON:
            raise BadFilter("found ';'", "a filter is one expression", token.start)
    parts = [token for token in tokens if token.token_type in _PARTS]
    if len(parts) > MAX_PARTS or len(tokens) > MAX_TOKENS:
        raise BadFilter(
            f"the filter has {len(parts)} parts and {len(tokens)} words, at most {MAX_PARTS} and "
            f"{MAX_TOKENS} are read",
            "use `in (...)` for long lists, or ask several times",
            0,
        )
    return tokens


def _syntax_error(text: str, tokens: list[Token], error: ParseError) -> BadFilter:
    detail = error.errors[0] if error.errors else {}
    where = (detail.get("line"), detail.get("col"))
    at = next((token.start for token in tokens if (token.line, token.col) == where), 0)
    found = str(detail.get("highlight") or text[at : at + 20])
    fault = str(detail.get("description"))
    is_unexpected = "Unexpected token" in fault
    if fault == "Expecting )" or (is_unexpected and found in {"(", ")"}):
        return BadFilter(f"a parenthesis is open or one too many at {found!r}", _SHAPE, at)
    if found == ")":
        return BadFilter("something is missing before ')'", _SHAPE, at)
    if not is_unexpected and at + len(found) >= len(text.rstrip()):
        return BadFilter(f"the filter ends after {found!r}, and something is missing", _SHAPE, at)
    return BadFilter(f"did not expect {found!r}", _SHAPE, at)
