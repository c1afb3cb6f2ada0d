# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_* come from files before this one
# Where this node gets fixes from besides the repositories that every node of its release has, in the words of `Affected.channel`
# (lambdas/core/advisory.ts), and which streams of modules it follows. Reads only.
wl_channels() {
  "wl_channels_$wl_family"
  [ "$(cat /proc/sys/crypto/fips_enabled 2>/dev/null)" != 1 ] || [ "$wl_family" = apt ] || echo fips
}

# Services of Ubuntu Pro that are enabled. A node that is not attached is not asked: it would look for offers on the network.
wl_channels_apt() {
  [ -e /var/lib/ubuntu-advantage/private/machine-token.json ] || return 0
  # The first one writes nothing; clients before version 28 don't have it.
  { pro api u.pro.status.enabled_services.v1 || pro status --format json; } 2>/dev/null | wl_pro_services
}

# Reads the JSON of either: one object a service, with its name and with `variant_enabled` or its status.
wl_pro_services() {
  tr '{' '\n' | awk '
    /"variant_enabled"|"status": *"(enabled|warning)"/ && match($0, /"name": *"[a-z-]+"/) {
      name = substr($0, RSTART, RLENGTH - 1); sub(/.*"/, "", name)
      if (name == "livepatch") print name; else print "pro:" (name == "realtime-kernel" ? "realtime" : name)
    }'
}

# By the names of the enabled repositories: Red Hat's lines (rhel-9-for-x86_64-baseos-eus-rpms) stand for the minor release that is
# installed, Oracle's ksplice and Amazon's kernel-livepatch for themselves.
wl_channels_dnf() {
  wl_dnf -q -C repolist 2>/dev/null | awk -v release="$(wl_os_version /etc/os-release)" '
    match($1, /-baseos-(eus|aus|tus|e4s)(-|$)/) { line = substr($1, RSTART + 8); sub(/-.*/, "", line); print line ":" release }
    $1 ~ /ksplice/ { print "ksplice" }
    $1 ~ /^kernel-livepatch/ { print "livepatch" }'
}

wl_channels_zypper() {
  [ ! -e /etc/products.d/SLES-LTSS.prod ] || echo ltss
  [ ! -e /etc/products.d/SLES_SAP.prod ] || echo sap
  [ ! -e /etc/products.d/sle-module-live-patching.prod ] || echo livepatch
}

# `9.2` of an os-release file.
wl_os_version() {
  (
    VERSION_ID=''
    # shellcheck disable=SC1090
    . "$1" && echo "$VERSION_ID"
  )
}

# `ruby:3.1` for each enabled module: dnf keeps one file for each that was ever touched.
wl_modules() { # directory of dnf's module states
  for wl_module in "$1"/*.module; do
    [ -e "$wl_module" ] || continue
    awk -F ' *= *' '
      $1 == "name" { name = $2 } $1 == "stream" { stream = $2 } $1 == "state" { state = $2 }
      END { if (state == "enabled" && name != "" && stream != "") print name ":" stream }' "$wl_module"
  done
}

# The dated release of Amazon Linux 2023 that this node's dnf looks at, or `latest`: what an administrator wrote, else what is installed.
wl_held_release() {
  case "$wl_platform" in
    amazon-linux-2023-*) { cat /etc/dnf/vars/releasever 2>/dev/null || rpm -q --qf '%{VERSION}\n' system-release; } | grep -xE 'latest|[0-9.]+' ;;
  esac
}
