#!/bin/sh
# The tests run against real PostgreSQL and MariaDB servers, which they start themselves. As root on Debian the packages
# are installed here; elsewhere the tests that need them are skipped by name, and these lines say how to have them.
set -u
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
