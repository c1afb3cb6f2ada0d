#!/bin/sh
# Runs the scripts that Wavelock runs on nodes against real package managers: apt on a Debian 12, dnf and zypper on repositories built
# here, and apt with snapshots on an Ubuntu 24.04. Needs root on a Debian with its package mirror in reach; works without systemd and
# without containers. The base systems are made once by debootstrap and kept under the temporary directory. Without an Ubuntu mirror in
# reach its cases are left out, and said so. The last line says `N passed, N failed`.
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo 'node-tests: needs root' >&2 && exit 1; }
# The mirror that this machine's own apt uses, if it has Debian 12's.
# shellcheck disable=SC2016 # apt's own variable
own=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Codename: bookworm' 2>/dev/null | head -n 1)
mirror=${WAVELOCK_DEBIAN_MIRROR:-$own} # without one, debootstrap takes its own default
packages=rpm,dnf,zypper,createrepo-c,busybox,gawk
cache=${TMPDIR:-/tmp}/wavelock-node-tests
ubuntu=${WAVELOCK_UBUNTU_MIRROR:-http://archive.ubuntu.com/ubuntu}

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

# system NAME SUITE ARGUMENTS…: a base system in the scratch directory, from the kept archive or by debootstrap.
system() {
  name=$1
  shift
  mkdir "$scratch/$name"
  if [ -f "$cache/$name.tar" ]; then
    tar -xf "$cache/$name.tar" -C "$scratch/$name"
    return
  fi
  suite=$1 mirror=$2 script=$3
  shift 3
  # shellcheck disable=SC2086 # nothing at all where there is no mirror or script of one's own
  debootstrap --variant=minbase "$@" "$suite" "$scratch/$name" $mirror $script >"$scratch/$name.log" 2>&1 || return
  tar -cf "$cache/$name.new" -C "$scratch/$name" . && mv "$cache/$name.new" "$cache/$name.tar"
}

system bookworm bookworm "$mirror" '' --include="$packages" || { tail -n 20 "$scratch/bookworm.log" >&2 && exit 1; }
# Debian has no keys of Ubuntu, and knows its releases by the script of an old one. Nothing of this system leaves the test.
system noble noble "$ubuntu" /usr/share/debootstrap/scripts/gutsy --no-check-gpg --include=ca-certificates || {
  echo "NOT RUN: no Ubuntu 24.04 to be had from $ubuntu, so no snapshots of its archive"
  ubuntu=''
}
node_modules/.bin/tsx test/documents/node/main.ts "$scratch/bookworm" "$scratch/roots" ${ubuntu:+"$scratch/noble"}
