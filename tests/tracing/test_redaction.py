"""Redaction: what a policy takes out reaches neither the disk nor a server."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from support.programs import Recorder
from support.receivers import Receiver, start_receiver

import weave_core
from weave_core import op
from weave_core.errors import ConfigError
from weave_core.tracing.policies import RedactionPolicy
from weave_core.tracing.redaction import Redactor

CANARY = "zebra-7712"


@op
def login(user: str, password: str, notes: Any = None) -> dict[str, Any]:
    """Takes a secret and gives one."""
    return {"user": user, "X-Api-Key": password, "notes": notes}


def _said(receiver: Receiver, name: str) -> dict[str, Any]:
    [span] = [span for span in receiver.taken if span.name == name]
    return {pair.key: pair.value for pair in span.attributes}


def test_secret_keys_are_taken_out_unasked(recorder: Recorder) -> None:
    """Nobody has to think of it: values under `password` and its like never leave the process."""
    with start_receiver() as receiver:
        weave_core.init("p", receiver.url)
        login("ann", CANARY, {"headers": [{"Authorization": CANARY}], "max_tokens": 7})
        assert weave_core.flush(10)
    said = _said(receiver, "login")
    inputs = json.loads(said["weave_core.inputs"].string_value)
    assert inputs == {
        "user": "ann",
        "password": "[redacted]",
        "notes": {"headers": [{"Authorization": "[redacted]"}], "max_tokens": 7},
    }
    assert CANARY not in str(receiver.requests)
    changed = [value.string_value for value in said["weave_core.redacted"].array_value.values]
    assert changed == ["weave_core.inputs", "weave_core.outputs"]
    # The program's own spans are untouched: other exporters of its provider have their own rules.
    assert CANARY in str(recorder.spans[0].attributes)


@op
def noted(note: Any) -> int:
    """Takes what may be a secret."""
    return len(str(note))


SPELLINGS = ("Api-Key", "API_KEY", "api key", "my_secret", "\N{KELVIN SIGN}api_\N{KELVIN SIGN}ey")


def test_one_secret_among_many_spans_is_found(recorder: Recorder) -> None:
    """However its key is spelled, and wherever it stands: one search in all of them misses none."""
    del recorder
    policy = {"keys": ["*_secret", "\N{KELVIN SIGN}api_key"]}
    with start_receiver() as receiver:
        weave_core.init("p", receiver.url, redact=policy)
        for spelling in SPELLINGS:
            for number in range(3):
                noted({"tokens": number, "keys": ["a b", "cookies"]})
            noted({spelling: CANARY, "n": None})
            noted(f"{spelling}: {CANARY}")
            with weave_core.span("marked") as span:
                span.set_attributes({spelling: CANARY, "n": 1})
            with weave_core.attributes(tags=["x", f"{spelling}={CANARY}"]):
                noted(1)
        assert weave_core.flush(10)
    assert CANARY not in str(receiver.requests)
    assert len(receiver.taken) == 7 * len(SPELLINGS)
    plain = [span for span in receiver.taken if "cookies" in str(span.attributes)]
    assert len(plain) == 3 * len(SPELLINGS)
    assert "weave_core.redacted" not in str(plain)


def test_messages_of_other_instrumentations_are_redacted_too(recorder: Recorder) -> None:
    """Whoever wrote the span: GenAI messages, flat attributes, headers, events, states."""
    del recorder
    policy = {"builtin": ["email"], "patterns": {"order": r"ORD-\d{4}"}}
    with start_receiver() as receiver:
        weave_core.init("p", receiver.url, redact=policy)
        tracer = trace.get_tracer("foreign")
        messages = [
            {"role": "user", "parts": [{"type": "text", "content": "I am ann@shop.example"}]}
        ]
        attributes: dict[str, Any] = {
            "gen_ai.input.messages": json.dumps(messages),
            "llm.input_messages.0.message.content": "about ORD-1234",
            "http.request.header.authorization": (f"Bearer {CANARY}",),
            "tool.arguments": json.dumps({"raw": json.dumps({"client_secret": CANARY})}),
            "gen_ai.usage.input_tokens": 5,
        }
        with tracer.start_as_current_span("ann@shop.example asks", attributes=attributes) as span:
            span.add_event("note", {"text": "ORD-9999"})
            span.set_status(trace.StatusCode.ERROR, "api_key=zebra-7712 is wrong")
        assert weave_core.flush(10)
    [taken] = receiver.taken
    said = {pair.key: pair.value for pair in taken.attributes}
    content = json.loads(said["gen_ai.input.messages"].string_value)
    assert content[0]["parts"][0]["content"] == "I am [redacted:email]"
    assert said["llm.input_messages.0.message.content"].string_value == "about [redacted:order]"
    assert said["gen_ai.usage.input_tokens"].int_value == 5
    assert taken.name == "[redacted:email] asks"
    assert taken.events[0].attributes[0].value.string_value == "[redacted:order]"
    assert taken.status.message == "api_key=[redacted] is wrong"
    for secret in (CANARY, "ann@shop", "ORD-"):
        assert secret not in str(taken)


def test_nothing_unredacted_is_on_disk(
    recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The spool too holds only what may leave."""
    del recorder
    import zstandard

    monkeypatch.setenv("WEAVE_CORE_HOME", str(tmp_path / "other"))
    weave_core.init("disk", "offline")
    login("visible-name", CANARY)
    weave_core.flush()
    [file] = (tmp_path / "other" / "spool").glob("*.spans")
    data = file.read_bytes()
    frame = data[data.index(b"\n") + 1 + 12 :]
    body = zstandard.ZstdDecompressor().decompressobj().decompress(frame)
    assert b"visible-name" in body
    assert CANARY.encode() not in body


def test_a_policy_file_says_what_to_take_out(recorder: Recorder, tmp_path: Path) -> None:
    """TOML and JSON; keys with stars, patterns by name, and the default keys switched off."""
    del recorder
    toml = tmp_path / "policy.toml"
    toml.write_text('keys = ["*_pin"]\ndefault_keys = false\n[patterns]\nzebra = "zebra-\\\\d+"\n')
    as_json = tmp_path / "policy.json"
    as_json.write_text(
        json.dumps({"keys": ["*_pin"], "default_keys": False, "patterns": {"zebra": r"zebra-\d+"}})
    )
    for path in (toml, as_json):
        with start_receiver() as receiver:
            weave_core.init("p", receiver.url, redact=path)
            login("ann", "kept", {"doorPin": 1, "door_pin": 1234, "text": f"a {CANARY}"})
            assert weave_core.flush(10)
        inputs = json.loads(_said(receiver, "login")["weave_core.inputs"].string_value)
        assert inputs["password"] == "kept"  # noqa: S105
        assert inputs["notes"]["door_pin"] == "[redacted]"
        assert inputs["notes"]["text"] == "a [redacted:zebra]"


def test_a_hook_sees_every_text_and_its_failure_lets_nothing_through(recorder: Recorder) -> None:
    """Where Presidio goes; broken, it costs the texts and not the secret."""
    del recorder

    def hook(text: str) -> str:
        if "boom" in text:
            raise RuntimeError("broken")
        return text.replace("ann", "<PERSON>")

    with start_receiver() as receiver:
        weave_core.init("p", receiver.url, redact={"hook": hook})
        login("ann", "x")
        weave_core.flush(10)
        login("boom", "x", CANARY)
        assert weave_core.flush(10)
    first, second = receiver.taken
    assert "<PERSON>" in str(first)
    assert CANARY not in str(second)
    assert "left out: redaction failed" in str(second)
    assert second.span_id


def test_a_second_init_keeps_the_policy(recorder: Recorder) -> None:
    """A library that starts tracing for itself does not end what the program asked for."""
    del recorder
    with start_receiver() as receiver:
        weave_core.init("p", receiver.url, redact={"patterns": {"zebra": CANARY}})
        weave_core.init("other", receiver.url)
        login(CANARY, "x")
        assert weave_core.flush(10)
    assert CANARY not in str(receiver.requests)


def test_it_can_be_switched_off(recorder: Recorder) -> None:
    """Who runs everything at home may want to see all."""
    del recorder
    with start_receiver() as receiver:
        weave_core.init("p", receiver.url, redact=False)
        login("ann", CANARY)
        assert weave_core.flush(10)
    assert CANARY in str(receiver.requests)


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ({"builtin": ["emial"]}, "no built-in pattern 'emial'"),
        ({"patterns": {"bad": "("}}, "the pattern 'bad' is"),
        ({"kyes": []}, "has a field 'kyes'"),
        ({"keys": "password"}, "give a list of texts"),
        ("/nowhere/policy.toml", "can't be read"),
        (7, "redact is 7"),
    ],
)
def test_a_wrong_policy_is_refused_at_the_start(policy: Any, said: str) -> None:
    """A typing error must not be found out when the secret is stored."""
    with pytest.raises(ConfigError, match=said.replace("(", r"\(")):
        weave_core.init("p", "offline", redact=policy)


@pytest.mark.parametrize(
    "text",
    [
        f"password={CANARY}",
        f"Authorization: Bearer {CANARY}",
        f"{{'api_key': '{CANARY}', 'n': 1}}",
        f'{{"cut": {{"password": "{CANARY}',
        json.dumps({"preview": f'{{"password":"a\\"{CANARY}'}),
        json.dumps({"a": json.dumps({"b": json.dumps({"client-secret": CANARY})})}),
    ],
)
def test_secrets_in_text_that_is_no_json_are_found(text: str) -> None:
    """Reprs, headers, cut previews, JSON within JSON."""
    assert CANARY not in Redactor(RedactionPolicy()).text(text)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-1000, 1000)
        | st.text(alphabet="abc {}[]:=\"'\\", max_size=12),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text("abc_"), inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_what_holds_no_secret_stays_as_it_is(value: Any) -> None:
    """Redaction invents nothing and loses nothing."""
    text = json.dumps(value)
    told = Redactor(RedactionPolicy(patterns={"never": "zebra"})).text(text)
    assert json.loads(told) == value


@pytest.mark.parametrize(
    ("name", "found", "passed"),
    [
        ("email", "ann.b+c@shop.example", "ann at shop"),
        ("credit_card", "4111 1111 1111 1111", "4111 1111 1111 1112"),
        ("us_ssn", "078-05-1120", "0780-51-120"),
        ("ip_address", "10.0.0.1", "1.2.3"),
        ("iban", "DE89 3704 0044 0532 0130 00", "DE8"),
        ("phone", "+49 30 1234567", "30 1234567"),
        ("api_key", "sk-abcdefghijklmnop1234", "sk-short"),
    ],
)
def test_built_in_patterns_find_what_they_say(name: str, found: str, passed: str) -> None:
    """Each with something that it must leave alone."""
    redactor = Redactor(RedactionPolicy(builtin=[name]))
    assert redactor.text(f"it is {found}, yes") == f"it is [redacted:{name}], yes"
    assert redactor.text(f"it is {passed}, yes") == f"it is {passed}, yes"


def test_presidio_finds_personal_data(run_program: Any) -> None:
    """Patterns and checksums, without a model; in its own process, as it takes seconds to load."""
    code = """
import socket, sys
import weave_core

class NoInternet(socket.socket):
    def connect(self, address):
        assert address[0] == "127.0.0.1", address
        return super().connect(address)

socket.socket = NoInternet
weave_core.init("p", sys.argv[1], redact={
    "presidio": ["EMAIL_ADDRESS", "IBAN_CODE", "CREDIT_CARD", "PHONE_NUMBER"],
})

@weave_core.op
def answer(question):
    return question

answer("Mail ann.miller@shop.example.com or pay DE89 3704 0044 0532 0130 00 by 4111 1111 1111 1111")
assert "spacy" not in sys.modules, "the call waited for it"
assert weave_core.flush(60)
"""
    with start_receiver() as receiver:
        run_program(code, receiver.url)
    said = _said(receiver, "answer")
    assert json.loads(said["weave_core.outputs"].string_value) == (
        "Mail [redacted:email_address] or pay [redacted:iban_code] by [redacted:credit_card]"
    )
    assert "ann.miller" not in str(receiver.requests)


def test_presidio_is_checked_when_it_is_asked_for() -> None:
    """A model that is not there is told at the start, not when the first span is lost."""
    with pytest.raises(ConfigError, match="spacy download no_such_model"):
        RedactionPolicy(presidio=["PERSON"], presidio_model="no_such_model")
