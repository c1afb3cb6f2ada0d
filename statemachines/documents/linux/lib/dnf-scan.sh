# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_* come from files before this one
# What facts.sh asks of every package manager, for dnf: writes $wl_dir/offers.

# Amazon Linux 2023 sees only the release that it is on. `latest` shows what exists; which release that is, the newest
# system-release says, and the lock carries it (docs.aws.amazon.com/linux/al2023/ug/deterministic-upgrades.html).
wl_look_dnf() {
  [ "${wl_platform#amazon-linux-2023}" = "$wl_platform" ] || wl_releasever=latest
  wl_refresh_dnf || return 1
  wl_dnf -C upgrade --nobest --assumeno >"$wl_dir/upgrade.txt" 2>&1
  cat "$wl_dir/upgrade.txt"
  grep -qE '^(Transaction Summary|Nothing to do\.)$' "$wl_dir/upgrade.txt" || return 1
  wl_dnf_table <"$wl_dir/upgrade.txt" >"$wl_dir/offer"
  wl_dnf -q -C updateinfo list --available >"$wl_dir/updateinfo.txt" || return 1
  # ALAS2023-2026-901 Important/Sec. openssl-1:3.0.8-1.amzn2023.0.5.x86_64
  awk 'NF == 3 {
    kind = $2 ~ /Sec\.$/ ? "security" : $2 ~ /^(bugfix|enhancement)$/ ? $2 : "other"
    s = tolower($2); sub(/\/sec\.$/, "", s); if (s == "medium") s = "moderate"
    if (kind != "security" || s !~ /^(critical|important|moderate|low)$/) s = "unrated"
    nevra = $3; arch = nevra; sub(/.*\./, "", arch); nevra = substr(nevra, 1, length(nevra) - length(arch) - 1)
    if (!match(nevra, /-[^-]*-[^-]*$/)) next
    print $1, kind, s, substr(nevra, 1, RSTART - 1), arch, substr(nevra, RSTART + 1)
  }' "$wl_dir/updateinfo.txt" >"$wl_dir/advisories"
  wl_offers "$wl_dir/offer" "$wl_dir/advisories" >"$wl_dir/offers"
  [ "$wl_releasever" = latest ] || return 0
  wl_releasever=$(wl_dnf -q -C repoquery --latest-limit 1 --qf '%{version}' system-release | tail -n 1)
  [ -n "$wl_releasever" ] || { wl_log 'no system-release on offer: which release is the latest one?' && return 1; }
}
