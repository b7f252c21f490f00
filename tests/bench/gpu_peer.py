#!/usr/bin/env python3
"""Seconds of each epoch of the study's loop on a GPU, over a file of features that gpu_rows.py has written. JSON out."""

import argparse
import json
import pathlib
import sys
import time

import numpy as np
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "golden"))
import study_loop  # noqa: E402
import torch_models  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("features", help="a .npy of [tracks, mels, frames]")
    parser.add_argument("--model", required=True)
    parser.add_argument("--frames", type=int, required=True, help="of a slice")
    parser.add_argument("--stride", type=int, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--train", type=int, required=True, help="tracks to train with; as many validate as --validation says")
    parser.add_argument("--validation", type=int, required=True)
    parser.add_argument("--device", default="cuda:0")
    arguments = parser.parse_args()
    features = np.load(arguments.features, mmap_mode="r")

    def slices_of(tracks):
        starts = range(0, features.shape[2] - arguments.frames + 1, arguments.stride)
        cut = np.stack([features[track, :, start:start + arguments.frames] for track in tracks for start in starts])
        labels = np.repeat(np.array(list(tracks)) % 10, len(starts))
        return torch.from_numpy(cut).unsqueeze(1), torch.from_numpy(labels)

    n = arguments.train
    train, validation = slices_of(range(n)), slices_of(range(n, n + arguments.validation))
    torch.manual_seed(333)
    model = torch_models.MODELS[arguments.model](arguments.frames, True).to(arguments.device)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.001)
    seconds = []
    for _ in range(arguments.epochs):
        start = time.perf_counter()
        order = torch.randperm(len(train[0]))
        study_loop.train_epoch(model, optimiser, *train, order, 16, arguments.device)
        study_loop.evaluate(model, *validation, arguments.device)
        seconds.append(time.perf_counter() - start)
    json.dump({"seconds": seconds, "steps": -(-len(train[0]) // 16)}, sys.stdout)


if __name__ == "__main__":
    main()
