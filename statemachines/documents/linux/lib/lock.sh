# shellcheck shell=sh
# The lock's text (lambdas/core/lock.ts).

# The section of one platform: items one a line as `use name arch version`, in the order in which reports index them.
# Writes $3 and $3.releasever; fails where the lock has no such section or has a line of unknown form.
wl_lock_section() { # lock, platform, file to write
  rm -f "$3" "$3.releasever"
  awk -v platform="$2" -v items="$3" -v release="$3.releasever" '
    NR == 1 { if ($0 != "wavelock-lock 1") exit 2; next }
    $1 == "platform" { mine = $2 == platform; found = found || mine; if (mine) printf "" >items; next }
    $1 == "releasever" { if (mine) print $2 >release; next }
    ($1 == "update" || $1 == "dependency" || $1 == "kb") && NF == 4 {
      if ($2 $3 $4 ~ /[^A-Za-z0-9._+:~^-]/) exit 2 # these words become arguments of package managers
      if (mine) print >items
      next
    }
    { exit 2 }
    END { exit found ? 0 : 1 }' "$1" && [ -e "$3" ]
}
