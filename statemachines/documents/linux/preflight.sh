# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_sha256, wl_patience come from the prologue, the rest from files before this one
# Preflight: is this the plan's lock, and is the node in a state in which installing is safe? Changes nothing.
# Refuses with one reason, in the order in which a person would have to deal with them.

# Free space below which an install isn't begun. Downloads and unpacked packages both go under /var and /usr.
wl_need_mb=300
wl_need_boot_mb=100

wl_check_lock() {
  [ "$(sha256sum <"$wl_dir/lock" | cut -d ' ' -f 1)" = "$wl_sha256" ] ||
    wl_refuse preflight lock-mismatch 'the downloaded lock is not the one that the plan names'
  wl_know_platform
  [ -n "$wl_family" ] || wl_refuse preflight no-platform "$wl_platform has no apt, dnf 4 or zypper"
  wl_lock_section "$wl_dir/lock" "$wl_platform" "$wl_dir/items" ||
    wl_refuse preflight no-platform "the lock has nothing for $wl_platform"
}

wl_check_agent() {
  wl_agent_found=$(wl_agent_version)
  printf '%s\n' "$wl_agent_found" | awk -F . 'NF > 2 && $1 * 1000000 + $2 * 10000 + $3 < 3011045 { old = 1 } END { exit old ? 1 : 0 }' ||
    wl_refuse preflight agent-too-old "the SSM agent is $wl_agent_found; 3.1.1045.0 or newer is needed"
}

wl_check_disk() {
  for wl_path in / /usr /var "$wl_home"; do
    wl_free=$(wl_free_mb "$wl_path")
    [ "${wl_free:-0}" -ge "$wl_need_mb" ] || wl_refuse preflight disk-full "$wl_path has ${wl_free:-0} MB free, $wl_need_mb are needed"
  done
  grep -qE '^[a-z]+ (kernel|linux-image)' "$wl_dir/items" || return 0
  wl_free=$(wl_free_mb /boot)
  [ "${wl_free:-0}" -ge "$wl_need_boot_mb" ] ||
    wl_refuse preflight disk-full "/boot has ${wl_free:-0} MB free, $wl_need_boot_mb are needed for a kernel"
}

# Others get some time to end: a node must not drop out because cron was at work in this minute.
wl_check_others() {
  wl_end=$(($(date +%s) + wl_patience))
  while :; do
    if wl_who=$(wl_updater); then wl_reason=other-updater
    elif wl_who=$(wl_busy); then wl_reason=package-manager-busy
    else return 0; fi
    [ "$(date +%s)" -lt "$wl_end" ] || wl_refuse preflight "$wl_reason" "$wl_who"
    wl_log "waiting for $wl_who"
    sleep 5
  done
}

# AWS-RunPatchBaseline leaves these when it wants a reboot; while they stand, its next run exits without installing or reboots.
wl_check_markers() {
  for wl_marker in /var/log/amazon/ssm/patch-baseline-operations-reboot-194 /var/log/amazon/ssm/patch-baseline-operations-reboot-195 \
    /var/log/amazon/ssm/patch-baseline-operations-reboot-196; do
    [ ! -e "$wl_marker" ] || wl_refuse preflight foreign-patch-run "AWS-RunPatchBaseline waits for a reboot: $wl_marker"
  done
}

wl_enter claim preflight
wl_check_lock
wl_check_agent
wl_check_markers
wl_check_disk
wl_check_others
wl_ill=$(wl_broken)
[ -z "$wl_ill" ] || wl_refuse preflight package-manager-broken "$wl_ill"
# Only now: whoever was at work a minute ago may have changed these.
wl_installed >"$wl_dir/installed" || wl_refuse preflight package-manager-broken 'the package database could not be read to its end'
wl_services "$wl_dir/unit-files" >"$wl_dir/services"
wl_boot_id >"$wl_dir/boot"
wl_say preflight ok
