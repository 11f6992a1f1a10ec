"""The filter language against a second implementation of its meaning, in plain Python."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from support.postgres import new_database
from support.span_rows import new_store, span_row, trace_row

from weave_core.errors import BadFilter
from weave_core.server.filters import SPANS, TRACES, compile_filter
from weave_core.server.store.tables import SpanRow, TraceRow, table_of

SPAN, TRACE = table_of(SpanRow), table_of(TraceRow)

# True, False, or None for "unknown": SQL's three values.
Truth = bool | None
Values = dict[str, Any]


@dataclass(frozen=True)
class Condition:
    """A piece of the language with what it means for one row."""

    text: str
    of: Callable[[Values], Truth]

    def __repr__(self) -> str:
        return self.text


ROWS: list[Values] = [
    {"name": "alpha", "model": "gpt-4o", "input_tokens": 5, "cost_usd": 0.25, "duration_ns": 10**6},
    {"name": "Alpha", "model": "gpt-4o-mini", "input_tokens": 0, "tags": ["a", "b"]},
    {"name": "a%b_c", "session_id": "s'1", "attributes": {"n": 5, "t": "x", "f": True}},
    {"name": "a*b?c[d]", "is_duplicate": True, "attributes": {"n": "5", "t": 7, "f": False}},
    {"name": "é Ünï\nline", "model": None, "duration_ns": 1_500_001, "tags": []},
    {"name": "", "model": "", "input_tokens": 2**53, "cost_usd": 0.0, "attributes": {"n": -1.5}},
    {"name": "beta", "attributes": {"n": None, "t": "", "f": "true"}, "tags": ["A", "a b"]},
    {"name": "zeta", "session_id": "s2", "cost_usd": 1e-9, "attributes": {"é.k": "x", "n": 10**12}},
    {"name": "a\\b", "attributes": {"t": "X%", "n": True}, "duration_ns": 0},
]
TEXT_FIELDS, NUMBER_FIELDS = ("name", "model", "session_id"), ("input_tokens", "cost_usd")
TEXTS = ("alpha", "Alpha", "a", "", "gpt-4o", "s'1", "é Ünï\nline", "x", "X%", "a*b?c[d]", "5")
NUMBERS = ("0", "5", "-1.5", "0.25", "1e-9", "9007199254740992", "1000000000000", "0.5", "1e30")
KEYS = ("n", "t", "f", "é.k", "none")
PATTERNS = (
    "a%",
    "%a",
    "A_pha",
    "a\\%b\\_c",
    "%[%",
    "a*b?c[d]",
    "",
    "%",
    "_",
    "é%",
    "GPT-4%",
    "a\\\\b",
)
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    "<>": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}


def quoted(text: str) -> str:
    """`text` as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def lowered(text: str) -> str:
    """ASCII letters in lower case: what SQLite ignores the case of."""
    return "".join(c.lower() if c.isascii() else c for c in text)


def is_like(text: str, pattern: str) -> bool:
    """LIKE with a backslash as escape."""
    parts, rest = [], iter(pattern)
    for c in rest:
        if c == "\\":
            parts.append(re.escape(next(rest, "\\")))
        else:
            parts.append({"%": ".*", "_": "."}.get(c, re.escape(c)))
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def known(value: Any, test: Callable[[Any], bool]) -> Truth:
    """`test` of a value that may be missing."""
    return None if value is None else test(value)


def json_of(row: Values, key: str, kind: type | tuple[type, ...]) -> Any:
    """The attribute under `key` if it is of that type; a truth value is no number."""
    value = (row.get("attributes") or {}).get(key)
    if isinstance(value, bool) and kind is not bool:
        return None
    return value if isinstance(value, kind) else None


@st.composite
def text_comparisons(draw: st.DrawFn) -> Condition:
    """A text field against a text."""
    field, value = draw(st.sampled_from(TEXT_FIELDS)), draw(st.sampled_from(TEXTS))
    name = draw(st.sampled_from(sorted(OPERATORS)))
    test = OPERATORS[name]
    if draw(st.booleans()):
        return Condition(
            f"{quoted(value)} {name} {field}",
            lambda row: known(row.get(field), lambda have: test(value, have)),
        )
    return Condition(
        f"{field} {name} {quoted(value)}",
        lambda row: known(row.get(field), lambda have: test(have, value)),
    )


@st.composite
def number_comparisons(draw: st.DrawFn) -> Condition:
    """A number field against a number; milliseconds are stored as nanoseconds."""
    text, name = draw(st.sampled_from(NUMBERS)), draw(st.sampled_from(sorted(OPERATORS)))
    test, value = OPERATORS[name], float(text)
    if draw(st.booleans()):
        return Condition(
            f"duration_ms {name} {text}",
            lambda row: known(row.get("duration_ns"), lambda have: test(have, value * 1e6)),
        )
    field = draw(st.sampled_from(NUMBER_FIELDS))
    return Condition(
        f"{field} {name} {text}",
        lambda row: known(row.get(field), lambda have: test(have, value)),
    )


@st.composite
def lists_and_ranges(draw: st.DrawFn) -> Condition:
    """In, between, and their negations."""
    field = draw(st.sampled_from(TEXT_FIELDS))
    no = draw(st.sampled_from(["", "not "]))
    if draw(st.booleans()):
        values = draw(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=4))
        return Condition(
            f"{field} {no}in ({', '.join(map(quoted, values))})",
            lambda row: known(row.get(field), lambda have: (have in values) != bool(no)),
        )
    low, high = draw(st.sampled_from(NUMBERS)), draw(st.sampled_from(NUMBERS))
    return Condition(
        f"input_tokens {no}between {low} and {high}",
        lambda row: known(
            row.get("input_tokens"),
            lambda have: (float(low) <= have <= float(high)) != bool(no),
        ),
    )


@st.composite
def patterns(draw: st.DrawFn) -> Condition:
    """Like, ilike, contains."""
    field, pattern = draw(st.sampled_from(TEXT_FIELDS)), draw(st.sampled_from(PATTERNS))
    no = draw(st.sampled_from(["", "not "]))
    which = draw(st.sampled_from(["like", "ilike", "contains"]))
    if which == "contains":
        return Condition(
            f"{no}contains({field}, {quoted(pattern)})",
            lambda row: known(
                row.get(field), lambda have: (lowered(pattern) in lowered(have)) != bool(no)
            ),
        )
    fold = lowered if which == "ilike" else str
    return Condition(
        f"{field} {no}{which} {quoted(pattern)}",
        lambda row: known(
            row.get(field), lambda have: is_like(fold(have), fold(pattern)) != bool(no)
        ),
    )


@st.composite
def attribute_comparisons(draw: st.DrawFn) -> Condition:
    """A JSON value against a text, a number or a truth value: types never mix."""
    key, name = draw(st.sampled_from(KEYS)), draw(st.sampled_from(sorted(OPERATORS)))
    subject = draw(st.sampled_from(["attributes", "metadata"])) + f"[{quoted(key)}]"
    test = OPERATORS[name]
    which = draw(st.sampled_from(["text", "number", "bool", "null", "in", "like"]))
    if which == "null":
        return Condition(
            f"{subject} is null", lambda row: (row.get("attributes") or {}).get(key) is None
        )
    if which == "bool":
        wanted = draw(st.booleans())
        sign = "=" if draw(st.booleans()) else "!="
        return Condition(
            f"{subject} {sign} {str(wanted).lower()}",
            lambda row: known(
                json_of(row, key, bool), lambda have: (have == wanted) == (sign == "=")
            ),
        )
    if which == "number":
        number = draw(st.sampled_from(NUMBERS))
        return Condition(
            f"{subject} {name} {number}",
            lambda row: known(
                json_of(row, key, (int, float)), lambda have: test(have, float(number))
            ),
        )
    text = draw(st.sampled_from(TEXTS))
    if which == "in":
        return Condition(
            f"{subject} in ({quoted(text)}, 'x')",
            lambda row: known(json_of(row, key, str), lambda have: have in (text, "x")),
        )
    if which == "like":
        return Condition(
            f"{subject} like '%x%'",
            lambda row: known(json_of(row, key, str), lambda have: "x" in have),
        )
    return Condition(
        f"{subject} {name} {quoted(text)}",
        lambda row: known(json_of(row, key, str), lambda have: test(have, text)),
    )


@st.composite
def memberships(draw: st.DrawFn) -> Condition:
    """Tags, nulls, truth values, search: never unknown."""
    tag, field = (
        draw(st.sampled_from(["a", "A", "b", "a b", ""])),
        draw(st.sampled_from(TEXT_FIELDS)),
    )
    return draw(
        st.sampled_from(
            [
                Condition(f"has(tags, {quoted(tag)})", lambda row: tag in (row.get("tags") or [])),
                Condition(f"{quoted(tag)} in tags", lambda row: tag in (row.get("tags") or [])),
                Condition("tags is null", lambda row: not row.get("tags")),
                Condition(f"{field} is null", lambda row: row.get(field) is None),
                Condition(f"{field} is not null", lambda row: row.get(field) is not None),
                Condition("is_duplicate", lambda row: bool(row.get("is_duplicate"))),
                Condition("is_duplicate = false", lambda row: not row.get("is_duplicate")),
                Condition("is_duplicate is true", lambda row: bool(row.get("is_duplicate"))),
                Condition(
                    "text_search('A b')", lambda row: all(w in lowered(row["name"]) for w in "ab")
                ),
                Condition("true", lambda _row: True),
                Condition("false", lambda _row: False),
            ]
        )
    )


def negated(value: Truth) -> Truth:
    """NOT of three values."""
    return None if value is None else not value


def joined(word: str, values: list[Truth]) -> Truth:
    """AND and OR of three values."""
    stop = word == "or"
    if stop in values:
        return stop
    return None if None in values else not stop


def grown(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    """Bigger conditions from smaller ones."""
    return st.one_of(
        st.builds(lambda c: Condition(f"not ({c.text})", lambda row: negated(c.of(row))), inner),
        st.builds(
            lambda word, parts: Condition(
                "(" + f" {word} ".join(part.text for part in parts) + ")",
                lambda row: joined(word, [part.of(row) for part in parts]),
            ),
            st.sampled_from(["and", "or"]),
            st.lists(inner, min_size=2, max_size=4),
        ),
    )


CONDITIONS = st.recursive(
    st.one_of(
        text_comparisons(),
        number_comparisons(),
        lists_and_ranges(),
        patterns(),
        attribute_comparisons(),
        memberships(),
    ),
    grown,
    max_leaves=12,
)
# A busy machine is no fault of the filters.
SLOW_OK = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(
    scope="module",
    params=["sqlite", "postgresql"],
)
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """The rows as spans: a trace each, but the second trace holds three."""
    spans = []
    for number, row in enumerate(ROWS):
        given = {("request_model" if key == "model" else key): value for key, value in row.items()}
        trace = min(max(number, 1), 7) if number > 2 else 1  # Spans 0 to 2 share trace 1.
        spans.append(span_row(number, trace_id=trace.to_bytes(16, "big"), **given))
    traces = [trace_row(n, name=f"trace {n}", error_count=n % 3) for n in (1, 3, 4, 5, 6, 7)]
    if request.param == "postgresql":
        database = new_database(request.getfixturevalue("postgres_url"))
    else:
        database = f"sqlite:///{tmp_path_factory.mktemp('filters')}/store.db"
    engine = new_store(database, spans, traces)
    yield engine
    engine.dispose()


@SLOW_OK
@given(condition=CONDITIONS)
def test_a_filter_finds_the_rows_that_its_meaning_says(
    engine: Engine, condition: Condition
) -> None:
    """A database answers as a Python evaluation with SQL's three values, for any expression."""
    compiled = compile_filter(condition.text, SPANS)
    assert compiled is not None
    with engine.connect() as connection:
        found = set(connection.execute(select(SPAN.c.id).where(compiled)).scalars())
    wanted = {number for number, row in enumerate(ROWS) if condition.of(row) is True}
    assert found == wanted


@SLOW_OK
@given(first=CONDITIONS, second=CONDITIONS, word=st.sampled_from(["and", "or"]), no=st.booleans())
def test_a_trace_passes_with_one_span_for_which_all_is_true(
    engine: Engine, first: Condition, second: Condition, word: str, *, no: bool
) -> None:
    """In a list of traces, span fields speak of one span; any_span asks for another."""
    first_text = _of_spans(first.text)
    second_text = _of_spans(second.text)
    text = (
        f"{first_text} {word} ({'not ' if no else ''}any_span({second_text}) and error_count < 2)"
    )
    compiled = compile_filter(text, TRACES)
    assert compiled is not None
    with engine.connect() as connection:
        found = set(connection.execute(select(TRACE.c.trace_id).where(compiled)).scalars())
        pairs = connection.execute(select(SPAN.c.id, SPAN.c.trace_id)).all()
    wanted = set()
    for number, trace_id in pairs:
        others = any(second.of(ROWS[n]) is True for n, trace in pairs if trace == trace_id)
        is_few = int.from_bytes(trace_id, "big") % 3 < 2
        is_true = joined(word, [first.of(ROWS[number]), (others != no) and is_few])
        if is_true is True:
            wanted.add(trace_id)
    assert found == wanted


def _of_spans(text: str) -> str:
    """The same about spans: names that a trace has too get the prefix."""
    names = (
        r"\b(name|session_id|input_tokens|cost_usd|duration_ms|tags)\b(?=[^']*(?:'[^']*'[^']*)*$)"
    )
    return re.sub(names, r"span.\1", text)


PIECES = """
name kind tags attributes ['t'] ( ) and or not = != < like in between is null 'x' 1 -2.5 true now()
- interval '1 hour' has text_search any_span contains , ; -- /* */ select from case when end :: [ ]
. span @ $ ? : * || {} " ` ' \\ exists cast all any union array started_at
"""
WORDS = st.sampled_from(PIECES.split())


@settings(SLOW_OK, max_examples=300)
@given(text=st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=14).map(" ".join)))
def test_any_text_is_a_filter_or_a_bad_filter(engine: Engine, text: str) -> None:
    """Whatever is typed, the answer is a condition the database takes, or one kind of error."""
    for vocabulary, table in ((SPANS, SPAN), (TRACES, TRACE)):
        try:
            condition = compile_filter(text, vocabulary)
        except BadFilter as error:
            position = error.position or 0
            condition = None
        else:
            position = 0
        assert 0 <= position <= len(text)
        if condition is not None:
            with engine.connect() as connection:
                connection.execute(select(table.c.project_id).where(condition)).all()
