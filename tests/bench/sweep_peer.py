#!/usr/bin/env python3
"""The study's way through a grid: features once by librosa, then one run after another with all cores of the machine."""

import argparse
import dataclasses
import itertools
import os
import pathlib

import numpy as np
import peer_pytorch


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("music", type=pathlib.Path)
    parser.add_argument("--models", nargs="+", required=True)
    parser.add_argument("--slices", nargs="+", type=float, required=True)
    parser.add_argument("--seeds", nargs="+", type=int, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    arguments = parser.parse_args()
    options = peer_pytorch.Options(epochs=arguments.epochs, patience=arguments.epochs + 1, test=0.2, validation=0.2,
                                   threads=os.cpu_count())
    _, tracks = peer_pytorch.find_tracks(arguments.music)
    labels = np.array([label for _, label in tracks])
    features = peer_pytorch.features_of(tracks, options.clip_seconds)
    for model, slice_seconds, seed in itertools.product(arguments.models, arguments.slices, arguments.seeds):
        run = dataclasses.replace(options, model=model, slice_seconds=slice_seconds, seed=seed)
        result = peer_pytorch.run(features, labels, peer_pytorch.split_of(labels, run), run)
        print(model, slice_seconds, seed, result["f1_macro"], flush=True)


if __name__ == "__main__":
    main()
