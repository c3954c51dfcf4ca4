#!/usr/bin/env bash
# run_clang_tidy.sh BUILD_DIR [all]: clang-tidy over the sources that the last twenty commits touched, or over all.
# BUILD_DIR holds the compile_commands.json of the preset clang, which lists every file alone, and without precompiled
# headers: with them every check would walk through all of them again for each file, and a file that lacks an include
# would pass.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "${2:-}" = all ]; then
  files=$(git ls-files 'src/*.cpp' 'examples/*.cpp' 'tests/*.cpp')
else
  oldest=$(git rev-list --max-count=20 HEAD | tail -n 1)
  files=$(git diff --name-only --diff-filter=d "$oldest" HEAD -- 'src/*.cpp' 'examples/*.cpp' 'tests/*.cpp')
fi
[ -n "$files" ] || exit 0
# Only what the build compiles: a file without a compile command would be checked with the wrong flags.
for file in $files; do
  if grep -q "\"file\": \"$PWD/$file\"" "$1/compile_commands.json"; then echo "$file"; fi
done | xargs -P2 -n1 clang-tidy -p "$1" --quiet --warnings-as-errors='*' 2>/dev/null
