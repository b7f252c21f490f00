#!/usr/bin/env bash
# What cannot run here is at least judged: Kubernetes' manifests against its schemas, the container file by its linter.
# Usage: tests/deploy/manifests.sh kubernetes | container
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=${XDG_CACHE_HOME:-$HOME/.cache}/tutti/test-venv/bin

case ${1:-} in
  kubernetes)
    for version in 1.28.0 1.31.0 1.34.0; do
      "$tools/kubernetes-validate" --strict --kubernetes-version "$version" deploy/kubernetes/*.yaml
    done
    # What one manifest names in another.
    python3 - <<'PY'
import pathlib, re
text = "\n".join(path.read_text() for path in pathlib.Path("deploy/kubernetes").glob("*.yaml"))
assert set(re.findall(r"namespace: (\S+)", text)) == {"tutti"}, "all is in one namespace"
selected = set(re.findall(r"(?:selector|matchLabels): \{app: ([\w-]+)\}", text))
labelled = set(re.findall(r"labels: \{app: ([\w-]+)\}", text))
for path in pathlib.Path("deploy/kubernetes").glob("*.yaml"):
    for container in re.split(r"\n      containers:\n", path.read_text())[1:]:
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert probe + ":" in container, f"{path}: a container without a {probe}"
metrics = pathlib.Path("coordinator/http/metrics.cpp").read_text()
for metric in re.findall(r"metric: \{name: (\w+)\}", text):
    assert f'"{metric}"' in metrics, f"workers are scaled by {metric}, which the coordinator does not tell"
assert selected <= labelled, f"selected but labelled nowhere: {selected - labelled}"
PY
    ;;
  container) "$tools/hadolint" --failure-threshold info deploy/container/Containerfile && echo 'hadolint: no finding' ;;
  *) echo "usage: $0 kubernetes | container" >&2; exit 2 ;;
esac
