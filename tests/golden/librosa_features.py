"""The study's features as librosa computes them."""

import librosa
import numpy as np

RATE_HZ = 22050
DEFAULT = {"clip_seconds": 30, "sample_rate_hz": RATE_HZ, "n_fft": 2048, "hop": 512, "n_mels": 128}


def decibels(samples, spec):
    power = librosa.feature.melspectrogram(
        y=samples, sr=spec["sample_rate_hz"], n_fft=spec["n_fft"], hop_length=spec["hop"], n_mels=spec["n_mels"])
    return librosa.power_to_db(power, ref=np.max)


def min_max(db):
    """A constant song, which the study leaves as it is, is all zeros by definition."""
    low, high = db.min(), db.max()
    return np.zeros_like(db) if high == low else (db - low) / (high - low)


def load_clip(path, spec):
    """Decoded, mono, at the spec's rate, cut or zero-padded."""
    samples, _ = librosa.load(path, sr=spec["sample_rate_hz"])
    return librosa.util.fix_length(samples, size=int(spec["clip_seconds"] * spec["sample_rate_hz"]))


def features_of_file(path, spec=None):
    """(features [n_mels, frames] float32 in [0, 1], the range of its decibels)."""
    spec = spec or DEFAULT
    db = decibels(load_clip(path, spec), spec)
    return min_max(db), float(db.max() - db.min())
