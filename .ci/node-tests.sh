#!/bin/sh
# Runs the scripts that Wavelock runs on nodes against real package managers: apt on a Debian 12, dnf and zypper on repositories built
# here. Needs root on a Debian with its package mirror in reach; works without systemd and without containers. The base system is made
# once by debootstrap and kept under the temporary directory. The last line says `N passed, N failed`.
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo 'node-tests: needs root' >&2 && exit 1; }
# The mirror that this machine's own apt uses, if it has Debian 12's.
# shellcheck disable=SC2016 # apt's own variable
own=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Codename: bookworm' 2>/dev/null | head -n 1)
mirror=${WAVELOCK_DEBIAN_MIRROR:-$own} # without one, debootstrap takes its own default
packages=rpm,dnf,zypper,createrepo-c,busybox,gawk
cache=${TMPDIR:-/tmp}/wavelock-node-tests
base=$cache/bookworm.tar

export DEBIAN_FRONTEND=noninteractive
for tool in debootstrap shellcheck; do
  command -v "$tool" >/dev/null || missing="${missing-} $tool"
done
if [ -n "${missing-}" ]; then
  apt-get update -q >/dev/null
  # shellcheck disable=SC2086 # one word a package
  apt-get install -y -q --no-install-recommends debian-archive-keyring $missing >/dev/null
fi

mkdir -p "$cache"
scratch=$(mktemp -d "$cache/run.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
if [ -f "$base" ]; then
  mkdir "$scratch/base"
  tar -xf "$base" -C "$scratch/base"
else
  debootstrap --variant=minbase --include="$packages" bookworm "$scratch/base" ${mirror:+"$mirror"} >"$scratch/debootstrap.log" 2>&1 ||
    { tail -n 20 "$scratch/debootstrap.log" >&2 && exit 1; }
  tar -cf "$base.new" -C "$scratch/base" . && mv "$base.new" "$base"
fi
node_modules/.bin/tsx test/documents/node/main.ts "$scratch/base" "$scratch/roots"
