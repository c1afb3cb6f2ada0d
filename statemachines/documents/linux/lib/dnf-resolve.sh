# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_dir comes from lib.sh
# What resolve.sh asks of every package manager, for dnf.

# Lock items as dnf names them: openssl-1:3.0.8-1.amzn2023.x86_64
wl_dnf_specs() { # file of `name arch version`
  awk '{ print $1 "-" $3 "." $2 }' "$1"
}

# Of the packages in a file, those that the repositories offer, as `name arch version`.
wl_offered_dnf() { # file of `name arch version`
  # shellcheck disable=SC2046 # one argument a package; names and versions were checked when the lock was read
  wl_dnf -q -C repoquery --qf '%{name} %{arch} %{evr}' $(wl_dnf_specs "$1")
}

# Every version but the lock's is hidden from the solver. For repositories only: the option for all of dnf would hide what is installed.
wl_dnf_only() {
  wl_dnf_specs "$wl_dir/universe" | tr '\n' ',' | sed 's/,$//; s/^/--setopt=*.includepkgs=/'
}

# Dry run; writes $wl_dir/plan. `closed`: nothing exists but the lock; `open`: everything that the repositories have.
wl_plan_dnf() { # closed|open
  wl_only=''
  [ "$1" = open ] || wl_only=$(wl_dnf_only)
  # shellcheck disable=SC2046 # as above
  wl_dnf -C ${wl_only:+"$wl_only"} upgrade --best --assumeno $(wl_dnf_specs "$wl_dir/wanted") >"$wl_dir/plan.txt" 2>&1
  cat "$wl_dir/plan.txt"
  wl_dnf_table <"$wl_dir/plan.txt" >"$wl_dir/plan"
}

# The solver's own words for people.
wl_plan_error_dnf() {
  sed -n 's/^ *- //p; s/^Error: *//p' "$wl_dir/plan.txt" | grep . | head -n 2 | tr '\n' ' '
}

# From here on the network isn't needed.
wl_download_dnf() {
  # shellcheck disable=SC2046 # as above
  wl_dnf -y "$(wl_dnf_only)" upgrade --best --downloadonly $(wl_dnf_specs "$wl_dir/wanted") 2>&1
}

# The transaction as lines of a script; its exit status is the transaction's.
wl_transaction_dnf() {
  # shellcheck disable=SC2016 # the quotes belong to the line that is written
  printf "dnf -y -C --setopt=cachedir='%s' --setopt=install_weak_deps=False --setopt=keepcache=False %s '%s' upgrade --best" \
    "$wl_cache/dnf" "${wl_releasever:+--releasever='$wl_releasever'}" "$(wl_dnf_only)"
  wl_dnf_specs "$wl_dir/wanted" | sed "s/.*/ '&'/" | tr -d '\n'
  echo
}
