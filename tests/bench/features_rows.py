"""Features from audio: tutti-preprocess against librosa, decoding and writing included."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

from measure import ROOT, Failed, Row, faster, median, run

ONE_CORE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
# As people run it, and with glibc told what tutti-preprocess tells it (worker/audio/main.cpp).
PEERS = {"librosa": ONE_CORE, "librosa, allocator set as ours": ONE_CORE | {"MALLOC_MMAP_THRESHOLD_": str(64 << 20),
                                                                          "MALLOC_TRIM_THRESHOLD_": str(256 << 20)}}
TRACKS = 1_000
PEER_TRACKS = 200  # the pool's time a track does not depend on how many there are
MANY_TRACKS = 5_000  # its memory must be that of TRACKS
TURNS_OF_ONE = 5  # a round of features-1: a turn takes a third of a second
MOST_MEMORY_MB = 300
MOST_GROWTH = 1.1
SCALING = 1.8  # from one core to two


def music(setting):
    folder = setting.build / "bench-music-30s"
    run(ROOT / "deploy/demo/make.sh", folder, "--tracks", 2, "--seconds", 30)
    return sorted(folder.glob("*/*.wav"))


def link_tracks(files, count, folder):
    """count names for these files' bytes: the disk holds each once."""
    folder.mkdir()
    for i in range(count):
        os.link(files[i % len(files)], folder / f"{i:05}.wav")
    return folder


def ours(setting, folder, threads):
    """(seconds a track, peak memory of the process in MB)."""
    with subprocess.Popen([setting.binary("tutti-preprocess"), "bench", str(folder), "--threads", str(threads)],
                          stdout=subprocess.PIPE, text=True) as program:
        out = program.stdout.read()
        _, status, usage = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
    found = re.search(r"total ([0-9.]+) ms per track", out)
    if program.returncode != 0 or not found:
        raise Failed(f"tutti-preprocess bench ended with {program.returncode}: {out}")
    return float(found[1]) / 1000, usage.ru_maxrss * 1024 / 1e6


def librosa(files, processes, env):
    out = run(sys.executable, pathlib.Path(__file__).parent / "features_peer.py", "--processes", processes,
              env=env, text="\n".join(map(str, files)))
    return json.loads(out)["seconds_per_track"]


def features_one(setting):
    folder = link_tracks(music(setting), 20 if setting.quick else 40, setting.scratch / "one")
    mine, theirs = [], {name: [] for name in PEERS}
    for _ in range(TURNS_OF_ONE * setting.rounds):
        mine.append(1000 * ours(setting, folder, 1)[0])
        for name, env in PEERS.items():
            theirs[name].append(1000 * librosa(sorted(folder.iterdir()), 1, env))
    yield faster("features-1", mine, theirs, 3.0, "ms", "30 s WAV at 22,050 Hz, decode to shard, one core, double FFT")


def features_all(setting):
    files, cores = music(setting), os.cpu_count()
    folder = link_tracks(files, TRACKS, setting.scratch / "all")
    alone, two, mine, memory = [], [], [], []
    theirs = {f"pool of {name}": [] for name in PEERS}
    for _ in range(setting.rounds):
        alone.append(1000 * ours(setting, folder, 1)[0])
        two.append(1000 * ours(setting, folder, 2)[0])
        seconds, used = ours(setting, folder, cores)
        mine.append(1000 * seconds)
        memory.append(used)
        for name, env in zip(theirs, PEERS.values()):
            theirs[name].append(1000 * librosa(sorted(folder.iterdir())[:PEER_TRACKS], cores, env))
    yield faster("features-all", mine, theirs, 3.0, "ms", f"a track of {TRACKS:,}, {cores} cores")
    scaling = median([one / both for one, both in zip(alone, two)])
    yield Row("features-all, 1 → 2 cores", f"{median(two):.4g} ms", f"one core {median(alone):.4g} ms", f"{scaling:.2f}×",
              f"{SCALING:g}×", scaling >= SCALING if cores >= 2 else None)
    many = link_tracks(files, MANY_TRACKS, setting.scratch / "many")
    _, used = ours(setting, many, cores)
    shutil.rmtree(many)
    growth = used / median(memory)
    yield Row("features-all, memory", f"{used:.0f} MB of {MANY_TRACKS:,} tracks", f"{median(memory):.0f} MB of {TRACKS:,}",
              f"{growth:.2f}×", f"≤ {MOST_GROWTH:g}×, ≤ {MOST_MEMORY_MB} MB",
              growth <= MOST_GROWTH and used <= MOST_MEMORY_MB, "peak of the process")
