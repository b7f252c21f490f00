"""Writes one track of the demo set as an MMA song: everything is decided by the seed's own generator."""

import random
from dataclasses import dataclass

import styles

TRACKS_PER_ARTIST = 3
# Bars are counted as if each had three beats: too many is cut, too few would leave silence.
SHORTEST_BAR_BEATS = 3
LEAD_OUT_BARS = 2


@dataclass(frozen=True)
class Track:
    genre: str
    index: int
    artist: str
    tempo: int
    song: str  # MMA source
    stereo_44100: bool


def _artist(seed, genre, number):
    """An artist keeps a few grooves, a set of instruments and a tempo of choice."""
    chance = random.Random(f"{seed}/{genre}/artist/{number}")
    style = styles.GENRES[genre]
    low, high = style["tempo"]
    return {
        "name": f"{genre}-artist-{number}",
        "grooves": chance.sample(style["grooves"], 2),
        "voices": chance.choice(style["voices"]),
        "tempo": chance.uniform(low, high),
    }


def _chord(key, chord):
    semitones, quality = chord
    root = styles.ROOTS[(styles.ROOTS.index(key) + semitones) % 12]
    return root + quality


def compose(seed, genre, index, seconds):
    """The track `index` of `genre`: the same arguments give the same text."""
    artist = _artist(seed, genre, index // TRACKS_PER_ARTIST)
    chance = random.Random(f"{seed}/{genre}/track/{index}")
    style = styles.GENRES[genre]
    low, high = style["tempo"]
    tempo = round(min(high, max(low, artist["tempo"] * chance.uniform(0.9, 1.1))))
    key = chance.choice(styles.MAJOR_KEYS)
    progression = chance.choice(style["progressions"])
    start = chance.randrange(len(progression))
    bars = int(seconds * tempo / 60 / SHORTEST_BAR_BEATS) + LEAD_OUT_BARS
    lines = [f"RndSeed {chance.randrange(1 << 30)}", f"Tempo {tempo}"]
    lines += [f"VoiceTr {old}={new}" for old, new in sorted(artist["voices"].items())]
    lines.append(f"Groove {chance.choice(artist['grooves'])}")
    for bar in range(bars):
        chord = progression[(start + bar) % len(progression)]
        lines.append(f"{bar + 1} {_chord(key, chord)}")
    return Track(genre, index, artist["name"], tempo, "\n".join(lines) + "\n", index % 6 == 5)
