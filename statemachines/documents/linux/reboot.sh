# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_dir comes from lib.sh
# Reboot: only if the OS needs it, whoever made it need it. Exit 194 has the agent reboot the node and run this very step again
# (amazon-ssm-agent, rebooter); the boot id tells whether that happened. An agent that can't reboot would come back for ever.
wl_most_tries=2

if [ "$(wl_state phase) $(wl_state said)" = 'reboot working' ]; then
  wl_quiet "$wl_dir/log"
  wl_hold_step
  if [ "$(wl_boot_id)" != "$(cat "$wl_dir/boot.before")" ]; then
    echo 1 >"$wl_dir/rebooted"
    wl_say reboot ok
    exit 0
  fi
else
  wl_enter install reboot
  wl_know_platform
  if ! wl_reboot_needed; then
    wl_say reboot ok
    exit 0
  fi
  wl_boot_id >"$wl_dir/boot.before"
fi
wl_tries=$(cat "$wl_dir/tries" 2>/dev/null || echo 0)
[ "$wl_tries" -lt "$wl_most_tries" ] ||
  wl_fail reboot reboot-not-done "asked for a reboot $wl_tries times, the node still runs the same boot"
echo $((wl_tries + 1)) >"$wl_dir/tries"
wl_log "asking the agent to reboot, time $((wl_tries + 1))"
exit 194
