"""What is too big for a screen is cut, and says so."""

from weave_core.app.clipping import clip


def test_what_is_small_stays_as_it_is() -> None:
    """Nothing is touched without need."""
    value = {"a": [1, 2.5, None, True, "text"], "b": {"c": "d"}}

    clipped = clip(value)

    assert clipped.value == value
    assert clipped.cuts == 0


def test_a_long_text_is_cut_and_says_how_long_it_was() -> None:
    """Five megabytes do not reach the browser."""
    clipped = clip({"text": "x" * 5_000_000})

    assert clipped.cuts == 1
    assert len(clipped.value["text"]) < 101_000
    assert clipped.value["text"].endswith("… (cut here: 5000000 characters in all)")


def test_many_long_texts_share_one_bound() -> None:
    """A thousand texts of 100,000 characters stay within the bound of the whole value."""
    clipped = clip(["y" * 100_000] * 1_000)

    assert sum(map(len, clipped.value)) < 3_500_000


def test_long_lists_and_deep_values_end() -> None:
    """A list of a million and a nesting of a thousand levels are both cut."""
    deep: list[object] = []
    for _ in range(900):
        deep = [deep]

    assert len(clip(list(range(1_000_000))).value) == 2_001
    assert clip(deep).cuts == 1


def test_a_picture_is_kept_whole_or_left_out_whole() -> None:
    """Half a picture shows nothing."""
    small = {"type": "blob", "mime_type": "image/png", "data": "A" * 200_000}
    huge = {"type": "blob", "mime_type": "image/png", "data": "A" * 20_000_000}

    assert clip(small).value["data"] == small["data"]
    assert clip(huge).value["data"] is None
    assert clip(huge).cuts == 1


def test_numbers_that_a_browser_would_round_become_texts() -> None:
    """Above 2**53 JavaScript changes the last digits."""
    assert clip([2**53, 2**53 + 1, -(2**60)]).value == [2**53, str(2**53 + 1), str(-(2**60))]
