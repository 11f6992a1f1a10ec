"""The same spans to several places."""

from pathlib import Path
from typing import Any

import pytest
from support.programs import Recorder, wait_for
from support.receivers import Answer, start_receiver

import weave_core
from weave_core import op
from weave_core.errors import ConfigError
from weave_core.tracing.spool import sync


@op
def work(n: int) -> int:
    """Something short."""
    return n


def test_every_place_gets_every_span_with_its_own_key(recorder: Recorder) -> None:
    """The server's key is no other's to see."""
    del recorder
    with start_receiver() as server, start_receiver() as other, start_receiver() as third:
        also: list[Any] = [
            f"{other.url}/v1/traces",
            {"endpoint": third.url, "headers": {"x-api-key": "theirs"}},
        ]
        weave_core.init("p", server.url, api_key="ours", also_to=also)
        work(1)
        assert weave_core.flush(10)
        assert server.names == other.names == third.names == ["work"]
        assert server.headers[0]["authorization"] == "Bearer ours"
        assert "authorization" not in other.headers[0]
        assert "authorization" not in third.headers[0]
        assert third.headers[0]["x-api-key"] == "theirs"


def test_one_that_is_away_keeps_nobody_waiting(recorder: Recorder, tmp_path: Path) -> None:
    """What it missed waits for it on disk, and `sync` does not take that for the server's."""
    del recorder
    with start_receiver() as server, start_receiver(lambda _n, _r: Answer(503)) as away:
        weave_core.init("p", server.url, also_to=[away.url])
        work(1)
        wait_for(lambda: server.names == ["work"])
        assert not weave_core.flush(0.2)
        weave_core.shutdown(0.5)
    with start_receiver() as server:
        assert sync(server.url, home=tmp_path / "home").sent_spans == 0
        assert server.names == []
    with start_receiver(port=int(away.url.rpartition(":")[2])) as back, start_receiver() as server:
        weave_core.init("p", server.url, also_to=[back.url])
        work(2)
        assert weave_core.flush(10)
        wait_for(lambda: len(back.names) == 2)
        assert server.names == ["work"]


def test_the_environment_names_places(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Separated by commas."""
    del recorder
    with start_receiver() as server, start_receiver() as other:
        monkeypatch.setenv("WEAVE_CORE_ALSO_TO", f"{other.url}, ")
        weave_core.init("p", server.url)
        work(1)
        assert weave_core.flush(10)
        assert other.names == ["work"]


@pytest.mark.parametrize("also_to", [["ftp://x"], ["nowhere"], [{"url": "http://x"}], [7], 7])
def test_a_wrong_place_is_refused(also_to: Any) -> None:
    """With what was given, and what to give."""
    with pytest.raises(ConfigError, match=r"endpoint is|also_to"):
        weave_core.init("p", "offline", also_to=also_to)
