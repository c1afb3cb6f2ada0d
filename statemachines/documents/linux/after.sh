# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_run and wl_seconds come from the prologue, the rest from library.sh
# After: lets the post hook in, on a node that has got everything and is up again. It undoes what a pre hook did, so it runs where that ran.
wl_enter reboot after
if [ "$wl_run" = yes ] && [ -e "$wl_dir/work" ]; then wl_hook_begin after "$wl_seconds"; else wl_say after ok; fi
