# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_dir comes from base.sh
# What the steps around a hook have to do with it; frame.sh tells how it runs.

# Lets a hook in: the next aws:runDocument runs it. The state stays `working`, although nobody of us is at work meanwhile.
wl_hook_begin() { # name, seconds that it may take
  echo $(($(date +%s) + $2)) >"$wl_dir/hook.$1.deadline"
  echo ready >"$wl_dir/hook.$1"
}

# Why a hook that is over did not do its work; nothing where it did. Installing must not begin later than a hook may take: the command may
# be over by then, and its window too.
wl_hook_fault() { # name, directory
  case "$(cat "$2/hook.$1" 2>/dev/null)" in
    entered) [ "$1" != before ] || ! wl_hook_late "$1" "$2" || echo 'did not end in time' ;;
    again) echo 'asked for a reboot, which a hook must not' ;;
    ready) echo 'was not run' ;;
    *) echo failed ;;
  esac
}

wl_hook_late() { # name, directory
  [ "$(date +%s)" -gt "$(cat "$2/hook.$1.deadline" 2>/dev/null || echo 0)" ]
}

wl_hook_name() { # name, directory
  cat "$2/hook.$1.document" 2>/dev/null || echo "the $1 hook"
}

# Turns the state of a phase that waited for its hook into how that ended. For the step after the hook: the agent comes there also when
# the hook failed or timed out.
wl_hook_end() { # name
  [ "$(wl_state phase) $(wl_state said)" = "$1 working" ] || return 0
  wl_fault=$(wl_hook_fault "$1" "$wl_dir")
  if [ -z "$wl_fault" ]; then
    wl_say "$1" ok
  else
    wl_say "$1" failed hook-failed "$(wl_hook_name "$1" "$wl_dir") $wl_fault"
  fi 2>>"$wl_dir/log"
}
