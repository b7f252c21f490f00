#!/usr/bin/env python3
"""Clips of every usual rate against librosa.load(sr=22050): resampling_test.py CLIP_PROBE"""

import pathlib
import sys
import tempfile

import librosa
import numpy as np
import soundfile
from safetensors.numpy import load_file

import librosa_features
from comparison import Comparison, largest_difference, run_json

BOUND = 1e-5
RATES_HZ = (8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000)
CLIP_SECONDS = 2.0
SPEC = dict(librosa_features.DEFAULT, clip_seconds=CLIP_SECONDS)


def music(rate_hz, seconds, channels, seed):
    """Chords with partials up to half the rate, and noise: what folds back would be seen."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(rate_hz * seconds)) / rate_hz
    out = np.zeros((len(t), channels))
    for channel in range(channels):
        for hz in np.geomspace(55, 0.499 * rate_hz, 40):
            out[:, channel] += np.sin(2 * np.pi * hz * t + rng.uniform(0, 6)) * rng.uniform(0, 1)
        out[:, channel] += rng.normal(size=len(t))
    return 0.9 * out / np.abs(out).max()


def cases():
    """(kind, rate, samples): longer than the clip, shorter than it, two channels, no music at all."""
    for seed, rate in enumerate(RATES_HZ):
        yield "longer than the clip", rate, music(rate, CLIP_SECONDS + 0.7, 1, seed)
        yield "shorter than the clip", rate, music(rate, CLIP_SECONDS - 0.61803, 2, 100 + seed)
        yield "full-scale square", rate, np.sign(music(rate, CLIP_SECONDS, 1, 200 + seed))
        yield "few samples", rate, music(rate, 0.01, 1, 300 + seed)


def main():
    comparison = Comparison("librosa", "soxr", "soundfile", "numpy")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        asked = []
        for i, (kind, rate, samples) in enumerate(cases()):
            audio = folder / f"{i}.wav"
            soundfile.write(audio, samples, rate, subtype="PCM_16")
            asked.append((kind, rate, {"audio": str(audio), "out": f"{audio}.safetensors", "features": SPEC}))
        run_json(sys.argv[1], [case for _, _, case in asked])
        for kind, rate, case in asked:
            ours = load_file(case["out"])["samples"]
            whole, _ = librosa.load(case["audio"], sr=SPEC["sample_rate_hz"])
            theirs = librosa.util.fix_length(whole, size=int(CLIP_SECONDS * SPEC["sample_rate_hz"]))
            # A clip at its own rate is not touched: equal to the bit.
            bound = 0.0 if rate == SPEC["sample_rate_hz"] else BOUND
            comparison.check(f"from {rate} Hz", kind, largest_difference(ours, theirs), bound)
    comparison.end()


if __name__ == "__main__":
    main()
