# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_cache comes from lib.sh
# zypper: how it is called and how its summary is read. Metadata and packages are kept in a cache of our own. Without a time to wait it
# would end at once where somebody else (PackageKit, mostly) looks at packages just now, and that node would count as failed.
wl_zypp_wait=300

wl_zypper() {
  ZYPP_LOCK_TIMEOUT=$wl_zypp_wait ZYPP_LOGFILE="$wl_cache/zypp.log" zypper --non-interactive --xmlout --cache-dir "$wl_cache/zypp" "$@"
}

wl_refresh_zypper() {
  mkdir -p "$wl_cache/zypp"
  wl_zypper refresh 2>&1
}

# shellcheck disable=SC2016 # awk's own $0
# The value of an attribute: awk function for the XML of zypper, which has one element a line.
wl_awk_attribute='
function attribute(name,    s) {
  if (!match($0, " " name "=\"[^\"]*\"")) return ""
  s = substr($0, RSTART, RLENGTH); sub(/^[^"]*"/, "", s); sub(/"$/, "", s)
  return s
}'

# Reads zypper's summary; writes what would come in as `name arch version`.
wl_zypper_table() {
  awk "$wl_awk_attribute"'
    /^<to-(upgrade|install|reinstall|downgrade|change-arch|upgrade-change-arch|downgrade-change-arch)/ { take = 1 }
    /^<\/to-|^<to-remove/ { take = 0 }
    take && /^<solvable / && attribute("type") == "package" { print attribute("name"), attribute("arch"), attribute("edition") }'
}
