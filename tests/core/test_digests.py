"""Digests: frozen vectors.  A change of any of these orphans every object ever published."""

import datetime as dt
import math

import pytest

from weave_core.digests import canonical_json, digest_bytes, digest_json

# Made once with this package and checked with `sha256sum`; never to be made anew.
VECTORS: list[tuple[object, bytes, str]] = [
    (None, b"null", "sha256:74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b"),
    (True, b"true", "sha256:b5bea41b6c623f7c09f1bf24dcae58ebab3c0cdd90ad966bc43a45b44867e12b"),
    (0, b"0", "sha256:5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9"),
    (-1, b"-1", "sha256:1bad6b8cf97131fceab8543e81f7757195fbb1d36b376ee994ad1cf17699c464"),
    (1.5, b"1.5", "sha256:9f29a130438b81170b92a42650f9a94291ecad60bd47af2a3886e75f7f728725"),
    (1e300, b"1e+300", "sha256:2b0de494c41db4c1bf0b41b0a3483db71f2b53a5e37caf5a61abee2d4169a935"),
    ("", b'""', "sha256:12ae32cb1ec02d01eda3581b127c1fee3b0dc53572ed6baf239721a03d82e126"),
    (
        "é ünïcode \u2028 😀",
        b'"\xc3\xa9 \xc3\xbcn\xc3\xafcode \xe2\x80\xa8 \xf0\x9f\x98\x80"',
        "sha256:eafdedef386ed0e0823fac48278078485d24f8b6a8e475f59ee07fbcc30e561c",
    ),
    (
        'a"b\\c\n',
        b'"a\\"b\\\\c\\n"',
        "sha256:bc66ad49348b837dbb56a89b331dfa7f2bb8e89af2cbe0983d0e72846b2dbff3",
    ),
    ([], b"[]", "sha256:4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"),
    ({}, b"{}", "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"),
    (
        [1, [2, [3]]],
        b"[1,[2,[3]]]",
        "sha256:515b8578d7e3f9401f4013b481191a4df6373a4b37fc3e565abd5085344c927f",
    ),
    (
        {"b": 1, "a": [True, None, "x"]},
        b'{"a":[true,null,"x"],"b":1}',
        "sha256:54a65415ad370228851a1da4b31b6fd42dc58b19a50d35cae759325f7388ce64",
    ),
    (
        {"é": 1, "z": 2, "Z": 3, "10": 4, "9": 5},
        b'{"10":4,"9":5,"Z":3,"z":2,"\xc3\xa9":1}',
        "sha256:dd19269d1f14bbe0d07816dab00077cf2eaa9f8a1aa6aba806f426b77264cb16",
    ),
    (
        {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}], "temperature": 0.2},
        b'{"messages":[{"content":"hi","role":"user"}],"model":"gpt-4o","temperature":0.2}',
        "sha256:61091699aa9df3673b71c0bd3cf0a1c69d62600893f2687d6c5591e1fc3201b3",
    ),
]


@pytest.mark.parametrize(("value", "text", "digest"), VECTORS)
def test_a_value_has_the_digest_that_it_always_had(value: object, text: bytes, digest: str) -> None:
    """The canonical text and its address are the same on every machine and in every release."""
    assert canonical_json(value) == text
    assert digest_json(value) == digest
    assert digest_bytes(text) == digest


def test_the_order_of_keys_does_not_matter() -> None:
    """Two dicts that are equal have one address, at every depth."""
    assert digest_json({"b": {"y": 1, "x": 2}, "a": 0}) == digest_json(
        {"a": 0, "b": {"x": 2, "y": 1}}
    )


def test_the_order_of_items_does_matter() -> None:
    """Lists that differ in order are different values."""
    assert digest_json([1, 2]) != digest_json([2, 1])


@pytest.mark.parametrize(
    "value", [object(), {1: "a"}, b"bytes", 2**64, dt.datetime(2026, 1, 1, tzinfo=dt.UTC)]
)
def test_what_is_no_json_is_refused(value: object) -> None:
    """Nothing is turned into text silently: two values must not share an address by accident."""
    with pytest.raises(TypeError):
        digest_json(value)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_has_not_is_refused(number: float) -> None:
    """NaN must not share the address of null, wherever it is hidden."""
    with pytest.raises(ValueError, match="NaN"):
        digest_json({"rows": [[1.0, None], [number, None]]})
