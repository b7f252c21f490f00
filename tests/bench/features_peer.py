#!/usr/bin/env python3
"""The study's features by librosa over audio files named on stdin, each written as .npy. Seconds a track as JSON."""

import argparse
import concurrent.futures
import json
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "golden"))
import librosa_features  # noqa: E402
import numpy as np  # noqa: E402


def one(work):
    path, out = work
    features, _ = librosa_features.features_of_file(path)
    np.save(out, features.astype(np.float32))
    pathlib.Path(out).unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, required=True)
    arguments = parser.parse_args()
    paths = sys.stdin.read().splitlines()
    with tempfile.TemporaryDirectory() as folder:
        works = [(path, f"{folder}/{i}.npy") for i, path in enumerate(paths)]
        one(works[0])  # librosa compiles and caches its filters at the first call
        if arguments.processes == 1:
            start = time.perf_counter()
            for work in works:
                one(work)
            seconds = time.perf_counter() - start
        else:
            with concurrent.futures.ProcessPoolExecutor(arguments.processes) as pool:
                list(pool.map(one, works[:2 * arguments.processes]))  # every process has started
                start = time.perf_counter()
                list(pool.map(one, works, chunksize=8))
                seconds = time.perf_counter() - start
    json.dump({"seconds_per_track": seconds / len(paths)}, sys.stdout)


if __name__ == "__main__":
    main()
