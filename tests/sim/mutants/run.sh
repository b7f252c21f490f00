#!/usr/bin/env bash
# The ways in which a fleet loses or doubles work, each caught by a named test.
exec "$(dirname "$0")/../../support/mutants.sh" "$(dirname "$0")"
