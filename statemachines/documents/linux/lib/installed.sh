# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_family comes from platform.sh
# Reading the package database.

# One line a package: name, arch, version, source (`-` where it has the package's own name), tab-separated.
# An epoch is written only where it is not 0, as in the lock. Fails where the database was not read to its end: half a list would
# look like a node without the other packages.
wl_installed() {
  case "$wl_family" in
    apt)
      { dpkg-query -W -f '${db:Status-Abbrev}\t${Package}\t${Architecture}\t${Version}\t${source:Package}\n' && echo end; } |
        awk -F '\t' '
          $0 == "end" { whole = 1; next }
          substr($1, 2, 1) == "i" { print $2 "\t" $3 "\t" $4 "\t" ($5 == $2 ? "-" : $5) }
          END { exit whole ? 0 : 1 }'
      ;;
    *)
      { rpm -qa --qf '%{NAME}\t%{ARCH}\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\t%{SOURCERPM}\n' && echo end; } |
        awk -F '\t' '
          $0 == "end" { whole = 1; next }
          $1 != "gpg-pubkey" {
            sub(/^0:/, "", $3); sub(/-[^-]*-[^-]*$/, "", $4)
            print $1 "\t" $2 "\t" $3 "\t" ($4 == $1 || $4 ~ /^\(/ ? "-" : $4)
          }
          END { exit whole ? 0 : 1 }'
      ;;
  esac
}
