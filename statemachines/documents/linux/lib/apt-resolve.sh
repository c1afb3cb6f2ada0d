# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_dir and wl_cache come from lib.sh
# What resolve.sh asks of every package manager, for apt.

# Lock items as apt names them: openssl:amd64=3.0.20-1
wl_apt_specs() { # file of `name arch version`
  awk '{ print $1 ($2 == "all" || $2 == "-" ? "" : ":" $2) "=" $3 }' "$1"
}

# Of the packages in a file, those that the repositories offer, as `name arch version`.
wl_offered_apt() { # file of `name arch version`
  # shellcheck disable=SC2046 # one argument a package; names and versions were checked when the lock was read
  apt-cache -c "$wl_dir/apt.conf" show $(wl_apt_specs "$1") 2>/dev/null | awk '
    /^Package: / { name = $2 } /^Architecture: / { arch = $2 } /^Version: / { version = $2 }
    /^Filename: / { print name, arch, version }'
}

# Pins every package of the lock to its version and forbids all others. The node's own pins say which of several versions to prefer;
# here there is only one.
wl_apt_pins() {
  awk '{ print "Package: " $1 "\nPin: version " $3 "\nPin-Priority: 990\n" }' "$wl_dir/universe"
  printf 'Package: *\nPin: release *\nPin-Priority: -10\n'
}

wl_apt_only() {
  printf '%s ' -o "Dir::Etc::Preferences=$wl_dir/pins" -o "Dir::Etc::PreferencesParts=$wl_cache/apt/nothing"
}

# Dry run; writes $wl_dir/plan. `closed`: nothing exists but the lock; `open`: everything that the repositories have.
wl_plan_apt() { # closed|open
  wl_apt_pins >"$wl_dir/pins"
  wl_only=''
  [ "$1" = open ] || wl_only=$(wl_apt_only)
  # shellcheck disable=SC2046,SC2086 # options and packages, one word each
  wl_apt $wl_only -s -y --no-remove install $(wl_apt_specs "$wl_dir/wanted") >"$wl_dir/plan.txt" 2>&1
  wl_code=$?
  cat "$wl_dir/plan.txt"
  : >"$wl_dir/plan"
  [ "$wl_code" -ne 0 ] || wl_apt_table <"$wl_dir/plan.txt" | awk '{ print $1, $2, $3 }' >"$wl_dir/plan"
}

wl_plan_error_apt() {
  sed -n '/^The following packages have unmet/,$p' "$wl_dir/plan.txt" | sed -n '2,3p' | tr -s '\n ' '  '
  sed -n 's/^E: //p' "$wl_dir/plan.txt" | head -n 1
}

# From here on the network isn't needed. (apt's own --no-download breaks repositories that are files: it knows no path for them.)
wl_download_apt() {
  # shellcheck disable=SC2046 # as above
  wl_apt $(wl_apt_only) -y --no-remove --download-only install $(wl_apt_specs "$wl_dir/wanted") 2>&1
}

# The transaction as lines of a script; its exit status is the transaction's. A configuration file that somebody changed stays.
# `install` makes packages count as wanted by a person, so that autoremove would keep them for ever: they get their mark back.
wl_transaction_apt() {
  printf "apt-get -q -c '%s' %s -y --no-remove" "$wl_dir/apt.conf" "$(wl_apt_only)"
  printf ' %s' -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 install
  wl_apt_specs "$wl_dir/wanted" | sed "s/.*/ '&'/" | tr -d '\n'
  echo
  awk '{ print $1 ($2 == "all" ? "" : ":" $2) }' "$wl_dir/wanted" | xargs apt-mark showauto >"$wl_dir/auto"
  [ ! -s "$wl_dir/auto" ] || printf "set -- \$?; xargs apt-mark auto <'%s'; (exit \$1)\n" "$wl_dir/auto"
}
