#!/bin/sh
# The tests run against a real PostgreSQL server. As root on Debian its package is installed here; elsewhere the tests
# that need it are skipped by name, and this line says how to have them.
set -u
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing Debian's postgresql for the tests"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql; } >/dev/null 2>&1 && exit 0
fi
echo "PostgreSQL is not here: its tests will be skipped. To run them: sudo apt-get install postgresql" >&2
exit 0
