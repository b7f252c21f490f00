#!/usr/bin/env python3
"""Features of tutti-preprocess against librosa's, over audio files.

  features_test.py PREPROCESS FOLDER [--tracks N]          audio files below a folder
  features_test.py PREPROCESS FOLDER --lossy CLIP_PROBE   the same, of files whose decoding is defined but for rounding
  features_test.py PREPROCESS --adversarial                signals made to be difficult
"""

import argparse
import json
import pathlib
import tempfile

import numpy as np
import soundfile
from safetensors.numpy import load_file

import librosa_features
from comparison import Comparison, largest_difference, run, run_json

MUSIC_BOUND = 5e-7
ADVERSARIAL_BOUND = 1e-6
# Two builds of libvorbis decode one file to samples that differ in their last bits, of which near the floor of -80 dB
# more is seen. So features are compared over samples that both sides have, and the decoders for themselves.
DECODER_BOUND = 1e-6
LOSSY_BOUND = 2e-5
# A decibel value's last float32 step: min-max of a song that spans few decibels stretches it.
DECIBEL_STEP = 1e-5
NARROW_RANGE_DB = 10.0
ENDINGS = {".wav", ".flac", ".ogg", ".mp3"}
RATE_HZ = librosa_features.RATE_HZ


def compare(comparison, preprocess, path, folder, kind, bound, spec=None):
    output = folder / "features.safetensors"
    options = []
    if spec:
        (folder / "spec.json").write_text(json.dumps(spec))
        options = ["--features", folder / "spec.json"]
    run(preprocess, "one", path, output, *options)
    ours = load_file(output)["mel"]
    theirs, range_db = librosa_features.features_of_file(path, spec)
    if 0 < range_db < NARROW_RANGE_DB:
        kind, bound = f"{kind}, range below {NARROW_RANGE_DB:g} dB", DECIBEL_STEP / range_db
    difference = largest_difference(ours, theirs)
    print(f"  {path.name}: {difference:.2e} (bound {bound:.1e}, range {range_db:.3g} dB)")
    comparison.check(kind, path.name, difference, bound)


def compare_lossy(comparison, preprocess, probe, path, folder):
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    copy = folder / f"{path.stem}.wav"
    soundfile.write(copy, samples, rate, subtype="FLOAT")
    compare(comparison, preprocess, copy, folder, "recorded music, decoded by librosa's libsndfile", MUSIC_BOUND)
    compare(comparison, preprocess, path, folder, "recorded music, each side's own decoder", LOSSY_BOUND)
    spec = dict(librosa_features.DEFAULT, sample_rate_hz=rate, clip_seconds=len(samples) / rate)
    decoded = folder / "decoded.safetensors"
    run_json(probe, [{"audio": str(path), "out": str(decoded), "features": spec}])
    difference = largest_difference(load_file(decoded)["samples"], samples.mean(axis=1))
    comparison.check("decoded samples", path.name, difference, DECODER_BOUND)


def adversarial_signals():
    """(name, samples in [-1, 1], spec)."""
    rng = np.random.default_rng(5)
    clip = dict(librosa_features.DEFAULT, clip_seconds=8)
    short = dict(librosa_features.DEFAULT, clip_seconds=1)
    n = 8 * RATE_HZ
    t = np.arange(n) / RATE_HZ
    impulses = np.zeros(n)
    impulses[[0, 1000, n // 2, n - 1]] = 1.0
    for hz in (50, 1000, 10990):
        yield f"tone_{hz}_hz", 0.9 * np.sin(2 * np.pi * hz * t), clip
    yield "tone_of_30_s", np.sin(2 * np.pi * 440 * np.arange(30 * RATE_HZ) / RATE_HZ), librosa_features.DEFAULT
    yield "tone_on_a_bin", np.sin(2 * np.pi * (100 * RATE_HZ / 2048) * t), clip
    yield "tone_then_silence", np.sin(2 * np.pi * 440 * t[: 5 * RATE_HZ]), clip
    yield "impulses", impulses, clip
    yield "one_impulse", impulses[:RATE_HZ], short
    yield "clipped", np.clip(8 * np.sin(2 * np.pi * 220 * t) + rng.normal(size=n), -1, 1), clip
    yield "near_silent", rng.integers(-1, 2, n) / 32768, clip
    yield "near_silent_tone", np.sin(2 * np.pi * 440 * t) * 2e-5, clip
    yield "white_noise", rng.uniform(-1, 1, n), clip
    yield "all_zero", np.zeros(n), clip
    yield "one_sample", np.array([0.5]), librosa_features.DEFAULT
    yield "two_samples", np.array([0.5, -0.5]), short
    yield "direct_current", np.full(n, 0.5), clip
    yield "direct_current_short", np.full(RATE_HZ, -1.0), short
    yield "square_wave", np.sign(np.sin(2 * np.pi * 31.5 * t)), clip
    yield "sweep", np.sin(2 * np.pi * (20 + 600 * t) * t), clip
    yield "one_more_than_the_clip", rng.normal(size=n + 1) * 0.1, clip
    yield "small_spec", 0.3 * rng.normal(size=16000), {
        "clip_seconds": 1, "sample_rate_hz": 16000, "n_fft": 512, "hop": 160, "n_mels": 40}


def compare_adversarial(comparison, preprocess, folder):
    for i, (name, samples, spec) in enumerate(adversarial_signals()):
        path = folder / f"{name}.wav"
        soundfile.write(path, samples, spec["sample_rate_hz"], subtype=("FLOAT", "PCM_16")[i % 2])
        compare(comparison, preprocess, path, folder, "adversarial signals", ADVERSARIAL_BOUND, spec)
    # A definition, not a comparison.
    run(preprocess, "one", folder / "all_zero.wav", folder / "zero.safetensors")
    zeros = load_file(folder / "zero.safetensors")["mel"]
    comparison.equal("silence is all zeros", "all_zero", bool((zeros == 0).all()), True)


def compare_folder(comparison, options, folder):
    found = sorted(path for path in options.music.rglob("*") if path.suffix in ENDINGS and path.name != "broken.ogg")
    if not found:
        raise SystemExit(f"no audio file below {options.music}")
    step = max(1, len(found) // options.tracks)
    for path in found[::step][:options.tracks]:
        if options.lossy:
            compare_lossy(comparison, options.preprocess, options.lossy, path, folder)
        else:
            compare(comparison, options.preprocess, path, folder, "rendered music", MUSIC_BOUND)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("preprocess", type=pathlib.Path)
    parser.add_argument("music", type=pathlib.Path, nargs="?")
    parser.add_argument("--tracks", type=int, default=12)
    parser.add_argument("--lossy", type=pathlib.Path, metavar="CLIP_PROBE")
    parser.add_argument("--adversarial", action="store_true")
    options = parser.parse_args()
    comparison = Comparison("librosa", "numpy", "scipy", "soxr", "soundfile")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if options.adversarial:
            compare_adversarial(comparison, options.preprocess, folder)
        else:
            compare_folder(comparison, options, folder)
    comparison.end()


if __name__ == "__main__":
    main()
