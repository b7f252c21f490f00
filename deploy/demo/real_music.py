#!/usr/bin/env python3
"""Makes a set of recorded music out of three games' soundtracks, which Debian distributes; each soundtrack is a class.

Tracks of 35 s and more are cut from their start into parts of 30 s, at most four a track: DIR/CLASS/TRACK.N.ogg (stereo,
44.1 kHz) and DIR/groups.csv (path,group; the group is the track, so that a grouped split keeps its parts together).
DIR/pushover/broken.ogg is no audio file but a tracker module: a dataset from outside has such things in it.

Packages are downloaded by apt (which checks their signatures) into the user's cache folder and unpacked there; nothing is
installed and root is not needed. The same packages give the same bytes, and what is there already is kept.
"""

import argparse
import concurrent.futures
import csv
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import time

import real_music_packages

STAMP = ".real-music.json"
RECIPE = 1  # grows when the same packages would give other files
RATE_HZ = 44_100
CHANNELS = 2
FRAME_BYTES = 2 * CHANNELS  # 16 bits a sample
PART_SECONDS = 30
SHORTEST_TRACK_SECONDS = 35
MOST_PARTS = 4
QUALITY = "4"  # oggenc's own scale, about 128 kbit/s

# class: (package, folder of its tracks, how many there are)
SOUNDTRACKS = {
    "drascula": ("drascula-music", "usr/share/scummvm/drascula/audio", 31),
    "planetblupi": ("planetblupi-music-ogg", "usr/share/planetblupi/music", 10),
    "pushover": ("pushover-data", "usr/share/pushover/themes", 10),
}
BROKEN = ("tomatoes-data", "usr/share/tomatoes/music/IHaveNoTomatoes.it", "pushover/broken.ogg")


def format_of(path):
    """(channels, Hz) of a Vorbis file, from its identification header."""
    with open(path, "rb") as source:
        page = source.read(128)
    at = page.find(b"\x01vorbis")
    if not page.startswith(b"OggS") or at < 0:
        raise RuntimeError(f"{path.name} is no Ogg Vorbis file")
    return struct.unpack_from("<BI", page, at + 11)


def decode(path):
    """Its first samples, as many as all parts need: 16 bits, interleaved."""
    wanted = MOST_PARTS * PART_SECONDS * RATE_HZ * FRAME_BYTES
    decoder = subprocess.Popen(["oggdec", "-Q", "-R", "-b", "16", "-e", "0", "-s", "1", "-o", "-", str(path)],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with decoder:
        samples = decoder.stdout.read(wanted)
        if len(samples) == wanted:
            decoder.kill()  # tracks of half an hour: the rest is not needed
    if len(samples) < wanted and decoder.returncode != 0:
        raise RuntimeError(f"oggdec cannot decode {path.name} (exit {decoder.returncode})")
    return samples


def encode(samples, target, serial):
    """Writes the file whole or not at all. serial: of the Ogg stream; oggenc would take a random one."""
    part = target.with_name(f".{target.name}.part")
    done = subprocess.run(["oggenc", "-Q", "-r", "-B", "16", "-C", str(CHANNELS), "-R", str(RATE_HZ), "-q", QUALITY,
                           "-s", str(serial), "-o", str(part), "-"],
                          input=samples, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"oggenc ended with {done.returncode}: {done.stdout.decode(errors='replace').strip()}")
    os.replace(part, target)


def cut(job):
    """One track into its parts; returns rows of groups.csv, none for a track that is too short."""
    label, track, root = job
    channels, rate_hz = format_of(track)
    if (channels, rate_hz) != (CHANNELS, RATE_HZ):
        raise RuntimeError(f"{label}/{track.name}: expected {CHANNELS} channels at {RATE_HZ} Hz, got {channels} at {rate_hz}")
    samples = decode(track)
    second = RATE_HZ * FRAME_BYTES
    if len(samples) < SHORTEST_TRACK_SECONDS * second:
        return []
    rows = []
    size = PART_SECONDS * second
    for number in range(len(samples) // size):
        relative = f"{label}/{track.stem}.{number}.ogg"
        target = root / relative
        if not target.exists():
            encode(samples[number * size:(number + 1) * size], target, number)
        rows.append((relative, f"{label}-{track.stem}"))
    return rows


def unpack(deb, folder):
    done = subprocess.run(["dpkg-deb", "-x", str(deb), str(folder)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"dpkg-deb cannot unpack {deb}: {done.stdout.strip()}; remove it and run this again")


def tracks_of(label, unpacked):
    """The soundtrack's files. Another number than known is another package than this script is for."""
    package, folder, expected = SOUNDTRACKS[label]
    # Links are the same music again, for other languages.
    tracks = sorted(path for path in (unpacked / folder).glob("*.ogg") if not path.is_symlink())
    if len(tracks) != expected:
        raise RuntimeError(f"{package}: expected {expected} tracks in /{folder}, got {len(tracks)}")
    return tracks


def write_groups(root, rows):
    with open(root / "groups.csv", "w", newline="", encoding="utf-8") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(["path", "group"])
        writer.writerows(sorted(rows))


def make(root, debs, scratch):
    jobs = []
    for package, deb in debs.items():
        unpack(deb, scratch / package)
    for label, (package, _, _) in SOUNDTRACKS.items():
        (root / label).mkdir(parents=True, exist_ok=True)
        jobs += [(label, track, root) for track in tracks_of(label, scratch / package)]
    with concurrent.futures.ProcessPoolExecutor() as pool:
        rows = [row for part in pool.map(cut, jobs) for row in part]
    package, module, name = BROKEN
    shutil.copyfile(scratch / package / module, root / name)
    rows.append((name, name.replace("/", "-").removesuffix(".ogg")))
    write_groups(root, rows)
    return rows


def parse_arguments():
    parser = argparse.ArgumentParser(
        description="Makes a set of recorded music in three classes: downloads 137 MB once, writes 65 MB, "
                    "takes 85 s of one core's time.",
        epilog="Example: deploy/demo/real_music.sh build/real-music")
    parser.add_argument("folder", type=pathlib.Path)
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "tutti" / "real-music"
    parser.add_argument("--cache", type=pathlib.Path, default=cache, help=f"where packages are kept (default {cache})")
    return parser.parse_args()


def check_tools():
    missing = [tool for tool in ("oggdec", "oggenc", "dpkg-deb") if shutil.which(tool) is None]
    if missing:
        sys.exit(f"real music: missing {', '.join(missing)}: run deploy/setup.sh")


def is_complete(root):
    """Whether the set is there already; a folder with something else in it is refused."""
    if not root.exists() or not any(root.iterdir()):
        return False
    stamp = root / STAMP
    if not stamp.exists():
        sys.exit(f"real music: {root} holds something else; name a new or empty folder")
    before = json.loads(stamp.read_text())
    if before.get("recipe") != RECIPE:
        sys.exit(f"real music: {root} was made by another version of this script; name a new or empty folder")
    return before.get("complete", False)


def main():
    options = parse_arguments()
    check_tools()
    root = options.folder.resolve()
    if is_complete(root):
        print(f"real music: {root} is complete")
        return
    start = time.monotonic()
    root.mkdir(parents=True, exist_ok=True)
    (root / STAMP).write_text(json.dumps({"recipe": RECIPE}))
    try:
        debs = real_music_packages.fetch(options.cache)
        print(f"real music: cutting tracks into parts of {PART_SECONDS} s", flush=True)
        with tempfile.TemporaryDirectory(prefix="unpack-", dir=options.cache) as scratch:
            rows = make(root, debs, pathlib.Path(scratch))
    except RuntimeError as error:
        sys.exit(f"real music: FAILED: {error}")
    (root / STAMP).write_text(json.dumps({"recipe": RECIPE, "complete": True}))
    size = sum((root / path).stat().st_size for path, _ in rows)
    tracks = len({group for _, group in rows}) - 1
    print(f"real music: {len(rows) - 1} parts of {tracks} tracks and {BROKEN[2]}, {size / 1e6:.0f} MB, in {root}; "
          f"{time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
