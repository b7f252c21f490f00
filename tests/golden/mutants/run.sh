#!/usr/bin/env bash
# The faults that a study of this kind is prone to, each caught by a named test.
exec "$(dirname "$0")/../../support/mutants.sh" "$(dirname "$0")"
