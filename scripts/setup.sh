# Sourced by scripts/demo and scripts/test: finds out what the machine lacks and installs it.
# Names only packages of Debian 12; where neither root nor sudo is at hand it prints the one command to run.

ingot_build_packages=(
  g++ cmake ninja-build pkg-config git ca-certificates
  libedit-dev libfmt-dev libcli11-dev nlohmann-json3-dev libexpected-dev libpcre2-dev libutf8proc-dev libxxhash-dev
  python3 python3-pip
)
ingot_test_packages=(
  libgtest-dev libgmock-dev clang libclang-rt-14-dev clang-format clang-tidy qemu-user valgrind
)

say() { printf '\n== %s\n' "$*" >&2; }

# install_packages PACKAGE...: installs those that dpkg does not list as installed.
install_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "These packages are missing and this user may not install them. As root, run:" >&2
      echo "  apt-get install ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  say "installing ${missing[*]}"
  "${as_root[@]}" apt-get update -qq >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

# build PRESET [-DNAME=VALUE...] [TARGET...]: configures and builds, with the output shown only when it fails.
build() {
  local preset=$1 log
  shift
  log=$(mktemp)
  local settings=() targets=()
  while [[ "${1:-}" == -D* ]]; do
    settings+=("$1")
    shift
  done
  [ $# -gt 0 ] && targets=(--target "$@")
  if ! { cmake --preset "$preset" "${settings[@]}" && cmake --build --preset "$preset" "${targets[@]}"; } >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    echo "building the preset $preset failed" >&2
    return 1
  fi
  rm -f "$log"
}
