"""The wheel, installed away from the checkout: it holds everything and runs."""

import subprocess
import tarfile
import zipfile
from pathlib import Path

import httpx
import pytest
from support.commands import clean_env
from support.environments import Environment
from support.ports import free_port

pytestmark = [pytest.mark.xdist_group("packaging"), pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
ROOMS = ["app", "evals", "integrations", "server", "tracing"]
MAX_CLIENT_BYTES = 40 * 1024**2

IMPORT_ALL = """
import importlib, pkgutil, sys, weave_core
from weave_core.errors import MissingExtra
assert "site-packages" in weave_core.__file__, weave_core.__file__
for found in pkgutil.walk_packages(weave_core.__path__, "weave_core."):
    # Streamlit runs the pages and migrations are run by Alembic; both draw or alter at import.
    if found.name.startswith(("weave_core.app.pages.", "weave_core.app.main",
                              "weave_core.server.store.migrations.")):
        continue
    try:
        importlib.import_module(found.name)
    except MissingExtra:
        # What subclasses a library's own class can't be without it, and says what to install.
        assert found.name.startswith(
            ("weave_core.integrations.", "weave_core.server.store.postgresql")
        ), found.name
    except ModuleNotFoundError as error:
        # Behind such a module's door, which says it; pytest itself loads its plug-in.
        is_plugin = (found.name, error.name) == ("weave_core.evals.pytest_plugin", "pytest")
        doors = ("weave_core.integrations._", "weave_core.evals.scorers.",
                 "weave_core.evals.adapters.", "weave_core.evals.duplicates")
        assert is_plugin or found.name.startswith(doors), found.name
        assert not error.name.startswith("weave_core"), error
    print(found.name)
"""


def names_in(wheel: Path) -> set[str]:
    """Every file in the archive."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_every_file_of_the_rooms(wheel: Path) -> None:
    """Each file of code and each asset is shipped, as a real file below `weave_core/`."""
    shipped = names_in(wheel)
    wanted = {
        f"weave_core/{file.relative_to(ROOT).as_posix()}"
        for room in ROOMS
        for file in (ROOT / room).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    own = {
        file.relative_to(ROOT).as_posix()
        for folder in ("commands", "compat", "model")
        for file in (ROOT / "weave_core" / folder).rglob("*.py")
    }

    assert (wanted | own | {"weave_core/py.typed"}) - shipped == set()


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    """No test, example or top-level `app` that would collide with a user's own folder."""
    tops = {name.partition("/")[0] for name in names_in(wheel)}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"weave_core"}


def test_the_source_distribution_holds_the_licence(built: Path) -> None:
    """Whoever packages it again finds the licence and the same files."""
    [archive] = built.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}

    assert {"LICENSE", "README.md", "pyproject.toml", "weave_core/server/__init__.py"} <= names


def test_the_client_alone_is_light(client_environment: Environment) -> None:
    """Tracing belongs into other people's programs: at most 40 MiB, and no server in it."""
    packages = client_environment.site_packages
    size = sum(file.stat().st_size for file in packages.rglob("*") if file.is_file())

    assert not (packages / "fastapi").exists()
    assert not (packages / "streamlit").exists()
    assert size <= MAX_CLIENT_BYTES, f"{size / 1024**2:.1f} MiB"


def test_the_client_alone_traces(client_environment: Environment) -> None:
    """`@op` works without a server and without an extra; what the program does is not changed."""
    code = "import weave_core\n@weave_core.op\ndef f(x: int) -> int:\n    return x + 1\nprint(f(1))"

    done = client_environment.run("-c", code)

    assert (done.returncode, done.stdout.strip()) == (0, "2"), done.stderr


@pytest.mark.parametrize(
    ("command", "extra"), [("server", "server"), ("app", "app"), ("up", "server,app")]
)
def test_a_missing_extra_says_what_to_install(
    client_environment: Environment, command: str, extra: str
) -> None:
    """One line with the pip command, and exit code 1."""
    done = client_environment.run("-m", "weave_core", command)

    [line] = done.stderr.splitlines()
    assert done.returncode == 1
    assert f'pip install "weave-core[{extra}]"' in line


def test_every_module_is_there_and_imports(full_environment: Environment) -> None:
    """No module needs the checkout, nor a library of an extra that was not asked for."""
    done = full_environment.run("-c", IMPORT_ALL)

    assert done.returncode == 0, done.stderr
    assert {f"weave_core.{room}" for room in ROOMS} <= set(done.stdout.split())


def test_up_runs_from_the_wheel(full_environment: Environment, tmp_path: Path) -> None:
    """`pip install "weave-core[server,app]"` alone gives a server and an app that answer."""
    port, app_port = free_port(), free_port()
    command = [str(full_environment.folder / "bin" / "weave-core"), "up", "--home", str(tmp_path)]
    command += ["--port", str(port), "--app-port", str(app_port), "--grpc-port", "0"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=clean_env(), stdout=subprocess.PIPE, text=True
    ) as up:
        try:
            assert up.stdout is not None
            # The box with the links is printed once both answer.
            assert any("Ctrl-C" in line for line in up.stdout)
            health = httpx.get(f"http://127.0.0.1:{port}/healthz").json()
            page = httpx.get(f"http://127.0.0.1:{app_port}/")
        finally:
            up.terminate()
            up.wait(timeout=30)

    assert health["status"] == "ok"
    assert page.status_code == httpx.codes.OK
