"""What a program ran with, told once per process."""

import platform
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.receivers import Receiver, start_receiver

Run = Callable[..., "subprocess.CompletedProcess[str]"]

PROGRAM = """
import sys, time
import openai
import weave_core
weave_core.init("p", sys.argv[1])
with weave_core.span("first"):
    pass
weave_core.flush(10)
deadline = time.monotonic() + 10
from weave_core.tracing import lifecycle
encoder = lifecycle._state.tracing._exporter._encoder
while sys.argv[2:] and "weave_core.vcs.dirty" not in encoder._process:
    assert time.monotonic() < deadline
    time.sleep(0.02)
with weave_core.span("last"):
    pass
"""


def _said(receiver: Receiver, name: str) -> dict[str, Any]:
    for request in receiver.requests:
        for group in request.resource_spans:
            if group.scope_spans[0].spans[0].name == name:
                return {pair.key: pair.value for pair in group.resource.attributes}
    raise AssertionError(f"no span {name}")


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words]
    return subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_commit_libraries_and_host_are_told(run_program: Run, tmp_path: Path) -> None:
    """A page can say with which code and versions a trace was made; no password goes along."""
    (tmp_path / "code.py").write_text("a = 1\n")
    _git(tmp_path, "init", "-q", "-b", "trunk")
    _git(tmp_path, "add", "code.py")
    _git(tmp_path, "commit", "-qm", "first")
    _git(tmp_path, "remote", "add", "origin", "https://ann:hidden@git.example/shop.git")
    (tmp_path / "code.py").write_text("a = 2\n")
    with start_receiver() as receiver:
        run_program(PROGRAM, receiver.url, "waits")
    said = _said(receiver, "first")
    assert said["vcs.ref.head.revision"].string_value == _git(tmp_path, "rev-parse", "HEAD")
    assert said["vcs.ref.head.name"].string_value == "trunk"
    assert said["vcs.repository.url.full"].string_value == "https://git.example/shop.git"
    assert said["process.runtime.version"].string_value == platform.python_version()
    assert said["host.name"].string_value == platform.node()
    libraries = [value.string_value for value in said["weave_core.libraries"].array_value.values]
    assert any(name.startswith("openai==") for name in libraries)
    assert not any(name.startswith("torch==") for name in libraries)
    assert _said(receiver, "last")["weave_core.vcs.dirty"].bool_value is True


def test_a_worktree_has_its_own_commit(run_program: Run, tmp_path: Path) -> None:
    """Several trainings of one repository run so; what was changed is told too."""
    main = tmp_path / "main"
    main.mkdir()
    (main / "code.py").write_text("a = 1\n")
    _git(main, "init", "-q", "-b", "trunk")
    _git(main, "add", "code.py")
    _git(main, "commit", "-qm", "first")
    _git(main, "remote", "add", "origin", "https://git.example/shop.git")
    for branch, follows in (("tried", None), ("packed", "pack-refs")):
        _git(main, "worktree", "add", "-q", "-b", branch, f"../{branch}")
        tree = tmp_path / branch
        (tree / "code.py").write_text(f"a = {branch!r}\n")
        _git(tree, "commit", "-qam", branch)
        if follows:
            _git(main, follows, "--all")
        (tree / "code.py").write_text("a = 3\n")
        with start_receiver() as receiver:
            run_program(PROGRAM, receiver.url, "waits", folder=tree)
        said = _said(receiver, "last")
        assert said["vcs.ref.head.revision"].string_value == _git(tree, "rev-parse", "HEAD")
        assert said["vcs.ref.head.name"].string_value == branch
        assert said["vcs.repository.url.full"].string_value == "https://git.example/shop.git"
        assert said["weave_core.vcs.dirty"].bool_value is True


def test_a_program_outside_of_git_says_the_rest(run_program: Run) -> None:
    """No repository is no failure."""
    with start_receiver() as receiver:
        run_program(PROGRAM, receiver.url)
    said = _said(receiver, "last")
    assert "host.name" in said
    assert "vcs.ref.head.revision" not in said


def test_it_can_be_switched_off(run_program: Run) -> None:
    """Some hosts' names are nobody's business."""
    with start_receiver() as receiver:
        run_program(PROGRAM, receiver.url, WEAVE_CORE_RECORD_ENVIRONMENT="0")
    said = _said(receiver, "last")
    assert "host.name" not in said
    assert said["weave_core.project"].string_value == "p"
