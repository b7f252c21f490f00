#!/usr/bin/env python3
"""House checks: python3 check.py NAME ROOT. Each prints file:line of what breaks a rule of the house."""

import re
import subprocess
import sys

import tree

# Which folders' headers each folder may include; its own are always allowed.
LAYERS = {
    "common/rpc": ["common"],
    "common": [],
    "coordinator/core": ["common"],
    "coordinator/store": ["common", "coordinator/core"],
    "coordinator/blobs": ["common"],
    "coordinator/sweep_file": ["common", "coordinator/core"],
    "coordinator/writer": ["common", "coordinator/core", "coordinator/store"],
    "coordinator/tables": ["common", "coordinator/core"],
    "coordinator/rpc": ["common", "common/rpc", "coordinator/core", "coordinator/store",
                        "coordinator/blobs", "coordinator/sweep_file", "coordinator/writer",
                        "coordinator/tables", "coordinator/upkeep"],
    "coordinator/upkeep": ["common", "coordinator/core", "coordinator/store",
                           "coordinator/blobs", "coordinator/writer"],
    "coordinator/slurm": ["common", "coordinator/core", "coordinator/store"],
    "coordinator/http": ["common", "common/rpc", "coordinator/rpc", "coordinator/writer",
                         "coordinator/core"],
    "coordinator": ["common", "common/rpc", "coordinator/core", "coordinator/store",
                    "coordinator/blobs", "coordinator/rpc", "coordinator/http",
                    "coordinator/writer", "coordinator/upkeep", "coordinator/slurm"],
    "worker/audio": ["common"],
    "worker/models": ["common"],
    "worker/trainer": ["common", "worker/models"],
    "worker/daemon": ["common", "common/rpc"],
    "cli": ["common", "common/rpc"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"((?:common|coordinator|worker|cli|tests)/[^"]+)"')
WIRE_USERS = ("common/rpc", "coordinator/rpc", "coordinator/http", "coordinator", "worker/daemon", "cli", "tests")


def layer_of(name):
    """The longest folder of LAYERS that holds the file."""
    folders = [folder for folder in LAYERS if name.startswith(folder + "/")]
    return max(folders, key=len) if folders else None


def check_layers(root):
    findings = []
    for source in tree.sources(root):
        layer = layer_of(str(source))
        if source.parts[0] == "tests":
            continue
        if layer is None:
            findings.append(f"{source}:1: in a folder that LAYERS in tests/house/check.py does not name")
            continue
        for number, text in tree.lines(root, source):
            if re.match(r'\s*#\s*include\s+"tutti/v1/', text) and layer not in WIRE_USERS:
                findings.append(f"{source}:{number}: {layer} may not include the wire contract")
            match = INCLUDE.match(text)
            if not match:
                continue
            target = layer_of(match.group(1)) or match.group(1)
            if target != layer and target not in LAYERS[layer]:
                findings.append(f"{source}:{number}: {layer} may not include {target}")
    return findings


BANNED = re.compile(
    r"\b(system_clock::now|steady_clock::now|high_resolution_clock::now|sleep_for|sleep_until"
    r"|random_device|getenv|secure_getenv)\b")
# Where time, chance and the environment are asked for: everybody else has them injected.
MAY_ASK = {"common/clock.cpp", "common/random.cpp", "common/environment.cpp"}


def check_banned(root):
    findings = []
    for source in tree.sources(root):
        if str(source) in MAY_ASK:
            continue
        for number, text in tree.lines(root, source):
            match = BANNED.search(text.split("//")[0])
            if match:
                findings.append(f"{source}:{number}: {match.group(1)}: have it injected (common/clock.h, "
                                "common/random.h, common/environment.h)")
    return findings


LONGEST_SOURCE = 400
LONGEST_TEST = 600
LONGEST_PROTO = 500  # a service and its messages are read together
WIDEST_LINE = 100


def check_sizes(root):
    findings = []
    for source in tree.tracked(root):
        if source.suffix not in {".h", ".cpp", ".py", ".sh", ".proto"}:
            continue
        numbered = tree.lines(root, source)
        limit = LONGEST_TEST if source.parts[0] == "tests" else LONGEST_SOURCE
        if source.suffix == ".proto":
            limit = LONGEST_PROTO
        if len(numbered) > limit:
            findings.append(f"{source}:{limit + 1}: {len(numbered)} lines, at most {limit}: split by noun")
        if source.suffix not in tree.SOURCE_ENDINGS:
            continue
        findings += [f"{source}:{number}: {len(text)} columns, at most {WIDEST_LINE}"
                     for number, text in numbered if len(text) > WIDEST_LINE and '"' not in text
                     and "//" not in text]
    return findings


TORCH = re.compile(r'^\s*#\s*include\s+[<"](torch|ATen|c10)/')
TORCH_FOLDERS = ("worker/models/", "worker/trainer/", "tests/")


def check_torch(root):
    return [f"{source}:{number}: torch headers belong to worker/models and worker/trainer"
            for source in tree.sources(root) if not str(source).startswith(TORCH_FOLDERS)
            for number, text in tree.lines(root, source) if TORCH.match(text)]


# Folders of one person's machine have no place in the project.
FOREIGN_PATH = re.compile(r"(?<![\w.])/(?:home|root|work|Users)/\w+")
TEXT_ENDINGS = {".h", ".cpp", ".py", ".sh", ".proto", ".md", ".txt", ".cmake", ".json", ".yaml", ".yml", ""}


def check_paths(root):
    findings = []
    for name in tree.tracked(root):
        if name.suffix not in TEXT_ENDINGS or str(name) == "tests/house/check_test.py":
            continue
        findings += [f"{name}:{number}: a path of one machine: {match.group(0)}"
                     for number, text in tree.lines(root, name)
                     for match in [FOREIGN_PATH.search(text)] if match]
    return findings


def check_format(root):
    names = [str(source) for source in tree.sources(root)]
    done = subprocess.run(["clang-format-19", "--dry-run", "--Werror", "--style=file", *names],
                          cwd=root, stderr=subprocess.PIPE, text=True, check=False)
    found = re.findall(r"^(\S+?:\d+):\d+: error: .*$", done.stderr, flags=re.MULTILINE)
    findings = sorted({f"{place}: not formatted: run clang-format-19 -i" for place in found})
    if done.returncode != 0 and not findings:
        findings = [done.stderr.strip()]
    return findings


CHECKS = {"layers": check_layers, "banned": check_banned, "sizes": check_sizes,
          "torch": check_torch, "paths": check_paths, "format": check_format}


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in CHECKS:
        sys.exit(f"usage: check.py {'|'.join(CHECKS)} ROOT")
    tree.tell(sys.argv[1], CHECKS[sys.argv[1]](sys.argv[2]))


if __name__ == "__main__":
    main()
