# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_run comes from the prologue, the rest from library.sh
# Closing: looks how the post hook ended, and lets AWS-RunPatchBaseline in, whose Scan brings the compliance that AWS shows up to date.
# So late since packages that wait for a reboot count as missing there; and only where nothing of ours is at work any more.
[ -d "$wl_dir" ] || exit 0
wl_hook_end after
case "$(wl_state phase) $(wl_state said)" in
  'after ok' | 'after failed') [ "$wl_run" != yes ] || echo ready >"$wl_dir/hook.closing" ;;
esac
