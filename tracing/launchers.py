"""Where a program was started: what SageMaker, Vertex AI, Kubernetes, SLURM and others tell of it.

Read from environment variables by name, so that nothing else of the environment is ever kept.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

__all__ = ["find_launchers", "find_rank"]

_MAX_VALUE = 300
_RANKS = ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "LOCAL_RANK")
_NAMES: dict[str, dict[str, tuple[str, ...]]] = {
    "sagemaker": {
        "job": ("TRAINING_JOB_NAME", "SAGEMAKER_JOB_NAME"),
        "host": ("SM_CURRENT_HOST",),
        "instance_type": ("SM_CURRENT_INSTANCE_TYPE", "SM_RESOURCE_CONFIG_INSTANCE_TYPE"),
        "gpus": ("SM_NUM_GPUS",),
    },
    "vertex_ai": {
        "job": ("CLOUD_ML_JOB_ID",),
        "project": ("CLOUD_ML_PROJECT_ID",),
        "model_folder": ("AIP_MODEL_DIR",),
        "hyperparameter_trial": ("CLOUD_ML_TRIAL_ID",),
    },
    "kubeflow": {
        "run": ("KFP_RUN_ID", "KFP_RUN_NAME"),
        "pod": ("KFP_POD_NAME",),
        "workflow": ("ARGO_WORKFLOW_NAME", "WORKFLOW_ID"),
    },
    "kubernetes": {
        "service": ("KUBERNETES_SERVICE_HOST",),
        "pod": ("POD_NAME",),
        "namespace": ("POD_NAMESPACE",),
        "node": ("NODE_NAME",),
    },
    "slurm": {
        "job": ("SLURM_JOB_ID",),
        "name": ("SLURM_JOB_NAME",),
        "partition": ("SLURM_JOB_PARTITION",),
        "nodes": ("SLURM_JOB_NODELIST",),
        "array_task": ("SLURM_ARRAY_TASK_ID",),
        "tasks": ("SLURM_NTASKS",),
        "rank": ("SLURM_PROCID",),
    },
    "torchrun": {
        "job": ("TORCHELASTIC_RUN_ID",),
        "restarts": ("TORCHELASTIC_RESTART_COUNT",),
        "rank": ("RANK",),
        "local_rank": ("LOCAL_RANK",),
        "world_size": ("WORLD_SIZE",),
        "master": ("MASTER_ADDR",),
    },
    "mpi": {
        "rank": ("OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"),
        "local_rank": ("OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID"),
        "world_size": ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE"),
    },
}
"""What is told under which names; the first one that is set counts."""
_SIGNS = {"vertex_ai": ("job",), "kubernetes": ("service",), "torchrun": ("rank",)}
"""Where other programs set the rest of the names too."""


def find_launchers(
    env: Mapping[str, str] | None = None, root: Path = Path("/")
) -> dict[str, dict[str, str]]:
    """What is known of each of the platforms that this program runs on.

    Args:
        env: Default: this process's.
        root: The folder in which a container's marks are looked for.
    """
    env = os.environ if env is None else env
    found: dict[str, dict[str, str]] = {}
    for platform, names in _NAMES.items():
        told = {
            name: value[:_MAX_VALUE]
            for name, variables in names.items()
            if (value := next((env[each] for each in variables if env.get(each)), ""))
        }
        if told and any(sign in told for sign in _SIGNS.get(platform, names)):
            found[platform] = told
    if "kubernetes" in found:
        # In a pod the host's name is the pod's, unless the pod says another.
        found["kubernetes"].setdefault("pod", env.get("HOSTNAME", ""))
    if "sagemaker" in found and (told_job := _sagemaker_job(env)):
        found["sagemaker"].setdefault("job", told_job)
    if (root / ".dockerenv").exists() or (root / "run/.containerenv").exists():
        found["container"] = {"id": env.get("HOSTNAME", "")[:_MAX_VALUE]}
    return found


def find_rank(env: Mapping[str, str] | None = None) -> int | None:
    """The number of this process among those that were started together; None: it is alone."""
    env = os.environ if env is None else env
    texts = (env.get(name, "") for name in _RANKS)
    return next((int(text) for text in texts if text.isdecimal()), None)


def _sagemaker_job(env: Mapping[str, str]) -> str:
    """The job's name, which SageMaker tells as a part of another variable."""
    try:
        told = json.loads(env.get("SM_TRAINING_ENV", ""))
    except ValueError:
        return ""
    return str(told.get("job_name") or "")[:_MAX_VALUE] if isinstance(told, dict) else ""
