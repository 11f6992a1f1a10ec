"""TensorFlow's Keras and what `tf.summary` writes; in a program of its own, for its backend."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.servers import ServerProcess
from support.trainings import points

from weave_core import Client

PROGRAM = """
import numpy as np
import tensorflow as tf

import weave_core
from weave_core.integrations.keras import WeaveCallback
from weave_core.integrations.tensorboard import patch

assert tf.keras.backend.backend() == "tensorflow"
X = np.random.default_rng(1).normal(size=(16, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)
model = tf.keras.Sequential([tf.keras.layers.Input((3,)), tf.keras.layers.Dense(1)])
model.compile(tf.keras.optimizers.SGD(0.05), loss="mse")
with weave_core.run(id="tf"), patch():
    board = tf.keras.callbacks.TensorBoard("board", histogram_freq=1)
    options = {"epochs": 2, "verbose": 0, "validation_data": (X, Y)}
    history = model.fit(X, Y, callbacks=[WeaveCallback(), board], **options).history
    with tf.summary.create_file_writer("own").as_default():
        tf.summary.scalar("lr", 0.05, step=1)
        tf.summary.image("pictures", np.zeros((2, 4, 6, 3), dtype="uint8"), step=1)
        tf.summary.text("notes", "went well", step=1)
print("losses", *history["loss"])
"""


@pytest.mark.timeout(600)  # TensorFlow takes its time to be imported.
def test_tf_keras_is_a_run_and_so_is_what_it_summarizes(
    server: ServerProcess, client: Client, project: str, tmp_path: Path
) -> None:
    """Epochs by the callback, train and validation by Keras' TensorBoard, media by `tf.summary`."""
    told = {"KERAS_BACKEND": "tensorflow", "WEAVE_CORE_HOME": str(tmp_path / "home")}
    told |= {"WEAVE_CORE_ENDPOINT": server.url, "WEAVE_CORE_PROJECT": project}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, **told, "TF_CPP_MIN_LOG_LEVEL": "3"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    losses = [float(each) for each in done.stdout.split("losses")[1].split()]
    found = points(client, project, "tf")
    assert list(found["loss"].values()) == losses
    assert list(found["train/epoch_loss"].values()) == pytest.approx(losses)
    assert set(found["validation/epoch_loss"]) == {0, 1}
    assert found["own/lr"][1] == pytest.approx(0.05)
    stored = client.run("tf", project)
    shown = {key: list(stored.media(key)) for key in stored.media_keys}
    assert [each.kind for each in shown["own/pictures"]] == ["image", "image"]
    assert shown["own/notes"][0].read() == b"went well"
    assert any(each[0].kind == "histogram" for each in shown.values())
    assert stored.info.problems == {}
