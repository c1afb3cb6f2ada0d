# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_family comes from platform.sh
# Reading the package database for matching: advisories speak of packages and of the sources they were built from.

# One line a package, as `I` lines are (lambdas/core/facts.ts): name, arch, version, source (`-` where it has the package's own name), and
# the source's version where that is another. An epoch is written only where it is not 0, as in the lock; a source's of rpm is not known.
# dpkg keeps removed packages whose configuration is still there: those are not installed. Fails where the database was not read to its
# end: what half a list lacks would look like not installed, and so like not exposed.
wl_inventory() {
  case "$wl_family" in
    apt)
      { dpkg-query -W -f '${db:Status-Abbrev}\t${Package}\t${Architecture}\t${Version}\t${source:Package}\t${source:Version}\n' && echo end; } |
        awk -F '\t' '
          $0 == "end" { whole = 1; next }
          substr($1, 2, 1) ~ /[itWFU]/ { print $2 "\t" $3 "\t" $4 "\t" ($5 == $2 ? "-" : $5) ($6 == $4 || $6 == "" ? "" : "\t" $6) }
          END { exit whole ? 0 : 1 }'
      ;;
    *)
      { rpm -qa --qf '%{NAME}\t%{ARCH}\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\t%{SOURCERPM}\t%{VERSION}-%{RELEASE}\n' && echo end; } |
        awk -F '\t' '
          $0 == "end" { whole = 1; next }
          $1 != "gpg-pubkey" {
            sub(/^0:/, "", $3); name = "-"; version = ""
            if (sub(/\.(no)?src\.rpm$/, "", $4) && match($4, /-[^-]*-[^-]*$/)) {
              name = substr($4, 1, RSTART - 1); version = substr($4, RSTART + 1)
            }
            print $1 "\t" $2 "\t" $3 "\t" (name == $1 ? "-" : name) (version == "" || version == $5 ? "" : "\t" version)
          }
          END { exit whole ? 0 : 1 }'
      ;;
  esac
}
