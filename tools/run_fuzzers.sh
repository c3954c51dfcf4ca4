#!/usr/bin/env bash
# run_fuzzers.sh BUILD_DIR SECONDS: runs every fuzz target that long from its seeds, two at a time.
# New inputs go to BUILD_DIR/fuzz/found/TARGET, crashing ones to BUILD_DIR/fuzz/crashes.
set -euo pipefail
cd "$(dirname "$0")/.."
build_dir=$1
seconds=$2
mkdir -p "$build_dir/fuzz/crashes"
run_one() {
  local target=$1 name
  name=$(basename "$target")
  mkdir -p "$build_dir/fuzz/found/$name"
  local seeds=()
  [ -d "fuzz/corpus/$name" ] && seeds=("fuzz/corpus/$name")
  if ! "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=4096 -print_final_stats=1 \
    -artifact_prefix="$build_dir/fuzz/crashes/$name-" "$build_dir/fuzz/found/$name" "${seeds[@]}" \
    >"$build_dir/fuzz/$name.log" 2>&1; then
    tail -n 60 "$build_dir/fuzz/$name.log" >&2
    echo "$name failed" >&2
    return 1
  fi
  echo "$name: $(grep -o 'stat::number_of_executed_units: *[0-9]*' "$build_dir/fuzz/$name.log" | grep -o '[0-9]*$') inputs"
}
export -f run_one
export build_dir seconds
find "$build_dir/fuzz" -maxdepth 1 -type f -executable -name '*_fuzzer' | sort | xargs -P2 -I{} bash -c 'run_one {}'
