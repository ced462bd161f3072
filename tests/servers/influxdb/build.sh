#!/bin/sh
# Builds influxd 2.7.12 from its Go module into the user's cache folder, once per machine; does nothing where it is
# there. Needs go (1.24 or newer), gcc and cargo; takes about four minutes on two cores.
set -eu
version=2.7.12
cache="${XDG_CACHE_HOME:-$HOME/.cache}/venueair"
target="$cache/influxd-$version/influxd"
test -x "$target" && exit 0

missing=""
for tool in go gcc cargo; do
  command -v "$tool" >/dev/null 2>&1 || missing="$missing $tool"
done
test -z "$missing" || {
  echo "InfluxDB $version is not built: please install$missing, then run make servers again" >&2
  exit 1
}

cd "$(dirname "$0")"
mkdir -p "$cache"
work="$(mktemp -d "$cache/build.XXXXXX")"
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
echo "building influxd $version into $target (about four minutes, once per machine)"

# Flux, inside influxd, is a Rust library that cgo finds through InfluxData's own pkg-config.
mkdir "$work/bin"
go build -o "$work/bin/pkg-config" github.com/influxdata/pkg-config

# Flux denies warnings, and newer Rust has more of them. RUSTFLAGS would not reach its build dependencies.
printf '#!/bin/sh\nexec "$@" --cap-lints=allow\n' > "$work/bin/rustc-quiet"
chmod +x "$work/bin/rustc-quiet"

# Flux asks rustup for an old toolchain; the one that is there builds it too.
if command -v rustup >/dev/null 2>&1; then
  RUSTUP_TOOLCHAIN="${RUSTUP_TOOLCHAIN:-$(rustup show active-toolchain | cut -d' ' -f1)}"
  export RUSTUP_TOOLCHAIN
fi

PATH="$work/bin:$PATH" RUSTC_WRAPPER="$work/bin/rustc-quiet" \
  go build -tags sqlite_foreign_keys,sqlite_json -ldflags "-X main.version=v$version" -o "$work/influxd" \
  github.com/influxdata/influxdb/v2/cmd/influxd
mkdir -p "$(dirname "$target")"
mv "$work/influxd" "$target"  # whole or not at all: an interrupted build leaves nothing that looks finished
