#!/usr/bin/env python3
"""Training on a GPU: tutti-train beside the study's loop in PyTorch on the same one. Needs Python with PyTorch and numpy.

gpu-step is a step of crnn2d at slices of 1 s; gpu-grid is the study's grid at GTZAN's size, EPOCHS epochs of each cell,
extrapolated to the epochs that the study's cells took and to its three seeds.
"""

import argparse
import dataclasses
import datetime
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy as np
from measure import HEAD, KEEP_FREED_MEMORY, Failed, Row, commit, faster, line, median, python

MODELS, SLICES, SEEDS = ["cnn", "crnn2d", "crnn1d", "rnn"], [1, 3, 5, 10], 3
# The study's second table; it does not tell those of the other two models, which count as these do on average.
STUDY_EPOCHS = {("cnn", 1): 106, ("cnn", 3): 82, ("cnn", 5): 84, ("cnn", 10): 133, ("crnn2d", 1): 48, ("crnn2d", 3): 43,
                ("crnn2d", 5): 68, ("crnn2d", 10): 66}
OTHER_EPOCHS = round(sum(STUDY_EPOCHS.values()) / len(STUDY_EPOCHS))
TRACKS, TRAIN, VALIDATION = 1_000, 810, 90
EPOCHS = 2
PEERS = {"PyTorch": {}, "PyTorch, allocator set as ours": KEEP_FREED_MEMORY}
RATE_HZ, HOP, MELS, CLIP_SECONDS = 22_050, 512, 128, 30
SPEC = {"clip_seconds": CLIP_SECONDS, "sample_rate_hz": RATE_HZ, "n_fft": 2048, "hop": HOP, "n_mels": MELS}


@dataclasses.dataclass(frozen=True)
class Ground:
    trainer: str
    folder: pathlib.Path
    device: str
    tracks: int
    train: int
    validation: int

    @property
    def shard(self):
        return self.folder / "shard.safetensors"

    @property
    def features(self):
        return self.folder / "features.npy"


def hashes(count):
    return [f"{i:064x}" for i in range(count)]


def write_features(ground):
    """The same numbers for both sides: a shard as tutti-preprocess makes it, and numpy's own format."""
    frames = 1 + CLIP_SECONDS * RATE_HZ // HOP
    values = np.random.default_rng(7).random((ground.tracks, MELS, frames), dtype=np.float32)
    np.save(ground.features, values)
    header = json.dumps({"__metadata__": {"feature_spec_hash": "of the benchmark",
                                          "content_hashes": json.dumps(hashes(ground.tracks))},
                         "mel": {"dtype": "F32", "shape": list(values.shape), "data_offsets": [0, values.nbytes]}})
    header += " " * (-len(header) % 8)
    with ground.shard.open("wb") as shard:
        shard.write(struct.pack("<Q", len(header)) + header.encode())
        values.tofile(shard)


def ours(ground, model, slice_seconds, epochs, precision):
    tracks = [{"id": i, "path": f"{i}.wav", "label": i % 10, "content_hash": name, "shard": str(ground.shard), "row": i}
              for i, name in enumerate(hashes(ground.tracks))]
    ids = list(range(ground.tracks))
    first_test = ground.train + ground.validation
    job = {"kind": "train", "job": "bench", "attempt": 1, "output_dir": str(ground.folder), "threads": 1,
           "device": ground.device, "feature_spec": SPEC | {"hash": "of the benchmark"},
           "config": {"model": model, "slice_seconds": slice_seconds, "seed": 333, "keep_weights": "none",
                      "precision": precision, "training": {"epochs": epochs, "patience": epochs}},
           "dataset": {"version": "bench", "classes": [str(i) for i in range(10)]}, "tracks": tracks,
           "split": {"train": ids[:ground.train], "validation": ids[ground.train:first_test], "test": ids[first_test:]}}
    path = ground.folder / "job.json"
    path.write_text(json.dumps(job), encoding="utf-8")
    done = subprocess.run([ground.trainer, "one", str(path)], capture_output=True, text=True, check=False)
    events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"event"')]
    if done.returncode != 0 or not events or events[-1]["event"] != "result":
        raise Failed(f"tutti-train ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return [event["seconds"] for event in events if event["event"] == "epoch"]


def study(ground, model, slice_seconds, epochs, env):
    frames = int(slice_seconds * RATE_HZ / HOP)
    return python("gpu_peer.py", ground.features, "--model", model, "--frames", frames, "--stride", frames // 2, "--epochs",
                  epochs, "--train", ground.train, "--validation", ground.validation, "--device", ground.device, env=env)


def gpu_step(ground, rounds, precision):
    mine, theirs = [], {name: [] for name in PEERS}
    for _ in range(rounds):
        for name, env in PEERS.items():
            told = study(ground, "crnn2d", 1, 3, env)
            theirs[name].append(1000 * median(told["seconds"][1:]) / told["steps"])
        # The first epoch captures the graphs.
        mine.append(1000 * median(ours(ground, "crnn2d", 1, 3, precision)[1:]) / told["steps"])
    return faster("gpu-step", mine, theirs, 5.0, "ms",
                  f"crnn2d, slices of 1 s, batch 16, {precision}; an epoch with its validation over its steps")


def gpu_grid(ground, precision):
    """Hours of the whole study from EPOCHS epochs of each cell: the first one's surplus counts once a run."""
    sums = dict.fromkeys(["ours", *PEERS], 0.0)
    for model in MODELS:
        for slice_seconds in SLICES:
            epochs = STUDY_EPOCHS.get((model, slice_seconds), OTHER_EPOCHS)
            seconds = {"ours": ours(ground, model, slice_seconds, EPOCHS, precision)}
            for name, env in PEERS.items():
                seconds[name] = study(ground, model, slice_seconds, EPOCHS, env)["seconds"]
            for side, (first, *_, last) in seconds.items():
                sums[side] += SEEDS * (first + (epochs - 1) * last)
            print(f"{model} {slice_seconds} s: so far {sums}", file=sys.stderr, flush=True)
    minutes = {side: [seconds / 60] for side, seconds in sums.items()}
    return faster("gpu-grid", minutes.pop("ours"), minutes, 5.0, "min",
                  f"48 runs one after another, extrapolated from {EPOCHS} epochs of each of 16 cells by the study's epochs, "
                  f"{precision}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trainer", required=True, help="the tutti-train to measure")
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--precision", default="float32", choices=["float32", "tf32", "bf16"])
    parser.add_argument("--rounds", type=int, default=3, help="paired runs of gpu-step")
    parser.add_argument("--only", choices=["gpu-step", "gpu-grid"])
    parser.add_argument("--tracks", type=int, default=TRACKS, help="fewer for a trial")
    parser.add_argument("--results", type=pathlib.Path, help="a Markdown file to append the table to")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tutti-bench-") as scratch:
        train = arguments.tracks * TRAIN // TRACKS
        ground = Ground(arguments.trainer, pathlib.Path(scratch), arguments.device, arguments.tracks, train,
                        arguments.tracks * VALIDATION // TRACKS)
        write_features(ground)
        rows = []
        if arguments.only != "gpu-grid":
            rows.append(gpu_step(ground, arguments.rounds, arguments.precision))
        if arguments.only != "gpu-step":
            rows.append(gpu_grid(ground, arguments.precision))
    report(rows, arguments)


def gpu_name(device):
    import torch  # here, so that --help needs nothing
    if not device.startswith("cuda"):
        return "processor"
    return f"{torch.cuda.get_device_name(device)}, PyTorch {torch.__version__}"


def report(rows: list[Row], arguments):
    told = f"{gpu_name(arguments.device)}; commit {commit()}; {datetime.date.today()}; {arguments.tracks} tracks"
    lines = [line(HEAD), line(["---"] * len(HEAD)), *(row.line() for row in rows)]
    text = f"{told}\n\n" + "\n".join(lines) + "\n"
    print(text)
    if arguments.results:
        with arguments.results.open("a", encoding="utf-8") as results:
            results.write(f"\n## tests/bench/gpu.sh\n\n{text}")
    if any(row.met is False for row in rows):
        sys.exit("bench: a goal is not met")


if __name__ == "__main__":
    main()
