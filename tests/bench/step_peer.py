#!/usr/bin/env python3
"""Seconds of each epoch of the study's training loop in PyTorch, over a shard that step_rows.py has written. JSON out."""

import argparse
import json
import sys
import time

import numpy as np
import peer_pytorch
import study_loop
import torch
from safetensors import safe_open


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shard")
    parser.add_argument("--model", required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--train", type=int, required=True, help="tracks to train with; the rest validates")
    arguments = parser.parse_args()
    with safe_open(arguments.shard, "np") as shard:
        features = shard.get_tensor("mel")
    frames = features.shape[2] - 1  # a clip's last frame is centred on its end; one slice a track
    options = peer_pytorch.Options(model=arguments.model, epochs=arguments.epochs, patience=arguments.epochs + 1,
                                   threads=arguments.threads)
    torch.set_num_threads(options.threads)
    labels = torch.from_numpy(np.arange(len(features)) % 10)
    slices = torch.from_numpy(features[:, :, :frames].copy()).unsqueeze(1)
    n = arguments.train
    model = peer_pytorch.make_model(options, frames)
    optimiser = torch.optim.Adam(model.parameters(), lr=options.learning_rate)
    seconds = []
    for _ in range(options.epochs):
        start = time.perf_counter()
        study_loop.train_epoch(model, optimiser, slices[:n], labels[:n], torch.randperm(n), options.batch_size)
        study_loop.evaluate(model, slices[n:], labels[n:])
        seconds.append(time.perf_counter() - start)
    json.dump({"seconds": seconds}, sys.stdout)


if __name__ == "__main__":
    main()
