#!/usr/bin/env python3
"""One run of the study in plain Python, with its faults mended (protocol `correct`): librosa for the features,
scikit-learn for split and scores, PyTorch for the rest. What Tutti is measured against; knows nothing of Tutti.

  peer_pytorch.py MUSIC --model rnn --slice-seconds 1 --seed 333 [--epochs 30 …]

MUSIC has a folder a class. One JSON line an epoch, then one with the scores. By hand or from peer_compare.py.
"""

import argparse
import copy
import dataclasses
import json
import pathlib
import sys
import time

import numpy as np
import torch
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "golden"))
import librosa_features  # noqa: E402
import torch_models  # noqa: E402
from study_loop import evaluate, train_epoch  # noqa: E402

ENDINGS = {".wav", ".flac", ".ogg", ".mp3", ".au"}


@dataclasses.dataclass(frozen=True)
class Options:
    model: str = "rnn"
    slice_seconds: float = 1.0
    seed: int = 333
    epochs: int = 300
    patience: int = 10
    batch_size: int = 16
    overlap: float = 0.5
    learning_rate: float = 0.001
    clip_seconds: float = 30.0
    test: float = 0.1  # share of all
    validation: float = 0.1  # share of what the test part leaves
    threads: int = 1
    precision: str = "float32"
    dropout: bool = True


def find_tracks(music):
    """Classes sorted by name, then tracks by path; a label is its class's position."""
    classes = sorted(folder.name for folder in music.iterdir() if folder.is_dir())
    tracks = [(path, label) for label, name in enumerate(classes)
              for path in sorted((music / name).iterdir()) if path.suffix in ENDINGS and not path.name.startswith(".")]
    return classes, tracks


def split_of(labels, options):
    """(train, validation, test) as positions: the test part first, then validation out of the rest, one seed for both."""
    everything = np.arange(len(labels))
    rest, test = train_test_split(everything, test_size=options.test, stratify=labels, random_state=options.seed)
    train, validation = train_test_split(rest, test_size=options.validation, stratify=labels[rest],
                                         random_state=options.seed)
    return train, validation, test


def cut(features, tracks, labels, options):
    """All full slices of these tracks, track by track: (slices [n, 1, mels, frames], labels [n], slices a track)."""
    rate, hop = librosa_features.RATE_HZ, librosa_features.DEFAULT["hop"]
    frames = int(options.slice_seconds * rate / hop)
    stride = int(frames * (1 - options.overlap))
    starts = range(0, features.shape[2] - frames + 1, stride)
    slices = np.stack([features[track, :, start:start + frames] for track in tracks for start in starts])
    slice_labels = np.repeat(labels[tracks], len(starts))
    return (torch.from_numpy(slices).unsqueeze(1).to(getattr(torch, options.precision)),
            torch.from_numpy(slice_labels), len(starts))


def vote(slice_classes, per_track, classes):
    """The class that most slices of a song have; the smallest of several."""
    return np.array([np.bincount(song, minlength=classes).argmax() for song in slice_classes.reshape(-1, per_track)])


def make_model(options, frames):
    torch.manual_seed(options.seed)
    return torch_models.MODELS[options.model](frames, options.dropout).to(getattr(torch, options.precision))


def run(features, labels, split, options, weights=None, orders=None, on_epoch=lambda point: None, fused_adam=False):
    """Trains and tests. weights: a state_dict to start from; orders: of each epoch, positions among the train slices;
    fused_adam: PyTorch's one kernel for all weights, which rounds otherwise than its default.
    Returns the scores with the best epoch's weights."""
    torch.set_num_threads(options.threads)
    train, validation, test = (cut(features, tracks, labels, options) for tracks in split)
    model = make_model(options, train[0].shape[3])
    if weights:
        model.load_state_dict(weights)
    optimiser = torch.optim.Adam(model.parameters(), lr=options.learning_rate, fused=fused_adam)
    best_loss, best_epoch, best, epoch = float("inf"), 0, None, 0
    start = time.perf_counter()
    while epoch < options.epochs and epoch - best_epoch < options.patience:
        order = torch.tensor(orders[epoch]) if orders else torch.randperm(len(train[0]))
        epoch += 1
        train_loss, train_accuracy = train_epoch(model, optimiser, train[0], train[1], order, options.batch_size)
        val_loss, predicted = evaluate(model, validation[0], validation[1])
        if val_loss < best_loss:
            best_loss, best_epoch, best = val_loss, epoch, copy.deepcopy(model.state_dict())
        on_epoch({"event": "epoch", "epoch": epoch, "train_loss": train_loss, "train_accuracy": train_accuracy,
                  "val_loss": val_loss, "val_accuracy": float((predicted == validation[1].numpy()).mean())})
    model.load_state_dict(best)
    test_loss, predicted = evaluate(model, test[0], test[1])
    songs = vote(predicted, test[2], int(labels.max()) + 1)
    return {"event": "result", "epochs": epoch, "best_epoch": best_epoch, "test_loss": test_loss,
            "slice_accuracy": float((predicted == test[1].numpy()).mean()), "slices": len(predicted),
            "song_accuracy": accuracy_score(labels[split[2]], songs), "songs": len(songs),
            "f1_macro": f1_score(labels[split[2]], songs, average="macro", zero_division=0),
            "seconds": time.perf_counter() - start}


def features_of(tracks, clip_seconds):
    spec = dict(librosa_features.DEFAULT, clip_seconds=clip_seconds)
    return np.stack([librosa_features.features_of_file(path, spec)[0] for path, _ in tracks])


def add_options(parser, without=()):
    for field in dataclasses.fields(Options):
        if field.name in without:
            continue
        if field.type is bool:
            parser.add_argument(f"--no-{field.name}", dest=field.name, action="store_false")
        else:
            parser.add_argument("--" + field.name.replace("_", "-"), type=field.type, default=field.default)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("music", type=pathlib.Path)
    add_options(parser)
    arguments = vars(parser.parse_args())
    music = arguments.pop("music")
    options = Options(**arguments)
    _, tracks = find_tracks(music)
    labels = np.array([label for _, label in tracks])
    features = features_of(tracks, options.clip_seconds)
    print(json.dumps(run(features, labels, split_of(labels, options), options,
                         on_epoch=lambda point: print(json.dumps(point), flush=True))))


if __name__ == "__main__":
    main()
