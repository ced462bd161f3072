#!/bin/sh
# Gets the peers and databases of `make bench` once per machine: VictoriaMetrics from Debian, Telegraf from its
# Go module, Node-RED from npm; the last two into the user's cache folder. Does nothing for what is there.
# InfluxDB and mosquitto come with `make servers`. Never fails: what cannot be had is named, and its rows
# are left out.
set -u
here=$(cd "$(dirname "$0")" && pwd)
cache="${XDG_CACHE_HOME:-$HOME/.cache}/venueair"
mkdir -p "$cache"

skipped() { echo "skipped: $1: $2" >&2; }
has() { command -v "$1" >/dev/null 2>&1; }

get_victoria_metrics() {
  has victoria-metrics && return
  has apt-get || { skipped VictoriaMetrics "no apt-get here; install victoria-metrics"; return; }
  test "$(id -u)" = 0 || { skipped VictoriaMetrics "needs root once: apt-get install victoria-metrics"; return; }
  # The package starts its service; the benchmark starts its own on a free port.
  mine=0
  test -e /usr/sbin/policy-rc.d || { mine=1; printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; }
  { apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends victoria-metrics; } \
    >"$cache/victoria-metrics.log" 2>&1 || skipped VictoriaMetrics "see $cache/victoria-metrics.log"
  test $mine = 0 || rm -f /usr/sbin/policy-rc.d
}

get_telegraf() {
  binary="$cache/telegraf-1.36.4/telegraf"
  test -x "$binary" && return
  has go || { skipped Telegraf "go is not installed"; return; }
  echo "building Telegraf 1.36.4 (about a minute, once)"
  mkdir -p "$(dirname "$binary")"
  # Without these tags every plugin is built, and one of them cannot be.
  tags="custom,inputs.mqtt_consumer,parsers.json,parsers.json_v2,outputs.influxdb_v2,serializers.influx"
  (cd "$here/telegraf" && go build -buildvcs=false -mod=readonly -tags "$tags" -o "$binary.new" \
    github.com/influxdata/telegraf/cmd/telegraf) >"$cache/telegraf.log" 2>&1 && mv "$binary.new" "$binary" ||
    skipped Telegraf "see $cache/telegraf.log"
}

get_node_red() {
  folder="$cache/node-red-4.1.15"
  test -x "$folder/node_modules/.bin/node-red" && return
  { has node && has npm; } || { skipped Node-RED "node or npm is not installed"; return; }
  echo "installing Node-RED 4.1.15 with node-red-contrib-influxdb (seconds, once)"
  mkdir -p "$folder"
  cp "$here/node-red/package.json" "$here/node-red/package-lock.json" "$folder/"
  (cd "$folder" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund) >"$cache/node-red.log" 2>&1 ||
    { rm -rf "$folder/node_modules"; skipped Node-RED "see $cache/node-red.log"; }
}

get_victoria_metrics
get_telegraf
get_node_red
