"""A sweep exported for TensorBoard, read back by TensorBoard's own reader: tensorboard_test.py BIN TOOLS"""

import json
import pathlib
import subprocess
import sys
import tempfile

from tensorboard.backend.event_processing import event_accumulator
from tensorboard.plugins.hparams import plugin_data_pb2

BIN, TOOLS = map(pathlib.Path, sys.argv[1:])
SWEEP = """name: tiny
dataset: tiny
grid: {model: [rnn], slice_seconds: [1], seed: [333, 123]}
training: {epochs: 3, patience: 3, batch_size: 4, learning_rate: 0.002}
features: {clip_seconds: 2}
split: {kind: stratified, test: 0.25, validation: 0.25}
"""


def tutti(folder, *arguments):
    done = subprocess.run([BIN / "tutti", *arguments, "--dir", folder / "state"], check=True, stdout=subprocess.PIPE)
    return done.stdout


def hyperparameters(reader):
    data = reader.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    message = plugin_data_pb2.HParamsPluginData.FromString(data)
    return dict(message.session_start_info.hparams)


def check_run(run, events):
    reader = event_accumulator.EventAccumulator(str(events.parent))
    reader.Reload()
    for tag, key in [("loss/train", "train_loss"), ("loss/validation", "val_loss"), ("accuracy/train", "train_accuracy"),
                     ("accuracy/validation", "val_accuracy")]:
        got = [(point.step, point.value) for point in reader.Scalars(tag)]
        expected = [(epoch["epoch"], epoch[key]) for epoch in run["epochs"]]
        assert len(got) == len(expected) == 3, (tag, got)
        for (step, value), (epoch, number) in zip(got, expected):
            assert step == epoch and abs(value - number) <= 1e-6 * max(1, abs(number)), (tag, got, expected)
    for name, number in run["metrics"].items():
        value = reader.Scalars(f"test/{name}")[0].value
        assert abs(value - number) <= 1e-6 * max(1, abs(number)), (name, value, number)
    values = hyperparameters(reader)
    assert values["model"].string_value == "rnn"
    assert values["seed"].number_value == run["config"]["seed"]
    assert values["training.learning_rate"].number_value == 0.002
    assert values["deterministic"].bool_value is False


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([TOOLS / "tiny-music", folder / "music"], check=True)
        (folder / "sweep.yaml").write_text(SWEEP, encoding="utf-8")
        tutti(folder, "local", folder / "sweep.yaml", "--dataset", folder / "music", "--quiet")
        tutti(folder, "export", "tiny", folder / "logs", "--format", "tensorboard")
        jobs = [job for job in json.loads(tutti(folder, "jobs", "tiny", "--json")) if job["kind"] == "train"]
        files = sorted((folder / "logs").rglob("events.out.tfevents.*"))
        assert len(files) == len(jobs) == 2, files
        for job in jobs:
            run = json.loads(tutti(folder, "show", str(job["id"]), "--json"))
            [events] = [one for one in files if f"seed_{run['config']['seed']}" in one.parts]
            check_run(run, events)
    print(f"{len(jobs)} runs: curves, scores and hyperparameters as stored")


if __name__ == "__main__":
    main()
