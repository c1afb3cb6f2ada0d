# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_family comes from platform.sh
# Reading the package database, never writing it: what is installed, which of two versions is newer, is the database sound.

# One line a package: name, arch, version, source (`-` where it has the package's own name), tab-separated.
# An epoch is written only where it is not 0, as in the lock.
wl_installed() {
  case "$wl_family" in
    apt)
      dpkg-query -W -f '${db:Status-Abbrev}\t${Package}\t${Architecture}\t${Version}\t${source:Package}\n' |
        awk -F '\t' 'substr($1, 2, 1) == "i" { print $2 "\t" $3 "\t" $4 "\t" ($5 == $2 ? "-" : $5) }'
      ;;
    *)
      rpm -qa --qf '%{NAME}\t%{ARCH}\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\t%{SOURCERPM}\n' |
        awk -F '\t' '$1 != "gpg-pubkey" {
          sub(/^0:/, "", $3); sub(/-[^-]*-[^-]*$/, "", $4)
          print $1 "\t" $2 "\t" $3 "\t" ($4 == $1 || $4 ~ /^\(/ ? "-" : $4)
        }'
      ;;
  esac
}

# rpm's order of versions (rpm-version(7)) as awk functions: `evr(a, b)` is -1, 0 or 1. One awk instead of one rpm a package.
# Strings are compared by their first difference, so that mawk, gawk and busybox awk agree in the C locale.
wl_awk_evr='
function part(a, b,    x, y, n, m, digits) {
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
    match(a, digits ? /^[0-9]+/ : /^[A-Za-z]+/); n = substr(a, 1, RLENGTH); a = substr(a, RLENGTH + 1)
    if (!match(b, digits ? /^[0-9]+/ : /^[A-Za-z]+/)) return digits ? 1 : -1
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
  return x == "" || y == "" ? 0 : part(x, y)
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

# Says what is wrong with the package database; nothing where it is sound. An interrupted rpm leaves a package in two versions.
wl_broken() {
  case "$wl_family" in
    apt)
      if ls /var/lib/dpkg/updates/[0-9]* >/dev/null 2>&1; then
        echo 'dpkg was interrupted: run dpkg --configure -a'
      elif [ -n "$(dpkg --audit 2>&1)" ]; then
        echo "dpkg --audit: $(dpkg --audit 2>&1 | sed -n 's/^ \([^ ]*\) .*/\1/p' | tr '\n' ' ')"
      elif ! wl_why=$(apt-get check -q -o Debug::NoLocking=1 -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= 2>&1); then
        printf 'apt-get check: %s\n' "$wl_why" | tail -n 3
      fi
      ;;
    *)
      if ! rpm -qa >/dev/null 2>&1; then
        echo 'rpm -qa fails: the database can not be read'
        return
      fi
      rpm -qa --qf '%{NAME}.%{ARCH} [%{PROVIDES} ]\n' | awk '
        / installonlypkg\(|^kernel|^kmod-|^gpg-pubkey/ { next }
        seen[$1]++ == 1 { twice = twice " " $1 }
        END { if (twice != "") print "installed in two versions (an interrupted transaction?):" twice }'
      ;;
  esac
}
