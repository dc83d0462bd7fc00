#!/bin/sh
# Set up a virtual environment in .venv and run the tests. Arguments go to pytest.
# On Debian and Ubuntu, as root, what some tests drive for real is installed too (tmux, ssh, sshd,
# bubblewrap, vim, htop); elsewhere those tests are skipped where the program is missing.
set -eu
cd "$(dirname "$0")/.."

need=""
for pair in tmux:tmux ssh:openssh-client sshd:openssh-server bwrap:bubblewrap vim:vim htop:htop; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || [ -x "/usr/sbin/${pair%%:*}" ] || need="$need ${pair##*:}"
done
if [ -n "$need" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update -qq >/dev/null
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $need >/dev/null
fi

[ -x .venv/bin/python ] || "${PYTHON:-python3}" -m venv .venv
# Asked again only when what the project needs has changed.
if ! cmp -s pyproject.toml .venv/installed.toml; then
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -e '.[sandbox,test]'
    cp pyproject.toml .venv/installed.toml
fi

# Compiled files are kept: without them every worker, sandbox and app compiles all anew.
unset PYTHONDONTWRITEBYTECODE
# One more than there are processors: a test waits a fifth of its time.
workers="${WORKERS:-$(($(getconf _NPROCESSORS_ONLN) + 1))}"
exec .venv/bin/python -m pytest -n "$workers" --dist worksteal "$@"
