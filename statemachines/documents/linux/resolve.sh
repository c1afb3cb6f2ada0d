# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # wl_* pass between this file and those before it
# Resolve: a dry run decides whether this node can get exactly what was proven. Installs nothing; what it downloads goes to
# $wl_home/cache. Wanted are the lock's updates that are installed here in an older version; beside them the transaction may hold the
# lock's `dependency` items where something wanted needs them, and nothing else. A newer version stays: the report names it.

# The lock's versions that may take part: everything wanted, and dependencies that this node has not or has in an older version.
wl_choose() {
  wl_stand "$wl_dir/items" "$wl_dir/before" >"$wl_dir/stand"
  awk -F '\t' '$7 == "older" && $2 != "dependency" { print $3, $4, $6 }' "$wl_dir/stand" >"$wl_dir/wanted"
  awk -F '\t' '$7 == "older" || ($7 == "absent" && $2 == "dependency") { print $3, $4, $6 }' "$wl_dir/stand" >"$wl_dir/universe"
}

# Lines of the first file that the second lacks.
wl_lacking() { # file, file
  awk 'FILENAME == ARGV[1] { have[$0] = 1; next } !($0 in have)' "$2" "$1"
}

wl_names() {
  awk '{ print $1 " " $3 }' | head -n 5 | tr '\n' ',' | sed 's/,$//; s/,/, /g'
}

# Why the closed world has no solution: the open one shows what else the vendor's repositories would bring today.
wl_explain() {
  ! grep -q 'Held packages were changed' "$wl_dir/plan.txt" ||
    wl_refuse resolve install-failed "held on this node (apt-mark hold): $(apt-mark showhold | tr '\n' ' ')"
  "wl_plan_$wl_family" open
  wl_lacking "$wl_dir/plan" "$wl_dir/universe" >"$wl_dir/outside"
  [ ! -s "$wl_dir/outside" ] || wl_refuse resolve unproven-dependency "outside the lock: $(wl_names <"$wl_dir/outside")"
  wl_lacking "$wl_dir/universe" "$wl_dir/offered" >"$wl_dir/gone"
  [ ! -s "$wl_dir/gone" ] || wl_refuse resolve gone "no longer offered here: $(wl_names <"$wl_dir/gone")"
  wl_refuse resolve unproven-dependency "$("wl_plan_error_$wl_family")"
}

# What of the lock is on offer here. Where the archive's snapshot does not have all that is wanted, the node's repositories may.
wl_look() {
  "wl_refresh_$wl_family" || wl_refuse resolve package-manager-broken "the repositories can not be read: $(tail -n 2 "$wl_dir/log")"
  "wl_offered_$wl_family" "$wl_dir/universe" >"$wl_dir/offered"
  wl_lacking "$wl_dir/wanted" "$wl_dir/offered" >"$wl_dir/gone"
  if [ -s "$wl_dir/gone" ] && [ -n "$wl_snapshot" ]; then
    wl_snapshot=''
    wl_look
  fi
}

# What runs detached: it outlives the step, the agent and the command. Once only, whoever starts it again.
wl_write_transaction() {
  {
    printf '#!/bin/sh\n# Written by Wavelock for batch %s. Runs on its own until the package manager has ended.\n' "$wl_batch"
    printf "cd / && umask 022 && set -C && : >'%s/started' && set +C || exit 0\n" "$wl_dir"
    printf "exec 9>'%s/running' </dev/null >>'%s/install.log' 2>&1 && flock 9\n" "$wl_dir" "$wl_dir"
    # shellcheck disable=SC2016 # expanded by the script that is written
    printf 'export HOME=/root LC_ALL=C PATH="$PATH:/usr/sbin:/usr/bin:/sbin:/bin"\n'
    printf 'export DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 APT_LISTCHANGES_FRONTEND=none NEEDRESTART_MODE=a\n'
    # Services that the packages restart must not inherit the lock.
    printf '(\nexec 9>&-\n%s\n)\ncode=$?\n' "$("wl_transaction_$wl_family")"
    printf "[ \$code -ne 0 ] || rm -rf '%s/apt/archives' '%s/zypp/packages'\n" "$wl_cache" "$wl_cache"
    printf "echo \$code >'%s/install.exit.new' && mv -f '%s/install.exit.new' '%s/install.exit'\n" "$wl_dir" "$wl_dir" "$wl_dir"
  } >"$wl_dir/transaction.sh"
}

wl_enter preflight resolve
wl_know_platform
wl_releasever=$(cat "$wl_dir/items.releasever" 2>/dev/null)
wl_snapshot=$(cat "$wl_dir/items.snapshot" 2>/dev/null)
wl_newest <"$wl_dir/installed" >"$wl_dir/before"
wl_choose
if [ ! -s "$wl_dir/wanted" ]; then
  wl_say resolve ok '' 'everything of the lock that is installed here has its version, or a newer one'
  exit 0
fi
wl_look
[ -n "$wl_snapshot" ] || [ ! -s "$wl_dir/items.snapshot" ] || : >"$wl_dir/no-snapshot"
[ ! -s "$wl_dir/gone" ] || wl_refuse resolve gone "no longer offered here: $(wl_names <"$wl_dir/gone")"
"wl_plan_$wl_family" closed
[ -z "$(wl_lacking "$wl_dir/wanted" "$wl_dir/plan")" ] || wl_explain
# The solver was given nothing else; this is the promise itself, so it is looked at again.
wl_lacking "$wl_dir/plan" "$wl_dir/universe" >"$wl_dir/outside"
[ ! -s "$wl_dir/outside" ] || wl_refuse resolve unproven-dependency "outside the lock: $(wl_names <"$wl_dir/outside")"
"wl_download_$wl_family" || wl_refuse resolve gone "can not be downloaded: $(tail -n 2 "$wl_dir/log")"
wl_write_transaction
wl_say resolve ok
