#!/bin/sh
# The tests run against real PostgreSQL and MariaDB servers, which they start themselves. As root on Debian the packages
# are installed here; elsewhere the tests that need them are skipped by name, and these lines say how to have them.
# Azurite (Azure's blobs) comes by npm, where there is one; S3's and Google's servers come with the Python packages.
set -u
# DVC runs as a command of its own, in an environment of its own: what it brings is not in the lock.
if [ ! -x .venv-dvc/bin/dvc ]; then
  echo "installing dvc for the tests into .venv-dvc"
  { "${PYTHON:-python3}" -m venv .venv-dvc && .venv-dvc/bin/python -m pip install --quiet --disable-pip-version-check 'dvc>=3.67'; } >/dev/null 2>&1 ||
    echo "not here: dvc. Its tests will be skipped. To run them: python3 -m venv .venv-dvc && .venv-dvc/bin/pip install dvc" >&2
fi
if [ -d .venv ] && [ ! -d .venv/azurite/node_modules/azurite ]; then
  if command -v npm >/dev/null 2>&1; then
    echo "installing Azurite for the tests"
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix .venv/azurite azurite@3 >/dev/null 2>&1
  fi
  [ -d .venv/azurite/node_modules/azurite ] ||
    echo "not here: Azurite. Its tests will be skipped. To run them: npm install --prefix .venv/azurite azurite@3" >&2
fi
missing=""
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="postgresql"
command -v mariadbd >/dev/null 2>&1 || [ -x /usr/sbin/mariadbd ] || missing="$missing mariadb-server"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing Debian's $missing for the tests"
  # shellcheck disable=SC2086
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } >/dev/null 2>&1 && exit 0
fi
echo "not here: $missing. Its tests will be skipped. To run them: sudo apt-get install $missing" >&2
exit 0
