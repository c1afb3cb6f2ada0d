# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_dir and wl_cache come from base.sh, wl_zypp_wait from zypper.sh
# What resolve.sh asks of every package manager, for zypper.

# Lock items as zypper names them: openssl.x86_64=1:3.0.8-150400.4.1
wl_zypper_specs() { # file of `name arch version`
  awk '{ print $1 "." $2 "=" $3 }' "$1"
}

# Of the packages in a file, those that the repositories offer, as `name arch version`.
wl_offered_zypper() { # file of `name arch version`
  # shellcheck disable=SC2046 # one argument a package; names were checked when the lock was read
  wl_zypper --no-refresh search -s -t package --match-exact $(cut -d ' ' -f 1 "$1") | awk -v asked="$1" "$wl_awk_attribute"'
    BEGIN { while ((getline line <asked) > 0) want[line] = 1 }
    /^<solvable / { line = attribute("name") " " attribute("arch") " " attribute("edition"); if (line in want) print line }'
}

# Dry run; writes $wl_dir/plan. zypper can't hide packages, so `closed` asks again with the lock's version named for each dependency
# that came at another one, until nothing changes any more.
wl_plan_zypper() { # closed|open
  cp "$wl_dir/wanted" "$wl_dir/named"
  while :; do
    # shellcheck disable=SC2046 # as above
    wl_zypper --no-refresh install --dry-run --no-recommends --auto-agree-with-licenses $(wl_zypper_specs "$wl_dir/named") \
      >"$wl_dir/plan.txt" 2>&1
    wl_code=$?
    cat "$wl_dir/plan.txt"
    : >"$wl_dir/plan"
    [ "$wl_code" -eq 0 ] || [ "$wl_code" -ge 100 ] || return 0
    wl_zypper_table <"$wl_dir/plan.txt" >"$wl_dir/plan"
    [ "$1" = closed ] || return 0
    awk 'FILENAME == ARGV[1] { lock[$1, $2] = $3; next } FILENAME == ARGV[2] { named[$1, $2] = 1; next }
      (($1, $2) in lock) && !(($1, $2) in named) && lock[$1, $2] != $3 { print $1, $2, lock[$1, $2] }' \
      "$wl_dir/universe" "$wl_dir/named" "$wl_dir/plan" >"$wl_dir/more"
    [ -s "$wl_dir/more" ] || return 0
    cat "$wl_dir/more" >>"$wl_dir/named"
  done
}

wl_plan_error_zypper() {
  sed -n 's/<[^>]*>//g; s/&apos;/"/g; s/^ *\(.*nothing provides.*\|.*conflicts.*\|.*requires.*\|No provider.*\)/\1/p' "$wl_dir/plan.txt" |
    head -n 2 | tr '\n' ' '
}

# From here on the network isn't needed.
wl_download_zypper() {
  # shellcheck disable=SC2046 # as above
  wl_zypper --no-refresh install --download-only --no-recommends --auto-agree-with-licenses $(wl_zypper_specs "$wl_dir/named") 2>&1
  wl_good=$?
  [ "$wl_good" -eq 0 ] || [ "$wl_good" -eq 102 ] || [ "$wl_good" -eq 103 ]
}

# The transaction as lines of a script; its exit status is the transaction's. 102 and 103 are zypper's words for success after which
# a reboot or a restart is advised (zypper(8), exit codes).
wl_transaction_zypper() {
  printf "ZYPP_LOCK_TIMEOUT=%s zypper --non-interactive --no-refresh --cache-dir '%s' install --no-recommends --auto-agree-with-licenses" \
    "$wl_zypp_wait" "$wl_cache/zypp"
  wl_zypper_specs "$wl_dir/named" | sed "s/.*/ '&'/" | tr -d '\n'
  printf '\ncase $? in 0 | 102 | 103) true ;; *) false ;; esac\n'
}
