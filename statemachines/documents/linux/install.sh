# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_dir and wl_batch come from lib.sh
# Install: starts the transaction on its own and waits for its result. A step that ends by time-out, cancel or agent restart is killed
# with its whole process group (amazon-ssm-agent, executers_unix.go); the transaction is in another one and goes on to its end.

# In a unit of its own where systemd runs, so that a stop of the agent's unit doesn't reach it either. A start that failed half-way
# may be repeated: the transaction begins only once.
wl_start() {
  if [ -d /run/systemd/system ]; then
    for wl_collect in --collect ''; do
      # shellcheck disable=SC2086 # no option at all before systemd 236
      systemd-run --quiet $wl_collect --unit="wavelock-$wl_batch" --description="Wavelock batch $wl_batch" \
        /bin/sh "$wl_dir/transaction.sh" && return
    done
  fi
  setsid /bin/sh "$wl_dir/transaction.sh" </dev/null >/dev/null 2>&1 3>&- 7>&- &
}

# Gone without a result: the node went down, or somebody killed it. Looked at twice, since it takes its lock a moment after its start.
wl_lost() {
  [ -e "$wl_dir/started" ] && ! wl_held "$wl_dir/running" && sleep 1 && ! wl_held "$wl_dir/running" && [ ! -e "$wl_dir/install.exit" ]
}

if [ "$(wl_state phase) $(wl_state said)" = 'install running' ]; then
  wl_quiet "$wl_dir/log"
  wl_hold_step
else
  wl_hook_end before
  wl_enter before install
  if [ ! -s "$wl_dir/wanted" ]; then
    wl_say install ok
    exit 0
  fi
  wl_say install running
  wl_start
fi
wl_waited=0
while [ ! -e "$wl_dir/install.exit" ]; do
  wl_lost && wl_fail install install-failed 'the transaction ended without a result'
  [ -e "$wl_dir/started" ] || [ "$wl_waited" -lt 60 ] || wl_fail install install-failed 'the transaction could not be started'
  sleep 1
  wl_waited=$((wl_waited + 1))
done
[ "$(cat "$wl_dir/install.exit")" = 0 ] || wl_fail install install-failed "$(wl_complaint "$wl_dir/install.log")"
wl_say install ok
