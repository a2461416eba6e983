# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by .ci/setup and .ci/install, after packages.sh: finds a Python for the environment.
#
# The SIP engine decides: its wheel exists for CPython 3.11 and 3.12 (and older) on x86_64 only.
# Elsewhere the distribution's own module `pjsua2` serves, seen through --system-site-packages.

WHEEL_VERSIONS='3.12 3.11'

takes_the_wheel() {
    [ "$(uname -m)" = x86_64 ] && "$1" -c '
import ensurepip, platform, sqlite3, ssl, sys, venv
sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)) or platform.libc_ver()[0] != "glibc")
' 2>/dev/null
}

has_engine_itself() {
    "$1" -c '
import ensurepip, importlib.util, sys, venv
sys.exit(sys.version_info < (3, 11) or importlib.util.find_spec("pjsua2") is None)
' 2>/dev/null
}

loads_the_engine() { takes_the_wheel "$1" || has_engine_itself "$1"; }

installed_pythons() {
    local version
    printf '%s\n' ${PYTHON:+"$PYTHON"} python3
    for version in $WHEEL_VERSIONS; do
        printf '%s\n' "/usr/bin/python$version" "python$version"
        compgen -G "$HOME/.pyenv/versions/$version.*/bin/python" || true
    done
}

# Debian 12 and Ubuntu 22.04, 24.04 have one of the versions; Debian 13 has none.
python_by_apt() {
    local version
    type -P apt-cache >/dev/null && [ "$(uname -m)" = x86_64 ] || return 1
    as_root true && apt_update_once
    for version in $WHEEL_VERSIONS; do
        if apt-cache show "python$version-venv" >/dev/null 2>&1; then
            apt_install "python$version-venv (Python for offhook)" "python$version-venv"
            takes_the_wheel "/usr/bin/python$version" && echo "/usr/bin/python$version" && return
        fi
    done
    return 1
}

# A subshell, so that the scratch environment goes; the Python itself stays in the user's home.
python_by_uv() (
    [ "$(uname -m)" = x86_64 ] || return 1
    say "fetching Python 3.12 with uv, as no Python here can load the SIP engine"
    uv=$(type -P uv) || {
        python3 -c 'import ensurepip, venv' 2>/dev/null ||
            apt_install "python3-venv (to fetch another Python)" python3-venv
        scratch=$(mktemp -d)
        trap 'rm -rf "$scratch"' EXIT
        python3 -m venv "$scratch" && "$scratch/bin/pip" install -q uv >&2 || return 1
        uv=$scratch/bin/uv
    }
    "$uv" python install --no-progress 3.12 >&2 && "$uv" python find --no-project 3.12
)

# choose_python: prints the interpreter and, where needed, the option for its environment.
choose_python() {
    local python
    while read -r python; do
        takes_the_wheel "$python" && echo "$python" && return
    done < <(installed_pythons)
    for python in ${PYTHON:-} python3 /usr/bin/python3; do
        has_engine_itself "$python" && echo "$python --system-site-packages" && return
    done
    python_by_apt || python_by_uv || fail "no Python here can load the SIP engine: install" \
        "Python 3.11 or 3.12 (on x86_64) or your distribution's Python module 'pjsua2'," \
        "name it with PYTHON=/path/to/python3, and run this again."
}
