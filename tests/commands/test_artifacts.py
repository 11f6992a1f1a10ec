"""`weave-core artifact` as a user types it."""

import json
from pathlib import Path

from support.commands import run_command
from support.servers import ServerProcess


def test_a_folder_is_put_listed_brought_back_and_taken_away(
    server: ServerProcess, project: str, tmp_path: Path
) -> None:
    """Each command prints what a person wants to know, and JSON; a wrong one says why."""
    env = {"WEAVE_CORE_ENDPOINT": server.url, "WEAVE_CORE_PROJECT": project}
    env["WEAVE_CORE_HOME"] = str(tmp_path / "home")
    data = tmp_path / "data"
    (data / "in").mkdir(parents=True)
    (data / "in" / "a.txt").write_text("hello")

    def artifact(*words: str) -> str:
        return run_command("artifact", *words, env=env).stdout

    made = artifact("put", str(data), "digits", "-a", "clean", "--metadata", '{"n": 1}')
    assert made.startswith("digits:v0: 1 files, 5 B, ")
    assert "clean, latest" in artifact("ls")
    assert "in/" in artifact("ls", "digits:v0")
    told = json.loads(artifact("info", "digits:clean", "--json"))
    assert (told["metadata"], told["file_count"]) == ({"n": 1}, 1)
    out = tmp_path / "out"
    assert artifact("get", "digits", "-o", str(out)) == f"{out}\n"
    assert artifact("verify", "digits", str(out)).startswith("1 files are those of digits:v0")
    (out / "extra").write_text("")
    wrong = run_command("artifact", "verify", "digits", str(out), env=env)
    assert (wrong.returncode, "is not part of the artifact" in wrong.stderr) == (1, True)
    held = run_command("artifact", "rm", "digits:v0", env=env)
    assert (held.returncode, "has aliases: clean" in held.stderr) == (1, True)

    def registry(*words: str) -> str:
        return run_command("registry", *words, env=env).stdout

    name = f"reader-{project}"
    added = registry("add", name, "digits:clean", "-a", "production", "--by", "ann")
    assert added == f"{name}:v0 (production, latest) is {project}/digits:v0\n"
    held = run_command("artifact", "rm", "digits:v0", "--delete-aliases", env=env)
    assert (held.returncode, f"weave-core registry remove {name}:v0" in held.stderr) == (1, True)
    assert f"{project}/digits:v0" in registry("show", f"{name}:production")
    assert artifact("get", f"registry/{name}:production", "-o", str(out)) == f"{out}\n"
    assert registry("move", name, "staging", "v0", "-m", "try").startswith(f"{name}:v0 (")
    assert "try" in registry("history", name)
    assert name in registry("list")
    for alias in ("production", "staging"):
        registry("remove", f"{name}:{alias}")
    assert registry("remove", f"{name}:v0") == f"{name}:v0 is taken away\n"
    assert artifact("rm", "digits:v0", "--delete-aliases") == "digits:v0 is deleted\n"
