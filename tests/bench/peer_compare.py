#!/usr/bin/env python3
"""Tutti's programs and the peer (peer_pytorch.py) on the same music, side by side.

  peer_compare.py MUSIC --build DIR --exact --models rnn …   same features, split, weights and order of batches, no dropout:
                                                             losses must agree
  peer_compare.py MUSIC --build DIR --models rnn --seeds …   each with its own random numbers: curves and accuracies

MUSIC has a folder a class; DIR is the build folder. The features of both sides are compared in any case. --own-features
takes librosa's for the peer in --exact too: they are 2e-7 apart, which the recurrent models hardly notice, while a network
of convolutions and BatchNorm makes 1e-3 of the loss of it within three epochs (Adam's first steps have the sign of a
gradient, however small it is).
"""

import argparse
import dataclasses
import hashlib
import json
import math
import pathlib
import statistics
import subprocess
import sys
import tempfile

import numpy as np
import peer_pytorch
from safetensors import safe_open
from safetensors.torch import save_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "golden"))
import librosa_features  # noqa: E402
from comparison import Comparison, largest_difference, run_json  # noqa: E402

LOSS_BOUND = 1e-4  # relative
FEATURE_BOUND = 5e-7
EXACT_EPOCHS = 3
MOST_ERRORS_APART = 3.0
# Over so many seeds the seeds themselves say how far apart two sides may be.
ENOUGH_SEEDS = 10
MOST_PAIRED_ERRORS_APART = 2.0


def events_of(program, job):
    """Gives a runner one job and returns what it tells; its stdin stays open meanwhile, for its end means stop."""
    events = []
    with subprocess.Popen([str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as runner:
        print(json.dumps(job), file=runner.stdin, flush=True)
        for line in runner.stdout:
            if line.startswith('{"event"'):
                events.append(json.loads(line))
            if events and events[-1]["event"] in ("result", "error"):
                break
        runner.stdin.close()
    if not events or events[-1]["event"] != "result":
        sys.exit(f"{program.name}: {events[-1] if events else 'it ended without an event'}")
    return events


class Tutti:
    """tutti-preprocess and tutti-train by hand, over one set of tracks."""

    def __init__(self, build, tracks, classes, clip_seconds, folder):
        self.build, self.tracks, self.classes, self.folder = build, tracks, classes, folder
        self.spec = dict(librosa_features.DEFAULT, clip_seconds=clip_seconds)
        self.rows = [{"id": i, "path": path.name, "label": label, "audio": str(path), "row": i,
                      "content_hash": hashlib.sha256(path.read_bytes()).hexdigest()}
                     for i, (path, label) in enumerate(tracks)]
        events_of(build / "bin" / "tutti-preprocess", {
            "kind": "preprocess", "feature_spec": self.spec, "tracks": self.rows, "output_dir": str(folder)})
        self.shard = folder / "shard.safetensors"
        with safe_open(self.shard, "np") as shard:
            self.features = shard.get_tensor("mel")
            self.spec_hash = shard.metadata()["feature_spec_hash"]

    def split(self, options):
        case = {"kind": "stratified", "labels": [label for _, label in self.tracks], "seed": options.seed,
                "test": options.test, "validation": options.validation}
        return run_json(self.build / "tests" / "golden_split_probe", [case])[0]

    def orders(self, slices, options):
        case = {"slices": slices, "seed": options.seed, "epochs": options.epochs}
        return run_json(self.build / "tests" / "golden_order_probe", [case])[0]

    def train(self, split, options, weights=None):
        """(epochs, result) of tutti-train."""
        training = {name: getattr(options, name)
                    for name in ("epochs", "patience", "batch_size", "overlap", "learning_rate", "dropout")}
        config = {"model": options.model, "slice_seconds": options.slice_seconds, "seed": options.seed,
                  "training": training, "precision": options.precision, "keep_weights": "none"}
        with tempfile.TemporaryDirectory(dir=self.folder) as output:
            events = events_of(self.build / "bin" / "tutti-train", {
                "kind": "train", "config": config, "feature_spec": dict(self.spec, hash=self.spec_hash),
                "dataset": {"version": "by hand", "classes": self.classes}, "split": split,
                "tracks": [dict(row, shard=str(self.shard)) for row in self.rows], "weights": weights,
                "output_dir": output, "threads": options.threads, "device": "cpu"})
        return [event for event in events if event["event"] == "epoch"], events[-1]


def show_curves(ours, theirs, title):
    print(f"\n{title}\n  epoch   train loss: Tutti      PyTorch   apart   validation loss: Tutti    PyTorch   apart")
    for a, b in zip(ours, theirs):
        cells = []
        for key in ("train_loss", "val_loss"):
            cells.append(f"{a[key]:15.8f} {b[key]:12.8f} {abs(a[key] / b[key] - 1):8.1e}")
        print(f"  {a['epoch']:5d}   {'      '.join(cells)}")


def compare_exact(tutti, labels, features, options, comparison):
    split = peer_pytorch.split_of(labels, options)
    ours = tutti.split(options)
    comparison.equal("split", "positions", [ours["train"], ours["validation"], ours["test"]],
                     [part.tolist() for part in split])
    n = len(peer_pytorch.cut(features, split[0], labels, options)[0])
    frames = int(options.slice_seconds * librosa_features.RATE_HZ / librosa_features.DEFAULT["hop"])
    for precision in ("float64", "float32"):
        exact = dataclasses.replace(options, precision=precision, dropout=False, epochs=EXACT_EPOCHS,
                                    patience=EXACT_EPOCHS + 1)
        initial = {name: tensor.clone() for name, tensor in peer_pytorch.make_model(exact, frames).state_dict().items()}
        weights = tutti.folder / "initial.safetensors"
        save_file(initial, weights)
        curve = []
        theirs = peer_pytorch.run(features, labels, split, exact, initial, tutti.orders(n, exact), curve.append,
                                  fused_adam=precision == "float32")  # the kernel that ours calls
        epoch_events, result = tutti.train(ours, exact, str(weights))
        show_curves(epoch_events, curve, f"{options.model}, {precision}, without dropout, same weights and order")
        for a, b in zip(epoch_events, curve, strict=True):
            for key in ("train_loss", "val_loss"):
                comparison.check(f"{options.model} {precision} losses, relative", f"epoch {a['epoch']} {key}",
                                 abs(a[key] / b[key] - 1), LOSS_BOUND)
        metrics = result["metrics"]
        comparison.check(f"{options.model} {precision} losses, relative", "test loss",
                         abs(metrics["test_loss"] / theirs["test_loss"] - 1), LOSS_BOUND)
        if precision == "float64":
            for key in ("slice_accuracy", "song_accuracy", "f1_macro"):
                comparison.check(f"{options.model} {precision} scores", key, abs(metrics[key] - theirs[key]), 1e-12)


def standard_error(share, songs):
    """Of an accuracy over so many songs; a song's slices are too alike to count as more. Of no miss at all little can be
    said: as if a half were missed."""
    return math.sqrt(max(share * (1 - share), 0.25 / songs) / songs)


def run_both(tutti, labels, peer_features, options):
    """One seed; each side's scores, which have slice_accuracy, song_accuracy and seconds, and the number of test songs."""
    curve = []
    theirs = peer_pytorch.run(peer_features, labels, peer_pytorch.split_of(labels, options), options,
                              on_epoch=curve.append)
    epoch_events, result = tutti.train(tutti.split(options), options)
    show_curves(epoch_events, curve,
                f"{options.model}, {options.precision}, seed {options.seed}, each its own random numbers")
    seconds = result["timings"]["train_seconds"] + result["timings"]["test_seconds"]
    return dict(result["metrics"], seconds=seconds), theirs, theirs["songs"]


def compare_pairs(model, differences, comparison):
    """differences: Tutti's slice accuracy less PyTorch's, a seed each; both sides had the same split."""
    mean = statistics.mean(differences)
    error = statistics.stdev(differences) / math.sqrt(len(differences))
    each = " ".join(f"{difference:+.3f}" for difference in differences)
    print(f"  slice accuracy, Tutti less PyTorch, seed by seed: {each}")
    print(f"  paired difference {mean:+.4f} ± {error:.4f} (one standard error over {len(differences)} seeds)")
    if len(differences) >= ENOUGH_SEEDS:
        comparison.check(f"paired slice accuracy of {model}, in standard errors", "all seeds", abs(mean) / error,
                         MOST_PAIRED_ERRORS_APART)


def compare_runs(tutti, labels, peer_features, options, seeds, comparison):
    runs = [run_both(tutti, labels, peer_features, dataclasses.replace(options, seed=seed)) for seed in seeds]
    songs = sum(n for _, _, n in runs)
    print(f"\n{options.model}, {options.slice_seconds:g} s slices, seeds {', '.join(map(str, seeds))}, "
          f"{songs} test songs, threads {options.threads} (± one standard error)")
    for key in ("slice_accuracy", "song_accuracy"):
        ours, theirs = (sum(run[side][key] * run[2] for run in runs) / songs for side in (0, 1))
        errors = standard_error(ours, songs), standard_error(theirs, songs)
        name = key.replace("_", " ")
        print(f"  {name}: Tutti {ours:.3f} ± {errors[0]:.3f}, PyTorch {theirs:.3f} ± {errors[1]:.3f}")
        comparison.check(f"{name} of {options.model}, in standard errors", "all seeds",
                         abs(ours - theirs) / math.hypot(*errors), MOST_ERRORS_APART)
    if len(runs) > 1:
        compare_pairs(options.model, [run[0]["slice_accuracy"] - run[1]["slice_accuracy"] for run in runs], comparison)
    ours, theirs = (sum(run[side]["seconds"] for run in runs) for side in (0, 1))
    print(f"  training and test: Tutti {ours:.1f} s, PyTorch {theirs:.1f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("music", type=pathlib.Path)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("--own-features", action="store_true")
    parser.add_argument("--models", nargs="+", default=["rnn"], choices=list(peer_pytorch.torch_models.MODELS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[333])
    peer_pytorch.add_options(parser, without=("model", "seed"))
    arguments = vars(parser.parse_args())
    music, build, models, seeds = (arguments.pop(key) for key in ("music", "build", "models", "seeds"))
    exact, own_features = arguments.pop("exact"), arguments.pop("own_features")
    comparison = Comparison("torch", "librosa", "scikit-learn")
    classes, tracks = peer_pytorch.find_tracks(music)
    labels = np.array([label for _, label in tracks])
    with tempfile.TemporaryDirectory() as name:
        tutti = Tutti(build.resolve(), tracks, classes, arguments["clip_seconds"], pathlib.Path(name))
        peer_features = peer_pytorch.features_of(tracks, arguments["clip_seconds"])
        comparison.check("features", "all tracks", largest_difference(tutti.features, peer_features), FEATURE_BOUND)
        for model in models:
            options = peer_pytorch.Options(model=model, seed=seeds[0], **arguments)
            if exact:
                features = peer_features if own_features else tutti.features
                compare_exact(tutti, labels, features, options, comparison)
            else:
                compare_runs(tutti, labels, peer_features, options, seeds, comparison)
    print()
    comparison.end()


if __name__ == "__main__":
    main()
