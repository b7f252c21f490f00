"""What every house check shares: which files there are, and how findings are told."""

import pathlib
import subprocess
import sys

SOURCE_ENDINGS = {".h", ".cpp"}
CODE_FOLDERS = ("common", "coordinator", "worker", "cli", "tests")


def tracked(root):
    """Files that git tracks or would track, as paths relative to root; outside a checkout, every file."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    if listed.returncode == 0 and listed.stdout:
        names = [pathlib.PurePosixPath(n) for n in listed.stdout.decode().split("\0") if n]
    else:
        names = [pathlib.PurePosixPath(p.relative_to(root).as_posix())
                 for p in pathlib.Path(root).rglob("*") if p.is_file()]
    return sorted(name for name in names if (pathlib.Path(root) / name).is_file())


def sources(root):
    """C++ files of ours."""
    return [name for name in tracked(root)
            if name.suffix in SOURCE_ENDINGS and name.parts[0] in CODE_FOLDERS]


def lines(root, name):
    """(number, text) of each line."""
    text = (pathlib.Path(root) / name).read_text(encoding="utf-8", errors="replace")
    return list(enumerate(text.splitlines(), start=1))


def tell(check, findings):
    """Prints the findings and ends the process: 0 when there are none."""
    for finding in findings:
        print(finding)
    print(f"{check}: {len(findings)} finding{'' if len(findings) == 1 else 's'}")
    sys.exit(1 if findings else 0)
