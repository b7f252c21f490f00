"""Training on the CPU: milliseconds a step of batch 16, tutti-train against the study's loop in PyTorch of the same wheel.

Both train the same real job: an epoch's seconds, its small validation included, over its steps.
"""

import dataclasses
import json
import subprocess

from measure import KEEP_FREED_MEMORY, faster, median, python

BATCH = 16
VALIDATION = 10  # tracks; a class each
EPOCHS, QUICK_EPOCHS = 4, 3  # the first warms up
RATE_HZ, HOP = 22050, 512


@dataclasses.dataclass(frozen=True)
class Case:
    model: str
    slice_seconds: int
    steps: int
    goal: float

    @property
    def name(self):
        return f"step-{self.model} {self.slice_seconds} s"


# T = 43 and 215 frames.
CASES = [Case("crnn2d", 1, 8, 1.2), Case("crnn2d", 5, 3, 1.5), Case("cnn", 1, 8, 1.2), Case("cnn", 5, 3, 1.5),
         Case("crnn1d", 1, 120, 1.3), Case("crnn1d", 5, 40, 1.3), Case("rnn", 1, 120, 1.5), Case("rnn", 5, 60, 5.0)]


def write_shard(case, spec, path):
    import numpy as np  # here, so that the rows are known where nothing is installed
    from safetensors.numpy import save_file
    tracks = case.steps * BATCH + 2 * VALIDATION
    frames = 1 + spec["clip_seconds"] * RATE_HZ // HOP
    values = np.random.default_rng(7).random((tracks, spec["n_mels"], frames), dtype=np.float32)
    hashes = [f"{i:064x}" for i in range(tracks)]
    save_file({"mel": values}, path, {"feature_spec_hash": "of the benchmark", "content_hashes": json.dumps(hashes)})
    return hashes


def make_job(case, folder, threads, epochs):
    spec = {"clip_seconds": case.slice_seconds, "sample_rate_hz": RATE_HZ, "n_fft": 2048, "hop": HOP, "n_mels": 128}
    shard = folder / "shard.safetensors"
    hashes = write_shard(case, spec, shard)
    ids = list(range(len(hashes)))
    n = case.steps * BATCH
    tracks = [{"id": i, "path": f"{i}.wav", "label": i % 10, "content_hash": hashes[i], "shard": str(shard), "row": i}
              for i in ids]
    return {"kind": "train", "job": "bench", "attempt": 1, "output_dir": str(folder), "threads": threads, "device": "cpu",
            "config": {"model": case.model, "slice_seconds": case.slice_seconds, "seed": 333, "keep_weights": "none",
                       "training": {"epochs": epochs, "patience": epochs + 1, "batch_size": BATCH, "overlap": 0.0,
                                    "learning_rate": 0.001}},
            "feature_spec": spec | {"hash": "of the benchmark"},
            "dataset": {"version": "bench", "classes": [str(i) for i in range(10)]}, "tracks": tracks,
            "split": {"train": ids[:n], "validation": ids[n:n + VALIDATION], "test": ids[n + VALIDATION:]}}


def tutti_epochs(setting, job):
    path = setting.scratch / "job.json"
    path.write_text(json.dumps(job))
    done = subprocess.run([setting.binary("tutti-train"), "one", str(path)], capture_output=True, text=True, check=True)
    events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"event"')]
    return [event["seconds"] for event in events if event["event"] == "epoch"]


def measure_case(setting, case, threads):
    epochs = QUICK_EPOCHS if setting.quick else EPOCHS
    job = make_job(case, setting.scratch, threads, epochs)
    shard = setting.scratch / "shard.safetensors"
    ours, peers = [], {"PyTorch": [], "PyTorch, allocator set as ours": []}
    for _ in range(setting.rounds):
        ours.append(1000 * median(tutti_epochs(setting, job)[1:]) / case.steps)
        for name, env in (("PyTorch", {}), ("PyTorch, allocator set as ours", KEEP_FREED_MEMORY)):
            told = python("step_peer.py", shard, "--model", case.model, "--epochs", epochs, "--threads", threads,
                          "--train", case.steps * BATCH, env=env)
            peers[name].append(1000 * median(told["seconds"][1:]) / case.steps)
    return faster(case.name, ours, peers, case.goal, "ms", f"batch {BATCH}, {threads} threads")


def rows(setting, model, threads=2):
    for case in CASES:
        if case.model == model:
            yield measure_case(setting, case, threads)
