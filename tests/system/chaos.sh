#!/usr/bin/env bash
# Kills, freezes and cuts a real coordinator, real workers and their runners while a real sweep trains, and compares what comes
# out with a calm run of the same sweep, to the bit.
#
#   tests/system/chaos.sh --kills N [--seed S] [--bin DIR]     exit code 0: nothing was lost; 1: something was; 2: it cannot be tried here
#
# Everything runs in network namespaces of its own, the third worker in another one behind a link that is taken down and a proxy
# that resets and swallows. Where namespaces are not permitted nothing is tried at all.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

enter=(unshare --net)
[[ $(id -u) == 0 ]] || enter=(unshare --user --map-root-user --net)
if ! why=$("${enter[@]}" sh -c 'ip link set lo up && ip link add near type veth peer name far' 2>&1); then
  echo "chaos.sh: no network namespace with a veth pair can be made here, and without one no packets can vanish: ${why}" >&2
  echo "chaos.sh: run it as root, or permit user namespaces (sysctl kernel.unprivileged_userns_clone=1) and install iproute2" >&2
  exit 2
fi
exec "${enter[@]}" python3 "${here}/chaos/main.py" "$@"
