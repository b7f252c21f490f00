#!/usr/bin/env python3
"""Makes mel.safetensors and resample.safetensors beside this file: what librosa computes.

  tests/golden/make_venv.sh
  tests/golden/python.sh tests/golden/make_mel_golden.py

Inputs are stored as 16-bit samples in the same files, so that both sides start from equal bits.
"""

import json
import pathlib
import platform

import librosa
import numpy as np
import scipy
import soxr
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent
COMMAND = "python3 tests/golden/make_mel_golden.py"
DEFAULT = {"sample_rate_hz": 22050, "n_fft": 2048, "hop": 512, "n_mels": 128}
SMALL = {"sample_rate_hz": 16000, "n_fft": 1024, "hop": 160, "n_mels": 64}
WIDE_HOP = {"sample_rate_hz": 22050, "n_fft": 512, "hop": 512, "n_mels": 40}


def to_pcm(signal):
    return np.clip(np.round(signal * 32767), -32768, 32767).astype(np.int16)


def music(rate_hz, seconds, seed):
    """Plucked chords with decaying partials, a bass line, and noise for drums."""
    rng = np.random.default_rng(seed)
    n = int(rate_hz * seconds)
    out = np.zeros(n)
    beat = rate_hz // 4
    for start in range(0, n, beat):
        t = np.arange(n - start) / rate_hz
        root = 110.0 * 2 ** (rng.integers(0, 12) / 12)
        for ratio in (0.5, 1.0, 1.25, 1.5):
            for partial in range(1, 13):
                hz = root * ratio * partial * (1 + 0.0004 * partial**2)
                if hz < rate_hz / 2:
                    phase = rng.uniform(0, 2 * np.pi)
                    wave = np.sin(2 * np.pi * hz * t + phase) / partial
                    out[start:] += np.exp(-t * (2 + partial)) * wave
        out[start:] += 0.8 * rng.normal(size=n - start) * np.exp(-t * 60)
    return to_pcm(0.9 * out / np.abs(out).max())


def signals():
    rate = 22050
    t = np.arange(rate // 2) / rate
    rng = np.random.default_rng(7)
    impulse = np.zeros(rate // 2, dtype=np.int16)
    impulse[6789] = 32767
    half_silent = np.concatenate([np.zeros(rate // 4), 0.5 * rng.normal(size=rate // 4)])
    yield "music", "music", DEFAULT, music(rate, 2.5, 1)
    yield "music_quiet", "music", DEFAULT, (music(rate, 1.0, 2) // 64).astype(np.int16)
    yield "music_small_spec", "music", SMALL, music(16000, 1.0, 3)
    yield "tone", "adversarial", DEFAULT, to_pcm(np.sin(2 * np.pi * 1000 * t))
    yield "impulse", "adversarial", DEFAULT, impulse
    yield "near_silence", "adversarial", DEFAULT, rng.integers(-1, 2, rate // 2).astype(np.int16)
    yield "noise", "adversarial", DEFAULT, rng.integers(-32768, 32768, rate // 2).astype(np.int16)
    yield "direct_current", "adversarial", DEFAULT, np.full(rate // 4, 16384, dtype=np.int16)
    yield "sweep", "adversarial", DEFAULT, to_pcm(np.sin(2 * np.pi * (20 + 10000 * t) * t))
    yield "half_silent", "adversarial", WIDE_HOP, to_pcm(half_silent)
    yield "hundred_samples", "adversarial", DEFAULT, to_pcm(0.5 * np.sin(np.arange(100)))
    yield "one_sample", "adversarial", DEFAULT, np.array([12345], dtype=np.int16)
    yield "silence", "adversarial", DEFAULT, np.zeros(2000, dtype=np.int16)


def feature(pcm, spec):
    y = pcm.astype(np.float32) / np.float32(32768)
    power = librosa.feature.melspectrogram(
        y=y,
        sr=spec["sample_rate_hz"],
        n_fft=spec["n_fft"],
        hop_length=spec["hop"],
        n_mels=spec["n_mels"],
    )
    db = librosa.power_to_db(power, ref=np.max)
    low, high = db.min(), db.max()
    values = np.zeros_like(db) if high == low else (db - low) / (high - low)
    return np.ascontiguousarray(values, dtype=np.float32), float(high - low)


def provenance(cases):
    tools = ", ".join(f"{m.__name__} {m.__version__}" for m in (librosa, np, scipy, soxr))
    return {
        "tool": f"{tools}, python {platform.python_version()}",
        "command": COMMAND,
        "cases": json.dumps(cases),
    }


def save(tensors, name, cases):
    save_file(tensors, HERE / name, metadata=provenance(cases))
    (HERE / name).chmod(0o644)


def make_mel():
    tensors, cases = {}, []
    for name, kind, spec, pcm in signals():
        tensors[f"{name}.input"] = pcm
        tensors[f"{name}.feature"], range_db = feature(pcm, spec)
        cases.append({"name": name, "kind": kind, "range_db": range_db, **spec})
    bank = librosa.filters.mel(sr=22050, n_fft=2048, n_mels=128)
    rows, bins = np.nonzero(bank)
    tensors["filter.mels"] = rows.astype(np.int32)
    tensors["filter.bins"] = bins.astype(np.int32)
    tensors["filter.weights"] = bank[rows, bins]
    save(tensors, "mel.safetensors", cases)


def make_resample():
    tensors, cases = {}, []
    for seed, rate in enumerate((48000, 44100, 16000, 22051)):
        pcm = music(rate, 0.25, 10 + seed)
        name = f"from_{rate}"
        y = pcm.astype(np.float32) / np.float32(32768)
        tensors[f"{name}.input"] = pcm
        tensors[f"{name}.output"] = librosa.resample(y, orig_sr=rate, target_sr=22050)
        cases.append({"name": name, "from_hz": rate, "to_hz": 22050})
    save(tensors, "resample.safetensors", cases)


if __name__ == "__main__":
    make_mel()
    make_resample()
