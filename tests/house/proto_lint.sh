#!/usr/bin/env bash
# Lints the wire contract with buf: proto_lint.sh ROOT
set -euo pipefail
buf=${XDG_CACHE_HOME:-$HOME/.cache}/tutti/test-venv/bin/buf
if [ ! -x "$buf" ]; then
  echo 'proto_lint: buf is missing: run deploy/setup.sh --with-tests' >&2
  exit 1
fi
# The config is given here, so that the top folder of the project stays as it is agreed.
# The session's messages are frames, not a request and a response: design words win over that one naming rule.
cd "$1/proto"
exec "$buf" lint . --config \
  '{"version":"v2","lint":{"use":["STANDARD"],"except":["RPC_REQUEST_STANDARD_NAME","RPC_RESPONSE_STANDARD_NAME","RPC_REQUEST_RESPONSE_UNIQUE"]}}'
