# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # wl_cache is for the files after this one; wl_home and wl_batch come from the document's prologue
#
# Shared by every step: where a batch keeps its files, how one step tells the next how it ended, and how text gets into a report.
# A batch's own directory is $wl_home/<BatchId>; its state file says which phase was entered last and how it ended:
#   phase preflight
#   said ok            working (entered, not ended) | ok | refused (nothing was changed) | failed
#   why gone           one of ReportReason in lambdas/core/report.ts, or empty
#   detail …           for people
set -u
umask 077
LC_ALL=C
PATH="$PATH:/usr/sbin:/usr/bin:/sbin:/bin"
export LC_ALL PATH
wl_dir="$wl_home/$wl_batch"
wl_cache="$wl_home/cache"

# Keeps standard output for the report alone (descriptor 3): one warning of a package manager on it would eat the report.
wl_quiet() { # file for everything else
  exec 3>&1
  if (: >>"$1") 2>/dev/null; then exec >>"$1" 2>&1; else exec >/dev/null 2>&1; fi
}

wl_log() {
  printf '%s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*" >&2
}

# The value of a word in a batch's state file; empty where there is none.
wl_state() { # word [directory]
  sed -n "s/^$1 //p" "${2:-$wl_dir}/state" 2>/dev/null
}

# Written beside and renamed: a step that is killed here leaves the old state or the new one, never half of one.
wl_say() { # phase, how it ended, why, detail
  wl_log "$1 $2 ${3-} ${4-}"
  {
    printf 'phase %s\nsaid %s\nwhy %s\n' "$1" "$2" "${3-}"
    printf 'detail %s\n' "$(printf '%s' "${4-}" | tr -s '\n\t' '  ' | cut -c1-300)"
  } >"$wl_dir/state.new" && mv -f "$wl_dir/state.new" "$wl_dir/state"
}

wl_refuse() { # phase, why, detail
  wl_say "$1" refused "$2" "${3-}"
  exit 0
}

wl_fail() { # phase, why, detail
  wl_say "$1" failed "$2" "${3-}"
  exit 0
}

# Enters a phase, or ends this step: a step works only if the one before it said `ok`, because the agent runs later steps
# also after one that timed out (amazon-ssm-agent, runpluginutil.go: onFailure looks at Failed only).
wl_enter() { # phase before, this phase
  [ -d "$wl_dir" ] || exit 0
  [ "$(wl_state phase) $(wl_state said)" = "$1 ok" ] || exit 0
  wl_quiet "$wl_dir/log"
  wl_hold_step
  wl_say "$2" working
}

# As long as a step works it holds this lock, so that a report can tell a step that still works from one that was killed.
wl_hold_step() {
  exec 7>"$wl_dir/step"
  flock -n 7 || exit 0
}

# The first complaint in a package manager's output: what follows it is mostly its consequence. Headings end in a colon.
wl_complaint() { # file
  grep -iE 'error|fail|conflict|unable|cannot|no space' "$1" | grep -v ':$' | head -n 1
}

# Whether some process holds a lock file. The lock goes with its holder, however that ends; a pid may be somebody else's tomorrow.
wl_held() { # file
  [ -e "$1" ] || return 1
  ! flock -n "$1" true 2>/dev/null
}

# A JSON string's inside: at most $2 characters, printable ASCII.
wl_json() { # text, limit
  printf '%s' "$1" | tr '\n\t' '  ' | tr -cd '\040-\176' | cut -c1-"${2:-200}" | sed 's/[\\"]/\\&/g'
}

# gzip without name and time, so that equal lists give equal text.
wl_pack() {
  gzip -9n | base64 | tr -d '\n'
}

# Directories of batches that began more than 30 days ago. One whose transaction still runs stays.
wl_sweep() {
  find "$wl_home" -mindepth 1 -maxdepth 1 -type d ! -name cache ! -name inbox -mtime +30 2>/dev/null | while read -r wl_old; do
    wl_held "$wl_old/running" || rm -rf "$wl_old"
  done
  find "$wl_home/inbox" -type f -mtime +30 -exec rm -f {} + 2>/dev/null
}
