# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_family comes from platform.sh
# Which of two versions is newer, and how this node stands to a lock.

# rpm's order of versions (rpm-version(7)) as awk functions: `evr(a, b)` is -1, 0 or 1. One awk instead of one rpm a package.
# Strings are compared by their first difference, so that mawk, gawk and busybox awk agree in the C locale.
wl_awk_evr='
function part(a, b,    x, y, n, m, digits, run) {
  while (a != "" || b != "") {
    sub(/^[^A-Za-z0-9~^]+/, "", a); sub(/^[^A-Za-z0-9~^]+/, "", b)
    x = substr(a, 1, 1); y = substr(b, 1, 1)
    if (x == "~" || y == "~") { if (x != y) return x == "~" ? -1 : 1; a = substr(a, 2); b = substr(b, 2); continue }
    if (x == "^" || y == "^") {
      if (x != y) { if (a == "") return -1; if (b == "") return 1; return x == "^" ? -1 : 1 }
      a = substr(a, 2); b = substr(b, 2); continue
    }
    if (a == "" || b == "") break
    digits = x ~ /[0-9]/
    match(a, run = digits ? "^[0-9]+" : "^[A-Za-z]+"); n = substr(a, 1, RLENGTH); a = substr(a, RLENGTH + 1)
    if (!match(b, run)) return digits ? 1 : -1
    m = substr(b, 1, RLENGTH); b = substr(b, RLENGTH + 1)
    if (digits) {
      sub(/^0+/, "", n); sub(/^0+/, "", m)
      if (length(n) != length(m)) return length(n) > length(m) ? 1 : -1
    }
    if ((n "") != (m "")) return ("x" n) > ("x" m) ? 1 : -1
  }
  return a != "" ? 1 : (b != "" ? -1 : 0)
}
function evr(a, b,    x, y, i, r) {
  x = "0"; y = "0"
  if ((i = index(a, ":"))) { x = substr(a, 1, i - 1); a = substr(a, i + 1) }
  if ((i = index(b, ":"))) { y = substr(b, 1, i - 1); b = substr(b, i + 1) }
  if ((r = part(x, y))) return r
  i = index(a, "-"); x = i ? substr(a, i + 1) : ""; if (i) a = substr(a, 1, i - 1)
  i = index(b, "-"); y = i ? substr(b, i + 1) : ""; if (i) b = substr(b, 1, i - 1)
  if ((r = part(a, b))) return r
  return part(x, y)
}'

# Reads `… <tab> have <tab> want` and adds how `have` stands to `want`: absent, same, older or newer.
wl_relate() {
  case "$wl_family" in
    apt)
      wl_tab=$(printf '\t')
      while IFS= read -r wl_row; do
        wl_want=${wl_row##*"$wl_tab"}
        wl_have=${wl_row%"$wl_tab"*}
        wl_have=${wl_have##*"$wl_tab"}
        if [ "$wl_have" = - ]; then wl_rel=absent
        elif [ "$wl_have" = "$wl_want" ]; then wl_rel=same
        elif dpkg --compare-versions "$wl_have" lt "$wl_want"; then wl_rel=older
        elif dpkg --compare-versions "$wl_have" gt "$wl_want"; then wl_rel=newer
        else wl_rel=same; fi
        printf '%s\t%s\n' "$wl_row" "$wl_rel"
      done
      ;;
    *)
      awk -F '\t' "$wl_awk_evr"'{
        have = $(NF - 1); r = have == "-" ? 0 : evr(have, $NF)
        print $0 "\t" (have == "-" ? "absent" : r < 0 ? "older" : r > 0 ? "newer" : "same")
      }'
      ;;
  esac
}

# Of packages that may be installed in several versions (kernels) only the newest counts: reads and writes wl_installed lines.
wl_newest() {
  awk -F '\t' "$wl_awk_evr"'{
    key = $1 "\t" $2
    if (!(key in best)) { order[++n] = key; best[key] = $3 } else if (evr($3, best[key]) > 0) best[key] = $3
  } END { for (i = 1; i <= n; i++) print order[i] "\t" best[order[i]] }'
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
