# shellcheck shell=sh
# The lock's text (lambdas/core/lock.ts) and how this node stands to it.

# The section of one platform: items one a line as `use name arch version`, in the order in which reports index them.
# Writes $3 and $3.releasever; fails where the lock has no such section or has a line of unknown form.
wl_lock_section() { # lock, platform, file to write
  rm -f "$3" "$3.releasever"
  awk -v platform="$2" -v items="$3" -v release="$3.releasever" '
    NR == 1 { if ($0 != "wavelock-lock 1") exit 2; next }
    $1 == "platform" { mine = $2 == platform; found = found || mine; if (mine) printf "" >items; next }
    $1 == "releasever" { if (mine) print $2 >release; next }
    ($1 == "update" || $1 == "dependency" || $1 == "kb") && NF == 4 { if (mine) print >items; next }
    { exit 2 }
    END { exit found ? 0 : 1 }' "$1" && [ -e "$3" ]
}

# Lock items against a list of packages: `index use name arch have want relation`, tab-separated; `have` is `-` where absent.
# A package that became architecture-dependent (or stopped being so) is still the same package.
wl_stand() { # items, list of wl_newest
  awk -v list="$2" '
    BEGIN {
      while ((getline line <list) > 0) {
        split(line, f, "\t"); have[f[1], f[2]] = f[3]
        if (f[2] == "noarch" || f[2] == "all") any[f[1]] = f[3]
        else if (f[2] != "i686" && f[2] != "i386") own[f[1]] = f[3]
      }
    }
    {
      v = "-"
      if (($2, $3) in have) v = have[$2, $3]
      else if ($2 in any) v = any[$2]
      else if (($3 == "noarch" || $3 == "all") && $2 in own) v = own[$2]
      print NR - 1 "\t" $1 "\t" $2 "\t" $3 "\t" v "\t" $4
    }' "$1" | wl_relate
}
