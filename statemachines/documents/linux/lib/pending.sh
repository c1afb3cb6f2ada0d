# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_family and wl_cache come from files before this one
# Does this node run what is installed on it? `reboot`: the kernel or a library below everything is older than the installed one;
# `restart`: some process still runs code that an update has replaced.

# Whether a kernel or one of the libraries below everything was installed after the node booted. Only times are compared:
# a kernel that the boot loader passes over on purpose would otherwise ask for a reboot for ever.
wl_core_changed() {
  wl_boot=$(sed -n 's/^btime //p' /proc/stat)
  [ -n "$wl_boot" ] || return 1
  case "$wl_family" in
    apt)
      for wl_list in /var/lib/dpkg/info/linux-image-[0-9]*.list /var/lib/dpkg/info/libc6[:.]*list /var/lib/dpkg/info/libssl[0-9]*.list \
        /var/lib/dpkg/info/systemd.list /var/lib/dpkg/info/dbus.list /var/lib/dpkg/info/dbus-daemon.list; do
        [ -e "$wl_list" ] || continue
        [ "$(stat -c %Y "$wl_list")" -gt "$wl_boot" ] && wl_log "installed since boot: $wl_list" && return 0
      done
      return 1
      ;;
    *)
      wl_list=$(rpm -qa --qf '%{NAME} %{INSTALLTIME}\n' | awk -v boot="$wl_boot" '
        $1 ~ /^kernel(-core|-rt|-rt-core|-uek|-uek-core|-default|-azure|[0-9.]+)?$/ ||
        $1 ~ /^(glibc|systemd|dbus|dbus-daemon|dbus-broker|openssl-libs|libopenssl[0-9_]+|linux-firmware|microcode_ctl)$/ {
          if ($2 > boot) print $1
        }')
      [ -n "$wl_list" ] && wl_log "installed since boot: $wl_list"
      ;;
  esac
}

# The OS's own answer where it has one. Debian has none: only Ubuntu's packages write /run/reboot-required.
wl_reboot_needed() {
  [ -e /run/reboot-required ] && return 0
  case "$wl_family" in
    dnf)
      wl_answer=$(dnf -q -C --setopt=cachedir="$wl_cache/dnf" --setopt=logdir="$wl_cache/log" needs-restarting -r 2>/dev/null)
      case "$wl_answer" in
        *'Reboot is required'*) return 0 ;;
        *'Reboot should not be necessary'*) return 1 ;;
      esac
      ;;
    zypper)
      ZYPP_LOGFILE="$wl_cache/zypp.log" zypper --non-interactive needs-rebooting >/dev/null 2>&1
      [ $? -eq 102 ] && return 0
      ;;
  esac
  wl_core_changed
}

# Whether a process of this system (not of a container on it) executes a file that was deleted under it.
wl_restart_needed() {
  wl_space=$(readlink /proc/self/ns/pid)
  # shellcheck disable=SC2013 # file names of /proc have no spaces; the loop has to return from the function
  for wl_maps in $(grep -lE ' r-xp .* /(usr|lib|lib64|bin|sbin|opt)/.* \(deleted\)$' /proc/[0-9]*/maps 2>/dev/null); do
    [ "$(readlink "${wl_maps%/maps}/ns/pid" 2>/dev/null)" = "$wl_space" ] || continue
    wl_log "runs replaced code: $(tr '\0' ' ' <"${wl_maps%/maps}/cmdline" | cut -c1-120)"
    return 0
  done
  return 1
}

wl_pending() {
  if wl_reboot_needed; then echo reboot; elif wl_restart_needed; then echo restart; fi
}
