#!/usr/bin/env bash
# install_test.sh BUILD_FOLDER MODEL COMPILER: installs into an empty folder, builds examples/embed against what lies
# there, and the example must write what the installed program writes.
set -euo pipefail
build=$1
model=$2
compiler=$3
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/prefix" >"$work/log" || { cat "$work/log"; exit 1; }
cmake -S "$here/../examples/embed" -B "$work/embed" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" \
  -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_CXX_FLAGS="-Wall -Wextra -Werror" >"$work/log" || { cat "$work/log"; exit 1; }
cmake --build "$work/embed" >"$work/log" || { cat "$work/log"; exit 1; }

expected=$("$work/prefix/bin/ingot" generate "$model" -p "hello world" -n 32 --temp 0 </dev/null | base64)
written=$("$work/embed/embed" "$model" "hello world" | base64)
echo "program: $expected"
echo "example: $written"
[ -n "$written" ] && [ "$written" = "$expected" ]

for script in bash-completion/completions/ingot zsh/site-functions/_ingot fish/vendor_completions.d/ingot.fish; do
  grep -q "made by: ingot completion" "$work/prefix/share/$script" || { echo "$script is missing"; exit 1; }
done

# A newer interface than the installed one must not be found.
mkdir "$work/newer"
printf 'cmake_minimum_required(VERSION 3.25)\nproject(newer LANGUAGES CXX)\nfind_package(ingot 99.0 REQUIRED)\n' \
  >"$work/newer/CMakeLists.txt"
if cmake -S "$work/newer" -B "$work/newer/build" -DCMAKE_PREFIX_PATH="$work/prefix" >"$work/log" 2>&1; then
  echo "find_package(ingot 99.0) found version $("$work/prefix/bin/ingot" --version | head -1)"
  exit 1
fi
