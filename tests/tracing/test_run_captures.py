"""What a run captures by itself: the machine's figures, and what it ran with."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from support.commands import clean_env
from support.servers import ServerProcess
from support.trainings import training

import weave_core
from weave_core import Client
from weave_core.errors import ConfigError
from weave_core.tracing.cgroups import cpu_limit, memory_limit_bytes, memory_used_bytes
from weave_core.tracing.launchers import find_launchers, find_rank

PROGRAM = """
import sys
import weave_core
from steps import losses

weave_core.init(sys.argv[1], sys.argv[2])
with weave_core.run(id="captured") as run:
    for loss in losses():
        run.log({"loss": loss})
assert weave_core.flush(20)
"""
STEPS = 'API_KEY = "sk-very-secret"\n\n\ndef losses():\n    return [3.0, 2.0, 1.0]\n'
COMPILER = next(filter(None, map(shutil.which, ("cc", "gcc", "clang", "tcc"))), None)


@pytest.fixture
def tracing(server: ServerProcess, project: str, tmp_path: Path) -> Iterator[None]:
    """Tracing as a training program has it."""
    with training(project, server.url, tmp_path / "home"):
        yield


def run_program(
    folder: Path, server: ServerProcess, project: str, *words: str, env: Mapping[str, str] = {}
) -> None:
    """Run a small training in a repository of its own."""
    folder.mkdir()
    (folder / "train.py").write_text(PROGRAM)
    (folder / "steps.py").write_text(STEPS)
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q", "-b", "trunk"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *command], check=True, timeout=30)
    (folder / "train.py").write_text(f"{PROGRAM}# changed\n")
    subprocess.run(
        [sys.executable, "train.py", project, server.url, *words],
        cwd=folder,
        env={**clean_env(), "WEAVE_CORE_HOME": str(folder / "home"), **env},
        check=True,
        timeout=60,
    )


def test_a_run_tells_what_it_ran_with(
    server: ServerProcess, client: Client, project: str, tmp_path: Path
) -> None:
    """Commit, changes, command, packages, machine, launcher and own code; secrets are left out."""
    env = {"SLURM_JOB_ID": "77", "SLURM_PROCID": "0", "DATABASE_PASSWORD": "hidden"}
    run_program(tmp_path / "p", server, project, "--hf-token", "t0p", "--lr=0.1", env=env)
    run = client.run("captured", project)
    found = run.environment
    files = {name: client.get_blob(digest) for name, digest in found["code"]["files"].items()}

    assert found["git"]["branch"] == "trunk"
    assert len(found["git"]["commit"]) == 40
    assert found["code"]["is_dirty"]
    assert b"+# changed" in client.get_blob(found["code"]["diff"])
    assert found["command"][-3:] == ["--hf-token", "[redacted]", "--lr=0.1"]
    assert any(each.startswith("pydantic==") for each in found["packages"])
    assert found["machine"]["memory_bytes"] > 0
    assert found["launchers"]["slurm"] == {"job": "77", "rank": "0"}
    assert "hidden" not in str(found)
    assert sorted(files) == ["steps.py", "train.py"]
    assert files["train.py"].decode() == f"{PROGRAM}# changed\n"
    assert b"sk-very-secret" not in files["steps.py"]
    assert b"def losses" in files["steps.py"]


@pytest.mark.usefixtures("tracing")
def test_the_machine_is_measured_beside_the_steps(client: Client) -> None:
    """Figures have times for steps, and no part in history, summary or the step to go on from."""
    with weave_core.run(id="measured") as run:
        run.log({"loss": 1.0}, step=3)
    stored = client.run(run.id)
    measured = stored.system().to_arrow().to_pydict()

    assert measured["system/cpu.percent"][0] >= 0
    assert measured["system/process.memory_rss_bytes"][0] > 1_000_000
    assert measured["system/memory.limit_bytes"][0] >= measured["system/memory.used_bytes"][0] > 0
    assert not any(name.startswith("system/gpu") for name in measured)
    began_ns, ended_ns = stored.info.started_ns, stored.info.ended_ns or 0
    times_ns = [each.value for each in measured["time"]]
    assert times_ns
    assert all(began_ns - 10**9 <= each <= ended_ns + 10**9 for each in times_ns)
    assert stored.history().to_arrow().to_pydict() == {"step": [3], "loss": [1.0]}
    assert stored.info.last_step == 3
    with weave_core.run(id="measured", rewind_to=2, capture=False) as again:
        assert again.step == 3
    assert set(stored.info.summary) <= {"loss"}
    assert len(stored.system()) == len(measured["time"])


@pytest.mark.usefixtures("tracing")
def test_nothing_is_captured_that_was_switched_off(client: Client) -> None:
    """By argument, by setting, and one by one; a word that is none is refused."""
    with weave_core.run(capture=False) as run:
        run.log({"loss": 1.0})
    with weave_core.run(capture=["environment"]) as some:
        some.log({"loss": 1.0})

    assert client.run(run.id).environment == {}
    assert client.run(run.id).keys("system/").items == []
    assert "code" not in client.run(some.id).environment
    assert client.run(some.id).environment["python"]
    assert client.run(some.id).keys("system/").items == []
    with pytest.raises(ConfigError, match="capture names 'gpu'"):
        weave_core.run(capture=["gpu"])


@pytest.mark.skipif(COMPILER is None, reason="no C compiler here: apt-get install tcc libc6-dev")
def test_gpus_are_measured_through_nvidias_library(
    server: ServerProcess, client: Client, project: str, tmp_path: Path
) -> None:
    """Each figure that a GPU knows, and what of it is this process's; the others are missing."""
    source = Path(__file__).parents[1] / "support" / "fake_nvml.c"
    library = tmp_path / "libnvidia-ml.so.1"
    command = [str(COMPILER), "-shared", "-fPIC", "-o", str(library), str(source)]
    subprocess.run(command, check=True, timeout=60)
    run_program(tmp_path / "p", server, project, env={"LD_LIBRARY_PATH": str(tmp_path)})
    run = client.run("captured", project)
    measured = run.system().to_arrow().to_pydict()
    found = {
        name.removeprefix("system/gpu."): column[0]
        for name, column in measured.items()
        if name.startswith("system/gpu.")
    }

    assert found == {
        "0.utilization_percent": 93,
        "0.memory_activity_percent": 41,
        "0.memory_used_bytes": 20_000,
        "0.memory_percent": 25,
        "0.power_w": 312.5,
        "0.temperature_c": 71,
        "0.sm_clock_mhz": 1410,
        "0.memory_clock_mhz": 1593,
        "0.process.memory_used_bytes": 12_345,
        "0.process.utilization_percent": 88,
        "1.memory_used_bytes": 250,
        "1.memory_percent": 25,
        "1.temperature_c": 40,
        "1.sm_clock_mhz": 1410,
        "1.memory_clock_mhz": 1593,
    }
    assert [gpu["name"] for gpu in run.environment["machine"]["gpus"]] == [
        "NVIDIA Large",
        "NVIDIA Small",
    ]


@pytest.mark.parametrize("version", [1, 2])
def test_a_container_has_the_limits_of_its_control_group(tmp_path: Path, version: int) -> None:
    """The least limit of a group and those around it; the file cache is no use of memory."""
    top = tmp_path / "sys/fs/cgroup"
    files = {
        1: {
            "proc/self/cgroup": "5:cpu,cpuacct:/a/b\n4:memory:/a/b\n",
            "sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": "9223372036854771712\n",
            "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "4096\n",
            "sys/fs/cgroup/memory/a/b/memory.usage_in_bytes": "3000\n",
            "sys/fs/cgroup/memory/a/b/memory.stat": "cache 1500\ntotal_inactive_file 1000\n",
            "sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us": "150000\n",
            "sys/fs/cgroup/cpu/a/b/cpu.cfs_period_us": "100000\n",
        },
        2: {
            "proc/self/cgroup": "0::/a/b\n",
            "sys/fs/cgroup/a/b/memory.max": "max\n",
            "sys/fs/cgroup/a/memory.max": "4096\n",
            "sys/fs/cgroup/a/b/memory.current": "3000\n",
            "sys/fs/cgroup/a/b/memory.stat": "anon 900\ninactive_file 1000\n",
            "sys/fs/cgroup/a/b/cpu.max": "150000 100000\n",
        },
    }[version]
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    assert memory_limit_bytes(tmp_path) == 4096
    assert memory_used_bytes(tmp_path) == 2000
    assert cpu_limit(tmp_path) == 1.5
    assert memory_limit_bytes(top) is None


def test_platforms_are_told_from_their_variables(tmp_path: Path) -> None:
    """Each by the names that it sets itself, and nothing that has another name."""
    env = {
        "SM_CURRENT_HOST": "algo-1",
        "SM_TRAINING_ENV": '{"job_name": "job-7"}',
        "CLOUD_ML_JOB_ID": "123",
        "KFP_RUN_ID": "r1",
        "KUBERNETES_SERVICE_HOST": "10.0.0.1",
        "HOSTNAME": "pod-5",
        "RANK": "3",
        "WORLD_SIZE": "8",
        "MY_PASSWORD": "hidden",
    }
    (tmp_path / ".dockerenv").touch()
    found = find_launchers(env, tmp_path)

    assert found["sagemaker"] == {"host": "algo-1", "job": "job-7"}
    assert found["vertex_ai"] == {"job": "123"}
    assert found["kubeflow"] == {"run": "r1"}
    assert found["kubernetes"] == {"service": "10.0.0.1", "pod": "pod-5"}
    assert found["torchrun"] == {"rank": "3", "world_size": "8"}
    assert found["container"] == {"id": "pod-5"}
    assert "hidden" not in str(found)
    assert (find_rank(env), find_rank({"LOCAL_RANK": "2"}), find_rank({})) == (3, 2, None)
    assert find_launchers({"WORLD_SIZE": "1", "POD_NAME": "x"}, tmp_path / "none") == {}
