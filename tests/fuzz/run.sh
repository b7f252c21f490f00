#!/usr/bin/env bash
# Builds the fuzz targets with clang's libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer and runs each from its corpus.
#
#   tests/fuzz/run.sh [SECONDS] [TARGET...]     SECONDS each, 60 by default; all targets by default
#
# Prints executions, edges covered and findings of each. Exit code 0: no finding; 1: one, its input stays in build/fuzz/findings
# and belongs into corpus/TARGET once it is mended; 2: it cannot be tried here.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-60}
shift || true
targets=("$@")
if [[ ${#targets[@]} == 0 ]]; then
  for source in tests/fuzz/*_fuzz.cpp; do
    name=$(basename "$source")
    targets+=("${name%_fuzz.cpp}")
  done
fi
if ! command -v clang++-19 >/dev/null || ! compgen -G '/usr/lib/llvm-19/lib/clang/19/lib/*/libclang_rt.fuzzer*.a' >/dev/null; then
  echo "fuzz: clang 19 with libFuzzer is needed: run deploy/setup.sh, or apt-get install clang-19 libclang-rt-19-dev" >&2
  exit 2
fi

if ! log=$(cmake --preset fuzz 2>&1); then echo "$log" >&2; exit 2; fi
cmake --build --preset fuzz --target fuzz_targets -- -j2

findings=build/fuzz/findings
mkdir -p "$findings"
worst=0
printf '\n%-12s %12s %10s %10s  %s\n' target executions 'a second' edges findings
for target in "${targets[@]}"; do
  scratch=$(mktemp -d)
  mkdir "$scratch/new"
  dictionary=tests/fuzz/$target.dict
  options=(-max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 -artifact_prefix="$findings/$target-")
  [[ -f $dictionary ]] && options+=("-dict=$dictionary")
  found=none
  if ! build/fuzz/tests/"${target}_fuzz" "${options[@]}" "$scratch/new" "tests/fuzz/corpus/$target" >"$scratch/log" 2>&1; then
    found="yes, below"
    worst=1
  fi
  printf '%-12s %12s %10s %10s  %s\n' "$target" \
    "$(awk '/stat::number_of_executed_units/ {print $2}' "$scratch/log")" \
    "$(awk '/stat::average_exec_per_sec/ {print $2}' "$scratch/log")" \
    "$(awk '{for (i = 1; i < NF; i++) if ($i == "cov:") edges = $(i + 1)} END {print edges}' "$scratch/log")" "$found"
  [[ $found == none ]] || tail -n 60 "$scratch/log"
  rm -rf "$scratch"
done
exit "$worst"
