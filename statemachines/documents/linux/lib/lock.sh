# shellcheck shell=sh
# The lock's text (lambdas/core/lock.ts).

# The section of one platform: items one a line as `use name arch version`, in the order in which reports index them.
# Writes $3, $3.releasever and $3.snapshot; fails where the lock has no such section or has a line of unknown form.
wl_lock_section() { # lock, platform, file to write
  rm -f "$3" "$3.releasever" "$3.snapshot"
  awk -v platform="$2" -v items="$3" -v release="$3.releasever" -v snapshot="$3.snapshot" '
    function refuse() { bad = 1; exit }
    NR == 1 { if ($0 != "wavelock-lock 1") refuse(); next }
    $1 == "platform" { mine = $2 == platform; found = found || mine; if (mine) printf "" >items; next }
    # What a scan of another node has said: the transaction is a script, and these words stand in it.
    $1 == "releasever" && $2 ~ /^[0-9][0-9.]*$/ { if (mine) print $2 >release; next }
    $1 == "snapshot" && $2 ~ /^[0-9]+T[0-9]+Z$/ { if (mine) print $2 >snapshot; next }
    ($1 == "update" || $1 == "dependency" || $1 == "kb") && NF == 4 {
      # These words become arguments of package managers.
      if ($2 !~ /^[A-Za-z0-9]/ || $2 $3 $4 ~ /[^A-Za-z0-9._+:~^-]/) refuse()
      if (mine) print >items
      next
    }
    { refuse() }
    END { exit bad || !found ? 1 : 0 }' "$1" && [ -e "$3" ] && return
  rm -f "$3"
  return 1
}
