# shellcheck shell=bash
# Sourced first by every script here: works from the repository root, whoever calls it and from wherever.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

# Without a cargo on the path maturin would quietly download a whole toolchain; it must say so instead.
export MATURIN_NO_INSTALL_RUST=1
export PIP_DISABLE_PIP_VERSION_CHECK=1
# A variable meant for the server at a developer's desk must not steer the ones that tests start; these are meant for the tests.
for variable in "${!EXECLAVE_@}"; do
    case $variable in
    EXECLAVE_BIN | EXECLAVE_CHROMIUM | EXECLAVE_TEST_DATABASE_URL | EXECLAVE_UPDATE) ;;
    *) unset "$variable" ;;
    esac
done

# say WORDS: a heading between steps.
say() {
    printf '\n== %s\n' "$*"
}

# fail MESSAGE [HINT...]: ends the script the way the command line tool does.
fail() {
    printf 'error: %s\n' "$1" >&2
    shift
    for hint in "$@"; do printf 'hint: %s\n' "$hint" >&2; done
    exit 1
}

# Builds the server that tests start, and names it in EXECLAVE_BIN; a caller who has set that has built it already.
build_server() {
    [ -z "${EXECLAVE_BIN:-}" ] || return 0
    say "building the server"
    cargo build --locked -p execlave-cli
    export EXECLAVE_BIN="${CARGO_TARGET_DIR:-$PWD/target}/debug/execlave"
}

# The first Python on the path that is new enough; nothing when there is none.
find_python() {
    local candidate
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
}
