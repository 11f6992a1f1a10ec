"""The local model server as a program of its own, and what it promises to callers."""

import re
import subprocess
import sys
from pathlib import Path

import httpx
import local_llm
import openai
import pytest

SERVER = Path(__file__).parents[2] / "examples" / "local_llm.py"


def test_it_runs_with_the_standard_library_alone_and_says_what_it_is() -> None:
    """`-I -S` hides every installed package; the first line tells the URL, and no model."""
    code = (
        f"import sys, runpy; sys.path.insert(0, {str(SERVER.parent)!r}); sys.argv[1:] = ['--fast']"
    )
    code += f"; runpy.run_path({str(SERVER)!r}, run_name='__main__')"
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", code], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert "scripted stand-in, no model" in line
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            assert found
            with openai.OpenAI(base_url=f"{found[0]}/v1", api_key="none") as client:
                answer = client.responses.create(model="gpt-4o", input="Which model are you?")
            assert "no model at all" in answer.output_text
        finally:
            process.kill()


def test_a_bad_request_is_told_what_is_wrong() -> None:
    """A stand-in that answers anything would hide mistakes."""
    with local_llm.serve() as url, httpx.Client(base_url=url) as client:
        for body in ("{", "[]", '{"messages": []}'):
            assert client.post("/v1/chat/completions", content=body).status_code == 400
        no_messages = client.post("/v1/chat/completions", json={"model": "gpt-4o"})
        assert (no_messages.status_code, "messages" in no_messages.text) == (400, True)
        assert client.post("/v1/images", json={"model": "x"}).status_code == 404


@pytest.mark.parametrize("size", [1, 30])
def test_a_limit_of_tokens_is_kept(size: int) -> None:
    """What was cut says `length`, as with a real provider."""
    with (
        local_llm.serve() as url,
        openai.OpenAI(base_url=f"{url}/v1", api_key="none") as client,
    ):
        answer = client.chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": "Hello"}], max_tokens=size
        )
    choice = answer.choices[0]
    assert choice.finish_reason == ("length" if size == 1 else "stop")
    assert choice.message.content
    assert len(choice.message.content.split()) <= size
