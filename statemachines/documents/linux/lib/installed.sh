# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_family comes from platform.sh
# Reading the package database.

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
