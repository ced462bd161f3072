#!/bin/sh
# Installs the servers of the integration and browser tests that Debian packages; needs root once.
# Does nothing where they are there already.
set -eu
missing=""
command -v mosquitto >/dev/null 2>&1 || test -x /usr/sbin/mosquitto || missing="$missing mosquitto mosquitto-clients"
command -v chromium >/dev/null 2>&1 || missing="$missing chromium fonts-noto-cjk"
command -v victoria-metrics >/dev/null 2>&1 || missing="$missing victoria-metrics"
test -z "$missing" && exit 0
command -v apt-get >/dev/null 2>&1 || { echo "please install:$missing (no apt-get here)" >&2; exit 1; }
test "$(id -u)" = 0 || { echo "please run as root: apt-get install$missing" >&2; exit 1; }
export DEBIAN_FRONTEND=noninteractive
# Packages start their services; the tests start their own on free ports.
policy=/usr/sbin/policy-rc.d
if ! test -e $policy; then
  trap 'rm -f $policy' EXIT
  trap 'exit 1' HUP INT TERM
  printf '#!/bin/sh\nexit 101\n' > $policy
  chmod +x $policy
fi
apt-get update -qq
status=0
for package in $missing; do
  apt-get install -y -qq --no-install-recommends "$package" >/dev/null || {
    echo "could not install $package" >&2
    status=1
  }
done
exit $status
