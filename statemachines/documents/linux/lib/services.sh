# shellcheck shell=sh
# Services, so that one that the update has stopped is seen. A node without systemd (a chroot, a container) has none to watch.

# Services that run now and are meant to: enabled units only, since D-Bus starts others on demand and lets them end when idle.
wl_services() { # file for the list of units
  [ -d /run/systemd/system ] || return 0
  systemctl list-unit-files --type=service --no-legend --plain 2>/dev/null >"$1"
  systemctl list-units --type=service --state=running --no-legend --plain 2>/dev/null | awk -v files="$1" '
    BEGIN { while ((getline line <files) > 0) { split(line, f, " "); state[f[1]] = f[2] } }
    {
      unit = $1; template = unit; sub(/@.*\.service$/, "@.service", template)
      s = (unit in state) ? state[unit] : state[template]
      if (s ~ /^(enabled|enabled-runtime|generated)$/) print unit
    }' | LC_ALL=C sort
}

# Services of a list that do not run now, after up to $3 seconds for those that still start.
wl_services_down() { # list, scratch file, seconds
  [ -s "$1" ] || return 0
  wl_left=$3
  while :; do
    wl_services "$2.units" >"$2"
    wl_missing=$(awk 'FILENAME == ARGV[1] { up[$1] = 1; next } !($1 in up)' "$2" "$1")
    if [ -z "$wl_missing" ] || [ "$wl_left" -le 0 ]; then break; fi
    sleep 5
    wl_left=$((wl_left - 5))
  done
  [ -z "$wl_missing" ] || printf '%s\n' "$wl_missing"
}
