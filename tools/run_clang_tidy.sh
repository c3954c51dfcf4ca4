#!/usr/bin/env bash
# run_clang_tidy.sh BUILD_DIR [all]: clang-tidy over the sources that the last twenty commits touched, or over all.
# BUILD_DIR holds the compile_commands.json of a Clang build (the preset fuzz or clang).
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "${2:-}" = all ]; then
  files=$(git ls-files 'src/*.cpp' 'examples/*.cpp' 'tests/*.cpp')
else
  oldest=$(git rev-list --max-count=20 HEAD | tail -n 1)
  files=$(git diff --name-only --diff-filter=d "$oldest" HEAD -- 'src/*.cpp' 'examples/*.cpp' 'tests/*.cpp')
fi
[ -n "$files" ] || exit 0
# Without the precompiled headers, or every check walks through all of them again for each file; and so a file that lacks
# an include is found.
database=$(mktemp -d)
trap 'rm -rf "$database"' EXIT
sed -E 's/-Xclang -include(-pch)? -Xclang [^ "]+//g' "$1/compile_commands.json" > "$database/compile_commands.json"
# Only what the build compiles: a file without a compile command would be checked with the wrong flags.
for file in $files; do
  if grep -q "\"file\": \"$PWD/$file\"" "$1/compile_commands.json"; then echo "$file"; fi
done | xargs -P2 -n1 clang-tidy -p "$database" --quiet --warnings-as-errors='*' 2>/dev/null
