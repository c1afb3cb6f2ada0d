# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_family, wl_home and wl_dir come from files before this one
# Who else is at work on this node's packages right now. Nothing here waits for a lock or takes one.

# Says which process holds a record lock on a file. /proc/locks names pid and inode; that the process has the very file open is
# asked of /proc, since inode numbers repeat across file systems.
wl_lock_holder() { # file
  [ -e "$1" ] || return 1
  wl_inode=$(stat -c %i "$1")
  # shellcheck disable=SC2013 # numbers; the loop has to return from the function
  for wl_pid in $(awk -v inode="$wl_inode" '{ n = split($6, f, ":"); if (f[n] == inode && $5 > 0) print $5 }' /proc/locks); do
    for wl_fd in "/proc/$wl_pid/fd"/*; do
      [ "$(readlink "$wl_fd" 2>/dev/null)" = "$1" ] || continue
      wl_process "$wl_pid"
      return 0
    done
  done
  return 1
}

wl_process() { # pid
  printf '%s (pid %s)\n' "$(tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null | cut -c1-80)" "$1"
}

# Says who holds the package manager; fails where it is free.
wl_busy() {
  for wl_other in "$wl_home"/*/running; do
    [ "$wl_other" != "$wl_dir/running" ] || continue
    wl_held "$wl_other" || continue
    echo "batch $(basename "$(dirname "$wl_other")") still installs"
    return 0
  done
  case "$wl_family" in
    apt) wl_lock_holder /var/lib/dpkg/lock-frontend || wl_lock_holder /var/lib/dpkg/lock ;;
    *)
      wl_lock_holder "$(rpm --eval '%{_dbpath}')/.rpm.lock" && return
      for wl_file in /var/lib/dnf/rpmdb_lock.pid /run/zypp.pid; do
        wl_pid=$(cat "$wl_file" 2>/dev/null) || continue
        [ -n "$wl_pid" ] && [ -d "/proc/$wl_pid" ] && wl_process "$wl_pid" && return
      done
      return 1
      ;;
  esac
}

# Names an updater that is running now. By the words of its command line: unattended-upgrades keeps a second, idle process
# (unattended-upgrade-shutdown) alive all the time, which is not it.
wl_updater() {
  cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' | awk -F / '
    # [-]: this very awk has its program on its command line.
    /patch-baseline[-]operations/ { print "AWS-RunPatchBaseline"; found = 1; exit }
    $NF ~ /^(unattended-upgrades?|dnf-automatic|yum-cron|transactional-update|packagekit-offline-update|pk-offline-update)$/ {
      print $NF; found = 1; exit
    }
    END { exit found ? 0 : 1 }'
}
