# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # wl_* pass between the prologue, this file and those before it
# Facts: what this node has and what its repositories offer it today, as the list of lambdas/core/facts.ts, and a report
# (ScanReport) with the list's hash: nodes with the same hash are alike, so the list itself is fetched once for all of them.
# Changes nothing: writes below $wl_home only. Without a list there is no report: "no updates" and "could not look" must differ.

# Who else updates this node, as far as it is configured on it. Patch associations and policies live in AWS, not here.
wl_others() {
  if apt-config dump APT::Periodic::Unattended-Upgrade 2>/dev/null | grep -q '"[1-9a-z]'; then echo unattended-upgrades; fi
  if wl_timer dnf-automatic-install.timer; then
    echo dnf-automatic
  elif wl_timer dnf-automatic.timer && grep -qE '^ *apply_updates *= *(yes|true|1)' /etc/dnf/automatic.conf; then
    echo dnf-automatic
  fi
  [ ! -e /system-update ] && [ ! -e /var/lib/PackageKit/prepared-update ] || echo packagekit-offline
  ! wl_timer transactional-update.timer || echo transactional-update
  [ -z "$(find /etc/cron.daily /etc/cron.weekly /etc/cron.monthly -name '*online_update*' 2>/dev/null)" ] || echo yast-online-update
}

wl_timer() {
  systemctl is-enabled "$1" >/dev/null 2>&1
}

wl_make_list() {
  wl_inventory >"$wl_dir/installed" || return 1
  wl_newest <"$wl_dir/installed" >"$wl_dir/newest"
  "wl_look_$wl_family" || return 1
  {
    printf 'P\t%s\n' "$wl_platform"
    printf 'K\t%s\n' "$(uname -r)"
    [ -z "$wl_releasever" ] || printf 'R\t%s\n' "$wl_releasever"
    [ -z "$wl_snapshot" ] || printf 'S\t%s\n' "$wl_snapshot"
    wl_held_release | sed 's/^/L\t/'
    wl_channels | sed 's/^/C\t/'
    wl_modules /etc/dnf/modules.d | sed 's/^/M\t/'
    sed 's/^/I\t/' "$wl_dir/installed"
    cat "$wl_dir/offers"
  } | sort -u >"$wl_dir/facts"
}

wl_others_json() {
  wl_others | while read -r wl_name; do printf ',"%s"' "$wl_name"; done
}

mkdir -p "$wl_dir" "$wl_cache" || exit 1
chmod 711 "$wl_home" "$wl_cache"
wl_quiet "$wl_dir/log"
wl_sweep
wl_know_platform
wl_releasever='' wl_snapshot='' wl_dnf_state="$wl_cache/dnf-state"
if [ -z "$wl_family" ] || ! wl_make_list; then
  printf 'no list: %s\n' "$(tail -n 1 "$wl_dir/log" | cut -c1-300)" >&3
  exit 1
fi
wl_others=$(wl_others_json)
# The snapshot is named after the time of the scan: with it, no two scans would be alike.
printf '{"v":1,"do":"scan","fp":"%s","platform":"%s","boot":"%s","kernel":"%s","pending":"%s","others":[%s]' \
  "$(awk -F '\t' '$1 != "S"' "$wl_dir/facts" | sha256sum | cut -d ' ' -f 1)" "$wl_platform" "$(wl_boot_id)" "$(wl_json "$(uname -r)" 100)" "$(wl_pending)" \
  "${wl_others#,}" >&3
printf ',"diskMb":%s,"agent":"%s","n":%s}\n' "$(wl_free_mb /var)" "$(wl_json "$(wl_agent_version)" 40)" \
  "$(grep -c '^A' "$wl_dir/facts")" >&3
