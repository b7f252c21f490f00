"""The Debian packages that the recorded music comes from: downloaded once, checked, never installed."""

import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile

# package: version, SHA-256 and size of the file in Debian 12.
PACKAGES = {
    "drascula-music": ("1.0+ds4-2", "340e0beb1bacf005cbabebc07ebdd88adf6aee363d437f8a7d73cb0c77a93e79", 36_429_732),
    "planetblupi-music-ogg": ("1.14.2-3", "7d89a6d00b43cdb601e35256ab1a62814d203b5922cfed6a0e73e98486e82fa6",
                              60_112_692),
    "pushover-data": ("0.0.5+git20180909-4", "75f52ad553c73660489631b4b4eeb308c3601beee68a097abdd5f2e4e442cbfb",
                      32_365_856),
    "tomatoes-data": ("1.55-10", "e29e05ff469f22578ed84c0d41625e5a9d0a885847305c7c923e2295ce487507", 8_291_028),
}


def _run(command, folder):
    return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)


def _apt_options(cache):
    """Package lists of our own: those of the machine may be absent, and only root may fetch them."""
    options = ["-o", f"Dir::State::lists={cache / 'apt-lists'}", "-o", f"Dir::Cache={cache / 'apt-cache'}"]
    return options + _sandbox()


def _sandbox():
    """apt, run by root, would download as a user who may not write into root's own folders."""
    return ["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else []


def _download(package, folder, cache):
    """Into `folder`, by the machine's package lists or else by lists fetched for this."""
    if shutil.which("apt-get") is None:
        raise RuntimeError(f"there is no apt-get here to download {package} with; {_by_hand(package, cache)}")
    done = _run(["apt-get", "download", "-q", *_sandbox(), package], folder)
    if done.returncode != 0:
        for name in ("apt-lists/partial", "apt-cache/archives/partial"):
            (cache / name).mkdir(parents=True, exist_ok=True)
        updated = _run(["apt-get", "update", "-q", *_apt_options(cache)], folder)
        done = _run(["apt-get", "download", "-q", *_apt_options(cache), package], folder)
        if done.returncode != 0:
            said = "\n".join((updated.stdout + done.stdout).strip().splitlines()[-12:])
            raise RuntimeError(f"{package} cannot be downloaded; apt said:\n{said}\n"
                               "What to do: check the network and that /etc/apt/sources.list names Debian 12 main, "
                               f"then run this again; {_by_hand(package, cache)}")
    found = list(folder.glob(f"{package}_*.deb"))
    if len(found) != 1:
        raise RuntimeError(f"apt-get download {package} left {len(found)} files, expected one")
    return found[0]


def _by_hand(package, cache):
    version = PACKAGES[package][0]
    return f"or put {package}_{version}_all.deb, fetched by other means, into {cache}"


def _sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as source:
        while piece := source.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _check(package, deb):
    """The known file, or another version that says so itself; a damaged file is removed."""
    version, expected, _ = PACKAGES[package]
    got = _sha256(deb)
    if got == expected:
        return
    asked = _run(["dpkg-deb", "-f", str(deb), "Package", "Version"], deb.parent)
    fields = dict(line.split(": ", 1) for line in asked.stdout.splitlines() if ": " in line)
    if asked.returncode != 0 or fields.get("Package") != package or fields.get("Version") == version:
        deb.unlink()
        raise RuntimeError(f"{deb.name} is damaged (SHA-256 {got}, expected {expected}) and was removed; run this again")
    print(f"real music: {package} {fields['Version']} is another version than {version}: the set may differ from "
          "other machines'", flush=True)


def fetch(cache):
    """All packages as files in `cache`: {package: path}. RuntimeError: what failed, and what to do."""
    cache.mkdir(parents=True, exist_ok=True)
    missing = [package for package in PACKAGES if not list(cache.glob(f"{package}_*.deb"))]
    if missing:
        size = sum(PACKAGES[package][2] for package in missing)
        print(f"real music: downloading {', '.join(missing)} ({size / 1e6:.0f} MB) into {cache}", flush=True)
    debs = {}
    for package in PACKAGES:
        found = sorted(cache.glob(f"{package}_*.deb"))
        if not found:
            with tempfile.TemporaryDirectory(prefix="download-", dir=cache) as folder:
                deb = _download(package, pathlib.Path(folder), cache)
                # Complete or absent, also when another process downloads the same.
                found = [cache / deb.name]
                os.replace(deb, found[0])
        _check(package, found[-1])
        debs[package] = found[-1]
    return debs
