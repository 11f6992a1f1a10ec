"""Who comes in by the doors for wandb clients, and what is answered to what nobody expected."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.servers import start_server

from weave_core import Client
from weave_core.errors import NotFound

KEY = "local-" + "k" * 40
BEGIN = (
    "mutation B($n: String, $p: String, $c: JSONString) { upsertBucket(input: {name: $n, modelName:"
    " $p, config: $c}) { bucket { id name project { name entity { name } } } inserted } }"
)
FILES = (
    "mutation F($p: String!, $r: String!, $f: [String!]!) { createRunFiles(input: {projectName: $p,"
    " runName: $r, files: $f}) { files { name uploadUrl } } }"
)


ENV = {"WEAVE_CORE_API_KEY": KEY, "WEAVE_CORE_APP_URL": "http://app.example/"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the servers here."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def early_path(home: Path) -> str:
    """An address for a file that was given by a server which was killed then."""
    with (
        start_server(home, "--no-grpc", env=ENV) as server,
        httpx.Client(base_url=server.url, auth=("api", KEY), timeout=60) as client,
    ):
        begin(client, "early")
        told = ask(client, FILES, p="early", r="r1", f=["x"])
        url: str = told["data"]["createRunFiles"]["files"][0]["uploadUrl"]
        post(client, "early", rows({"_step": 0, "a": 1.0}))
        server.kill()
        return url.removeprefix(server.url)


@pytest.fixture(scope="module")
def http(home: Path, early_path: str) -> Iterator[httpx.Client]:  # noqa: ARG001  # It comes before.
    """To a server that has a key, from a client that knows it."""
    with (
        start_server(home, "--no-grpc", env=ENV) as server,
        httpx.Client(base_url=server.url, auth=("api", KEY), timeout=60) as client,
    ):
        yield client


def ask(http: httpx.Client, query: str, **variables: Any) -> dict[str, Any]:
    """An answer of GraphQL."""
    answer = http.post("/graphql", json={"query": query, "variables": variables})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def begin(http: httpx.Client, project: str, run_id: str = "r1", **config: Any) -> None:
    """Begin a run as a client does."""
    told = json.dumps({key: {"value": value} for key, value in config.items()})
    assert "errors" not in ask(http, BEGIN, n=run_id, p=project, c=told)


def post(http: httpx.Client, project: str, body: Any, run_id: str = "r1") -> httpx.Response:
    """Post to a run's stream."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return http.post(f"/files/someone/{project}/{run_id}/file_stream", content=content)


def rows(*given: dict[str, Any], offset: int = 0) -> dict[str, Any]:
    """Rows of history."""
    content = [json.dumps(each) for each in given]
    return {"files": {"wandb-history.jsonl": {"offset": offset, "content": content}}}


def reader(http: httpx.Client) -> Client:
    """Our own client of the same server."""
    return Client(str(http.base_url), api_key=KEY)


def points(http: httpx.Client, project: str, key: str) -> dict[int, float]:
    """What is stored of a key."""
    with reader(http) as client:
        table = client.run("r1", project).history([key]).to_arrow().to_pydict()
    return dict(zip(table["step"], table[key], strict=True))


def test_only_who_has_the_key_comes_in(http: httpx.Client, project: str) -> None:
    """By the password of Basic, as clients send it; files by their signed address alone."""
    begin(http, project)
    told = ask(http, FILES, p=project, r="r1", f=["a b/ü%.txt"])
    [file] = told["data"]["createRunFiles"]["files"]
    with httpx.Client(base_url=http.base_url, timeout=60) as stranger:
        assert stranger.post("/graphql", json={"query": "{viewer{id}}"}).status_code == 401
        assert stranger.post("/graphql", json={}, auth=("api", "no")).status_code == 401
        assert post(stranger, project, {}).status_code == 401
        assert stranger.put(file["uploadUrl"], content=b"kept").status_code == 200
        for wrong in (
            file["uploadUrl"].replace("signature=", "signature=x"),
            file["uploadUrl"].replace("expires=1", "expires=2"),
            file["uploadUrl"].replace(".txt", ".exe"),
            file["uploadUrl"].partition("?")[0],
        ):
            assert stranger.put(wrong, content=b"not kept").status_code == 403
    with reader(http) as client:
        [kept] = client.run("r1", project).files()
        assert (kept.name, kept.read()) == ("a b/ü%.txt", b"kept")


def test_what_is_not_known_is_null_and_no_mutation_is(http: httpx.Client, project: str) -> None:
    """A field of a newer client is null and told once; a change that can't be made is an error."""
    query = """query Q($yes: Boolean! = true) {
      viewer { ...who fancy { deep } }
      other: viewer { entity @include(if: $yes) id @skip(if: true) }
      __typename
    } fragment who on User { name: username teams { edges { node { name } } } }"""
    told = ask(http, query)["data"]
    assert told["viewer"] == {"name": "weave-core", "teams": {"edges": []}, "fancy": None}
    assert told["other"] == {"entity": "weave-core"}
    [error] = ask(http, "mutation {createThing{id}}")["errors"]
    assert "createThing is not served" in error["message"]
    for broken in ("{", "{a" * 100, "query A{a} query B{b}", "", "{viewer{...gone}}"):
        answer = ask(http, broken)
        assert answer.get("errors") or answer["data"] == {"viewer": {}}
    assert http.post("/graphql", content=b"[1]").status_code == 400
    missing = ask(http, 'query($p:String){model(name:$p){bucket(name:"no"){id}}}', p=project)
    assert missing["data"] == {"model": {"bucket": None}}


def test_rows_that_come_again_or_late_are_the_same_points(http: httpx.Client, project: str) -> None:
    """Whatever is odd in a row costs itself; whatever is odd in a post costs the post."""
    begin(http, project, big=2**80)
    late = [{"_step": step, "a": step, "_timestamp": 1.5e9 + step} for step in range(5)]
    assert post(http, project, rows(*late[3:], offset=3)).json() == {}
    for _ in range(2):
        assert post(http, project, rows(*late)).json() == {}
    odd = [
        '{"_step": 7, "a": NaN, "b": Infinity, "c": 123456789012345678901234567890}',
        "no JSON",
        "[1]",
        '{"a": 8}',
        '{"_step": -5, "a": 1, "_timestamp": "now", "deep": {"x": {"y": 2}}}',
    ]
    files = {"wandb-history.jsonl": {"offset": 6, "content": odd}, "unknown.txt": {}}
    assert post(http, project, {"files": files}).status_code == 200
    for wrong in (b"{", b"[]", b'{"files": []}', b'{"files": {"output.log": {"content": 1}}}'):
        assert post(http, project, wrong).status_code == 400
    assert post(http, project, {}, "nobody").status_code == 404

    found = points(http, project, "a")
    assert {step: found[step] for step in (0, 3, 4, 9)} == {0: 1.0, 3: 3.0, 4: 4.0, 9: 8.0}
    assert found[7] != found[7]  # NaN.
    assert points(http, project, "c") == {7: 1.2345678901234568e29}
    assert points(http, project, "deep.x.y") == {0: 2.0}
    with reader(http) as client:
        info = client.run("r1", project).info
        assert "could not be read" in info.problems["*"]
        assert info.config == {"big": 2.0**80}


def test_printed_lines_replace_those_of_their_number(http: httpx.Client, project: str) -> None:
    """A progress bar is the line that it was left as; what comes later counts."""
    begin(http, project)

    def printed(offset: int, *lines: str) -> None:
        files = {"output.log": {"offset": offset, "content": lines}}
        assert post(http, project, {"files": files}).status_code == 200

    printed(0, "2026-01-01T10:00:00.5 one", "2026-01-01T10:00:01 10 %")
    printed(1, "2026-01-01T10:00:01 100 %", "ERROR 2026-01-01T10:00:02 oh", "without a time")
    printed(0, "2026-01-01T10:00:00.5 one")
    with reader(http) as client:
        lines = list(client.run("r1", project).console())
    assert [(line.stream, line.text) for line in lines] == [
        ("stdout", "one"),
        ("stdout", "100 %"),
        ("stderr", "oh"),
        ("stdout", "without a time"),
    ]
    assert lines[0].time_ns == 1_767_261_600_500_000_000


def test_links_lead_into_the_app_and_nothing_else_does(http: httpx.Client, project: str) -> None:
    """Those that the client prints; an address that is none of these is nothing still."""
    begin(http, project)
    run = http.get(f"/me/{project}/runs/r1")
    assert run.status_code == 307
    assert run.headers["location"] == f"http://app.example/run?project={project}&run=r1"
    assert http.get(f"/me/{project}").headers["location"].endswith(f"/runs?project={project}")
    for nothing in ("/me/no-such-project", "/api/nothing", "/api/projects/x/y", "/me"):
        answer = http.get(nothing)
        assert (answer.status_code, "wandb-links" in answer.text) == (404, False)


def test_what_a_client_says_of_itself_is_not_kept(http: httpx.Client) -> None:
    """Its own measurements are no telemetry of its user's."""
    body: dict[str, list[Any]] = {"resourceMetrics": []}
    assert http.post("/sdk/otel/v1/metrics", json=body).status_code == 404
    with reader(http) as client, pytest.raises(NotFound):
        client.list_traces("wandb-core")


def test_a_stop_is_told_with_the_next_post_and_not_to_the_next_program(
    http: httpx.Client, project: str
) -> None:
    """Ctrl-C or a stop is `killed`; who goes on with the run is not stopped again."""
    begin(http, project)
    with reader(http) as client:
        client.run("r1", project).update(stop=True)
        assert post(http, project, {}).json() == {"stopped": True}
        post(http, project, {"complete": True, "exitcode": 255})
        assert client.run("r1", project).info.state == "killed"
        begin(http, project)
        assert post(http, project, {}).json() == {}
        assert client.run("r1", project).info.state == "running"


def test_the_secret_of_addresses_outlives_the_server(http: httpx.Client, early_path: str) -> None:
    """An address that was given before a crash is good after it."""
    url = str(http.base_url).rstrip("/") + early_path
    assert httpx.put(url, content=b"x", timeout=60).status_code == 200
    assert points(http, "early", "a") == {0: 1.0}
    with reader(http) as client:
        assert client.run("r1", "early").file("x").read() == b"x"


RUNS = (
    "query R($p: String!, $f: JSONString, $o: String, $n: Int, $a: String) { project(name: $p)"
    " { runCount(filters: $f) runs(filters: $f, order: $o, first: $n, after: $a)"
    " { edges { node { name displayName summaryMetrics } } pageInfo { endCursor hasNextPage } } } }"
)
RUN = (
    "query Q($p: String!, $r: String!, $spec: JSONString) { project(name: $p) { run(name: $r)"
    " { id config tags historyKeys history(minStep: 2, maxStep: 5, samples: 10)"
    ' sampledHistory(specs: [$spec]) files(names: ["./a.txt"], first: 5)'
    " { edges { node { id name sizeBytes directUrl } } } } } }"
)
EDIT = (
    "mutation E($id: String, $c: JSONString, $t: [String!], $s: JSONString) { upsertBucket(input:"
    " {id: $id, config: $c, tags: $t, summaryMetrics: $s}) { bucket { id config } } }"
)


def test_runs_are_found_by_filter_and_order(http: httpx.Client, project: str) -> None:
    """As `wandb.Api().runs` asks; page by page, and no pattern keeps the server for ever."""
    for number in range(5):
        begin(http, project, f"r{number}", lr=number / 10)
        row = {"_step": 0, "loss": 5 - number, "_timestamp": 1.5e9}
        summary = {"files": {"wandb-summary.json": {"content": [json.dumps({"loss": 5 - number})]}}}
        assert post(http, project, rows(row), f"r{number}").status_code == 200
        assert post(http, project, summary, f"r{number}").status_code == 200

    def found(filters: Any = None, order: str | None = None, **more: Any) -> list[str]:
        told = ask(http, RUNS, p=project, f=filters and json.dumps(filters), o=order, **more)
        assert "errors" not in told, told
        return [edge["node"]["name"] for edge in told["data"]["project"]["runs"]["edges"]]

    assert found({"config.lr": {"$gte": 0.3}}, "+created_at") == ["r3", "r4"]
    assert found({"$and": [{"name": {"$regex": "^r[12]$"}}]}, "-created_at") == ["r2", "r1"]
    assert found(None, "summary_metrics.loss", n=2) == ["r4", "r3"]
    told = ask(http, RUNS, p=project, o="summary_metrics.loss", n=2)["data"]["project"]["runs"]
    after = told["pageInfo"]["endCursor"]
    assert found(None, "summary_metrics.loss", n=2, a=after) == ["r2", "r1"]
    assert found({"name": {"$regex": "r"}}, "summary_metrics.loss", n=2, a="2") == ["r2", "r1"]
    for filters, names in (
        ({"config.lr": {"$in": [0.0, 0.4]}}, ["r0", "r4"]),
        ({"$or": [{"name": "r0"}, {"config.lr": {"$gt": 0.35}}]}, ["r0", "r4"]),
        ({"$not": {"config.lr": {"$lt": 0.35}}}, ["r4"]),
        ({"group": None, "config.lr": {"$ne": 0.1}}, ["r0", "r2", "r3", "r4"]),
        ({"config.none": {"$exists": False}, "name": {"$nin": ["r0", "r1", "r2"]}}, ["r3", "r4"]),
        ({"createdAt": {"$lt": "2020-01-01"}}, []),
        ({"state": "no such state"}, []),
        ({"$and": [{"config.lr": {"$gt": 0.1}}, {"name": {"$regex": "[13]"}}]}, ["r3"]),
    ):
        assert found(filters, "+created_at") == names, filters
    counted = ask(http, RUNS, p=project, f=json.dumps({"summary_metrics.loss": {"$lt": 3}}))
    assert counted["data"]["project"]["runCount"] == 2
    for wrong in (
        {"name": {"$regex": "(a+)+b"}},
        {"name": {"$what": 1}},
        {"name": {"$regex": "("}},
    ):
        assert ask(http, RUNS, p=project, f=json.dumps(wrong))["errors"]


def test_a_run_is_read_changed_and_deleted(http: httpx.Client, project: str) -> None:
    """Rows of history by step, samples of some keys, files by their address; then its end."""
    begin(http, project, lr=0.1)
    logged: list[dict[str, Any]] = [
        {"_step": step, "a": step, **({"b": -step} if step % 2 else {}), "_timestamp": 1.5e9 + step}
        for step in range(8)
    ]
    post(http, project, rows(*logged, {"_step": 8, "a": math.nan}))
    told = ask(http, FILES, p=project, r="r1", f=["a.txt"])
    httpx.put(told["data"]["createRunFiles"]["files"][0]["uploadUrl"], content=b"text", timeout=60)
    spec = json.dumps({"keys": ["_step", "a", "b"], "samples": 3})

    run = ask(http, RUN, p=project, r="r1", spec=spec)["data"]["project"]["run"]

    assert [json.loads(row)["_step"] for row in run["history"]] == [2, 3, 4]
    assert json.loads(run["history"][1])["b"] == -3
    assert run["historyKeys"]["lastStep"] == 8
    assert run["historyKeys"]["keys"]["a"]["typeCounts"][0]["count"] == 9
    assert run["sampledHistory"] == [
        [{"_step": step, "a": step, "b": -step} for step in (1, 3, 7)],
    ]
    [edge] = run["files"]["edges"]
    assert (edge["node"]["name"], edge["node"]["sizeBytes"]) == ("a.txt", "4")
    assert httpx.get(edge["node"]["directUrl"], timeout=60).content == b"text"
    assert httpx.get(edge["node"]["directUrl"] + "x", timeout=60).status_code == 403
    config = json.dumps({"lr": {"value": 0.2}, "new": {"value": 1}})
    edited = ask(http, EDIT, id=run["id"], c=config, t=["x"], s=json.dumps({"best": 1}))
    assert "errors" not in edited
    with reader(http) as client:
        info = client.run("r1", project).info
        assert (info.config, info.tags) == ({"lr": 0.2, "new": 1}, ["x"])
        assert info.summary["best"] == 1
        files = f'mutation {{deleteFiles(input: {{files: ["{edge["node"]["id"]}"]}}) {{success}}}}'
        assert ask(http, files)["data"] == {"deleteFiles": {"success": True}}
        assert list(client.run("r1", project).files()) == []
        gone = f'mutation {{deleteRun(input: {{id: "{run["id"]}"}}) {{clientMutationId}}}}'
        assert ask(http, gone)["data"]["deleteRun"] == {"clientMutationId": None}
        with pytest.raises(NotFound):
            _ = client.run("r1", project).info
    assert ask(http, gone)["errors"]


SWEEP = (
    "mutation S($id: ID, $c: String, $p: String, $s: String) { upsertSweep(input: {id: $id,"
    " config: $c, projectName: $p, state: $s}) { sweep { id name state project { name } }"
    " configValidationWarnings } }"
)
AGENT = (
    'mutation A($p: String, $s: String!) { createAgent(input: {host: "here", projectName: $p,'
    " sweep: $s}) { agent { id } } }"
)
BEAT = (
    "mutation H($a: ID!, $r: JSONString) { agentHeartbeat(input: {id: $a, runState: $r,"
    ' metrics: "{}"}) { commands } }'
)
SWEEPS = (
    "query Q($p: String!, $s: String!) { project(name: $p) { sweep(sweepName: $s) { state bestLoss"
    " runCount runCountExpected runs { edges { node { name sweepName } } }"
    " agents { edges { node { host totalRuns } } } } } }"
)


def test_an_agent_gets_trials_until_none_is_left(http: httpx.Client, project: str) -> None:
    """Again where no answer came; a trial ends with its run, or when it is not named any more."""
    config = "method: grid\nmetric: {name: loss}\nparameters: {lr: {values: [1, 2, 3]}}"
    made = ask(http, SWEEP, p=project, c=config)["data"]["upsertSweep"]["sweep"]
    agent = ask(http, AGENT, p=project, s=made["name"])["data"]["createAgent"]["agent"]["id"]

    def beat(*active: str) -> list[dict[str, Any]]:
        told = ask(http, BEAT, a=agent, r=json.dumps(dict.fromkeys(active, True)))
        found: list[dict[str, Any]] = json.loads(told["data"]["agentHeartbeat"]["commands"])
        return found

    [first] = beat()
    assert (first["type"], first["args"]) == ("run", {"lr": {"value": 1}})
    assert beat() == [first]
    begin(http, project, first["run_id"], lr=1)
    assert beat(first["run_id"]) == []
    post(http, project, rows({"_step": 0, "loss": 0.5}, {"_step": 1, "loss": 0.7}), first["run_id"])
    post(http, project, {"complete": True, "exitcode": 0}, first["run_id"])
    [second] = beat()
    begin(http, project, second["run_id"], lr=2)
    with reader(http) as client:
        assert beat(second["run_id"]) == []
        client.run(second["run_id"], project).update(stop=True)
        assert beat(second["run_id"]) == [{"type": "stop", "run_id": second["run_id"]}]
        post(http, project, {"complete": True, "exitcode": 1}, second["run_id"])
        [third] = beat()
        assert beat(third["run_id"]) == []
        assert beat() == [{"type": "exit"}]
        trials = client.list_trials(project, made["name"])
    assert [(each.state, each.value) for each in reversed(trials)] == [
        ("finished", 0.5),
        ("stopped", None),
        ("failed", None),
    ]
    sweep = ask(http, SWEEPS, p=project, s=made["name"])["data"]["project"]["sweep"]
    names = {edge["node"]["name"] for edge in sweep["runs"]["edges"]}
    assert names == {first["run_id"], second["run_id"]}  # Nobody began the third.
    assert {edge["node"]["sweepName"] for edge in sweep["runs"]["edges"]} == {made["name"]}
    assert (sweep["state"], sweep["bestLoss"], sweep["runCountExpected"]) == ("FINISHED", 0.5, 3)
    assert sweep["agents"]["edges"][0]["node"] == {"host": "here", "totalRuns": 3}
    found = ask(http, RUNS, p=project, f=json.dumps({"$and": [{"sweep": made["name"]}]}))
    assert found["data"]["project"]["runCount"] == 2


def test_sweeps_are_steered_and_what_can_not_be_is_refused(
    http: httpx.Client, project: str
) -> None:
    """Paused, resumed, cancelled; another config, a local controller and no sweep are errors."""
    config = "method: random\nparameters: {lr: {min: 0.0, max: 1.0}}"
    made = ask(http, SWEEP, p=project, c=config)["data"]["upsertSweep"]["sweep"]
    agent = ask(http, AGENT, p=project, s=made["name"])["data"]["createAgent"]["agent"]["id"]
    for state, commands in (("PAUSED", "[]"), ("CANCELED", '[{"type": "exit"}]')):
        told = ask(http, SWEEP, id=made["id"], s=state)["data"]["upsertSweep"]["sweep"]
        assert told["state"] == state
        told = ask(http, BEAT, a=agent, r="{}")["data"]["agentHeartbeat"]
        assert told["commands"] == commands
    for given, word in (
        ({"c": "method: magic"}, "method"),
        ({"id": made["id"], "c": config.replace("1.0", "2.0")}, "stays as it was"),
        ({"id": made["id"], "s": "GONE"}, "can't become"),
    ):
        [error] = ask(http, SWEEP, p=project, **given)["errors"]
        assert word in error["message"]
    assert "no sweep" in ask(http, AGENT, p=project, s="none")["errors"][0]["message"]
    assert ask(http, BEAT, a="none", r="{}")["errors"]
