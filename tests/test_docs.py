"""The manual is true: every block runs, every page is current, every link leads somewhere."""

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from support.commands import clean_env
from support.manual import PLAIN, Block, blocks_of, name_of, steps_of
from support.servers import ServerProcess

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FRAMEWORKS = ROOT / "docs" / "frameworks"
"""Pages whose blocks tests/frameworks runs, where the libraries are."""


def _with_code() -> list[Path]:
    return [
        page
        for page in PAGES
        if page.parent != FRAMEWORKS
        and any(block.reason is None and block.language not in PLAIN for block in blocks_of(page))
    ]


@pytest.fixture(scope="session")
def model_url() -> Iterator[str]:
    """The stand-in for OpenAI and Anthropic that `examples/` brings."""
    command = [sys.executable, str(ROOT / "examples" / "local_llm.py"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=clean_env()) as process:
        assert process.stdout is not None
        found = re.search(r"http://[\w.:]+\d", process.stdout.readline())
        try:
            assert found, "the local model server did not say where it is"
            yield found[0]
        finally:
            process.terminate()


@pytest.mark.parametrize("page", _with_code(), ids=name_of)
def test_the_blocks_of_a_page_run(
    page: Path, server: ServerProcess, model_url: str, tmp_path: Path
) -> None:
    """A reader who types a page from top to bottom gets no error.

    The address of the manual stands for that of the server under test.
    """
    env = clean_env(
        {
            "ANTHROPIC_API_KEY": "test",
            "ANTHROPIC_BASE_URL": model_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": model_url,
            "AWS_SECRET_ACCESS_KEY": "test",
            "GEMINI_API_KEY": "test",
            "GOOGLE_GEMINI_BASE_URL": model_url,
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # Its price list is on the internet.
            "OPENAI_API_KEY": "test",
            "OPENAI_BASE_URL": f"{model_url}/v1",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "WEAVE_CORE_ENDPOINT": server.url,
            "WEAVE_CORE_HOME": str(tmp_path / "home"),
        }
    )
    for where, command in steps_of(page, server.url, tmp_path):
        done = subprocess.run(
            command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"{where}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, f"{where}\n{done.stderr}"


def test_every_block_is_one_that_we_know() -> None:
    """A block in a language that nothing runs, and that is not plain, would never be tested."""
    unknown = [
        f"{name_of(block.page)}:{block.line} {block.language}"
        for block in _blocks()
        if block.language not in PLAIN and not block.is_python and not block.is_shell
    ]
    assert unknown == []


def test_few_blocks_are_left_out() -> None:
    """What is not run needs a reason, and there are few of them; no Python among them."""
    left_out = [block for block in _blocks() if block.reason]

    assert not any(block.is_python for block in left_out)
    assert len(left_out) <= 12
    assert all(len(block.reason or "") > 10 for block in left_out)


def _blocks() -> list[Block]:
    return [block for page in PAGES for block in blocks_of(page)]


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", list(_generator().PAGES))
def test_a_page_made_from_the_code_is_current(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings, commands, filters, routes and limits in the manual are those of the code."""
    for variable in list(os.environ):
        if variable.startswith("WEAVE_CORE_"):
            monkeypatch.delenv(variable)
    written = (ROOT / "docs" / name).read_text(encoding="utf-8")

    assert _generator().PAGES[name]() == written, "run `make docs`"


def test_links_between_files_lead_somewhere() -> None:
    """Pages and images that are named exist."""
    broken = [
        f"{name_of(page)}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
        if not target.startswith(("http:", "https:")) and not (page.parent / target).exists()
    ]
    assert broken == []


def test_the_manual_builds_and_asks_no_other_host(tmp_path: Path) -> None:
    """`mkdocs build --strict` passes, and what it wrote loads nothing from elsewhere."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    command += ["--site-dir", str(tmp_path / "site")]
    done = subprocess.run(
        command, cwd=ROOT, env=clean_env(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr

    pages = list((tmp_path / "site").rglob("*.html"))
    loaded = {
        address
        for page in pages
        for address in re.findall(
            r"<(?:script|img|iframe|source|link rel=\"stylesheet\")[^>]+(?:src|href)=\"(https?://[^\"]+)",
            page.read_text(encoding="utf-8"),
        )
    }
    assert len(pages) >= 10
    assert loaded == set()
