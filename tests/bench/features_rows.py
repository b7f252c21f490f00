"""Features from audio: tutti-preprocess against librosa, decoding and writing included."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

from measure import ROOT, Row, faster, median, run

ONE_CORE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
TRACKS = 1_000
MANY_TRACKS = 5_000  # its memory must be that of TRACKS
MOST_MEMORY_MIB = 300
MOST_GROWTH = 1.1


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
    """(seconds a track, peak memory of the process in MiB)."""
    with subprocess.Popen([setting.binary("tutti-preprocess"), "bench", str(folder), "--threads", str(threads)],
                          stdout=subprocess.PIPE, text=True) as program:
        out = program.stdout.read()
        _, status, usage = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
    found = re.search(r"total ([0-9.]+) ms per track", out)
    if program.returncode != 0 or not found:
        sys.exit(f"bench: tutti-preprocess bench ended with {program.returncode}: {out}")
    return float(found[1]) / 1000, usage.ru_maxrss / 1024


def librosa(files, processes):
    out = run(sys.executable, pathlib.Path(__file__).parent / "features_peer.py", "--processes", processes,
              env=ONE_CORE, text="\n".join(map(str, files)))
    return json.loads(out)["seconds_per_track"]


def features_one(setting, files):
    folder = link_tracks(files, 40, setting.scratch / "one")
    mine, theirs = [], []
    for _ in range(setting.rounds):
        mine.append(1000 * ours(setting, folder, 1)[0])
        theirs.append(1000 * librosa(sorted(folder.iterdir()), 1))
    return faster("features-1", mine, {"librosa": theirs}, 3.0, "ms", "30 s WAV at 22,050 Hz, one core, double FFT")


def features_all(setting, files):
    cores = os.cpu_count()
    folder = link_tracks(files, TRACKS, setting.scratch / "all")
    alone, mine, theirs, memory = [], [], [], []
    for _ in range(setting.rounds):
        alone.append(1000 * ours(setting, folder, 1)[0])
        seconds, mib = ours(setting, folder, cores)
        mine.append(1000 * seconds)
        memory.append(mib)
        theirs.append(1000 * librosa(sorted(folder.iterdir())[:200], cores))
    row = faster("features-all", mine, {"librosa pool": theirs}, 3.0, "ms", f"{TRACKS} tracks, {cores} cores")
    scaling = median([one / all_ for one, all_ in zip(alone, mine)])
    scaled = Row("features-all, 1 → 2 cores", f"{median(mine):.4g} ms", f"1 core {median(alone):.4g} ms",
                 f"{scaling:.2f}×", "1.8×", scaling >= 1.8 if cores == 2 else None)
    many = link_tracks(files, MANY_TRACKS, setting.scratch / "many")
    _, mib = ours(setting, many, cores)
    flat = mib <= MOST_GROWTH * median(memory) and mib <= MOST_MEMORY_MIB
    held = Row("features-all, memory", f"{mib:.0f} MiB of {MANY_TRACKS} tracks", f"{median(memory):.0f} MiB of {TRACKS}",
               f"{mib / median(memory):.2f}×", f"≤ {MOST_GROWTH:g}×, ≤ {MOST_MEMORY_MIB} MiB", flat)
    shutil.rmtree(many)
    return [row, scaled, held]


def rows(setting):
    files = music(setting)
    result = [features_one(setting, files)]
    return result if setting.quick else result + features_all(setting, files)
