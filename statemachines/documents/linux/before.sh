# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_run and wl_seconds come from the prologue, the rest from library.sh
# Before: lets the pre hook in, on a node where something is to do: one that has everything must not be drained for nothing.
# It comes as late as it can: what can be refused was refused, and what has to be downloaded is here.
wl_enter resolve before
wl_know_platform
if [ -s "$wl_dir/wanted" ] || wl_reboot_needed; then : >"$wl_dir/work"; fi
if [ "$wl_run" = yes ] && [ -e "$wl_dir/work" ]; then wl_hook_begin before "$wl_seconds"; else wl_say before ok; fi
