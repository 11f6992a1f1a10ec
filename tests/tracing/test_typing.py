"""`@op` keeps the signature for editors and type checkers."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("typed_program.py")


def test_pyright_keeps_every_signature(tmp_path: Path) -> None:
    """Right calls pass with their exact types, and each wrong call is refused on its line."""
    source = PROGRAM.read_text(encoding="utf-8")
    # Pyright would take the notes for mypy as "be silent here".
    copy = tmp_path / "program.py"
    copy.write_text(
        "\n".join(line.partition("  # type: ignore")[0] for line in source.splitlines()),
        encoding="utf-8",
    )

    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pyright",
            "--outputjson",
            "--pythonpath",
            sys.executable,
            str(copy),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=120,
    )

    found = json.loads(done.stdout)["generalDiagnostics"]
    lines = {error["range"]["start"]["line"] + 1 for error in found if error["severity"] == "error"}
    expected = {
        number
        for number, line in enumerate(source.splitlines(), start=1)
        if line.endswith("# refused")
    }
    assert lines == expected, found
