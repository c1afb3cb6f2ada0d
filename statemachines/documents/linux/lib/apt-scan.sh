# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # wl_* come from files before this one
# What facts.sh asks of every package manager, for apt: writes $wl_dir/offers.

# Archives carry no advisories and no severity; that an update is a security update is told by the archive that has it. In another
# archive a newer version may stand on top of it, so all versions newer than the installed one are looked at.
wl_look_apt() {
  wl_snapshot=$(wl_snapshot_now)
  wl_refresh_apt || return 1
  wl_apt -s upgrade --with-new-pkgs >"$wl_dir/upgrade.txt" 2>&1 || { cat "$wl_dir/upgrade.txt" && return 1; }
  wl_apt_table <"$wl_dir/upgrade.txt" >"$wl_dir/offer"
  awk '$4 ~ /-security(,|$)/ { print $1 }' "$wl_dir/offer" >"$wl_dir/secure"
  awk '$4 !~ /-security(,|$)/ { print $1 }' "$wl_dir/offer" >"$wl_dir/unsure"
  if [ -s "$wl_dir/unsure" ]; then
    # openssl | 3.0.20-1 | http://deb.debian.org/debian-security bookworm-security/main amd64 Packages
    xargs apt-cache -c "$wl_dir/apt.conf" madison <"$wl_dir/unsure" | awk -F ' *[|] *' '
      $3 ~ /-security\// { sub(/^ */, "", $1); print $1, $2 }' | sort -u | wl_newer_than_installed >>"$wl_dir/secure"
  fi
  awk '
    FILENAME == ARGV[1] { secure[$1] = 1; next }
    FILENAME == ARGV[2] { split($0, f, "\t"); have[f[1], f[2]] = 1; if (f[2] == "all") all[f[1]] = 1; name[f[1]] = 1; next }
    # A package that becomes architecture-dependent, or stops being so, is still installed.
    !(($1, $2) in have) && !($1 in all) && !($2 == "all" && ($1 in name)) { print "D\t" $1 "\t" $2 "\t" $3; next }
    { print "A\t" $1 "\t" $2 "\t" $3 "\t" (($1 in secure) ? "security" : "other") "\tunrated\t-" }' \
    "$wl_dir/secure" "$wl_dir/newest" "$wl_dir/offer" >"$wl_dir/offers"
}

# Of `name version` lines, the names of those that are newer than what is installed.
wl_newer_than_installed() {
  while read -r wl_name wl_version; do
    wl_now=$(awk -F '\t' -v name="$wl_name" '$1 == name { print $3; exit }' "$wl_dir/newest")
    [ -n "$wl_now" ] && dpkg --compare-versions "$wl_version" gt "$wl_now" && echo "$wl_name"
  done
}
