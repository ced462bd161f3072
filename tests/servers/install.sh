#!/bin/sh
# Installs the real servers that the integration and browser tests use. Debian packages; needs root once.
# Does nothing where they are there already.
set -eu
missing=""
command -v mosquitto >/dev/null 2>&1 || test -x /usr/sbin/mosquitto || missing="$missing mosquitto mosquitto-clients"
command -v chromium >/dev/null 2>&1 || missing="$missing chromium fonts-noto-cjk"
test -z "$missing" && exit 0
command -v apt-get >/dev/null 2>&1 || { echo "please install:$missing (no apt-get here)" >&2; exit 1; }
test "$(id -u)" = 0 || { echo "please run as root: apt-get install$missing" >&2; exit 1; }
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# Packages start their services; the tests start their own on free ports.
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d.venueair
had_policy=0; test -e /usr/sbin/policy-rc.d && had_policy=1
test $had_policy = 1 || { mv /usr/sbin/policy-rc.d.venueair /usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; }
# shellcheck disable=SC2086  # a list of packages
apt-get install -y -qq --no-install-recommends $missing >/dev/null
test $had_policy = 1 || rm -f /usr/sbin/policy-rc.d
rm -f /usr/sbin/policy-rc.d.venueair
