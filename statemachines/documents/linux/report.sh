# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_* come from the prologue and from files before this one
# Report: prints one line (lambdas/core/report.ts, PatchReport) of what is on this node now. The finally step of Wavelock-Patch and
# the whole of Wavelock-Verify: only reads, so it may run as often as somebody asks.
#
# Patch tells how its own batch ended. Verify judges what is: it looks up the newest batch of the same lock for what was there before,
# and borrows that batch's reason only where something is missing.
wl_limit=2400 # of the 2,500 that ListCommandInvocations gives, the agent uses some for "failed to run commands: exit status 1"

wl_end_as() { # phase, end, why, detail
  wl_phase=$1 wl_end=$2 wl_why=$3 wl_detail=$4
}

# wl_last: the newest batch of this lock, which knows why something is missing. wl_origin: the newest that began to install, which
# knows what was there before; a later one that was refused or had nothing to do would not.
wl_find_origin() {
  wl_origin='' wl_last=''
  if [ "$wl_do" = patch ]; then
    [ ! -d "$wl_dir" ] || wl_origin=$wl_dir
    return 0
  fi
  wl_newest_last=0 wl_newest_origin=0
  for wl_claimed in "$wl_home"/*/claimed; do
    wl_one=${wl_claimed%/claimed}
    [ "$(cat "$wl_one/sha256" 2>/dev/null)" = "$wl_sha256" ] || continue
    wl_at=$(cat "$wl_claimed")
    [ "$wl_at" -lt "$wl_newest_last" ] || wl_last=$wl_one wl_newest_last=$wl_at
    [ ! -e "$wl_one/started" ] || [ "$wl_at" -lt "$wl_newest_origin" ] || wl_origin=$wl_one wl_newest_origin=$wl_at
  done
  [ -n "$wl_origin" ] || wl_origin=$wl_last
}

# Verify's lock comes with its own command. Fails, with the reason set, where it can't be used.
wl_take_lock() {
  wl_file="$wl_home/inbox/$wl_batch.lock"
  if [ ! -f "$wl_file" ]; then
    wl_end_as verify refused lock-unreachable 'the lock could not be downloaded from S3'
  elif [ "$(sha256sum <"$wl_file" | cut -d ' ' -f 1)" != "$wl_sha256" ]; then
    wl_end_as verify refused lock-mismatch 'the downloaded lock is not the one that was asked about'
  elif ! wl_lock_section "$wl_file" "$wl_platform" "$wl_work/items"; then
    wl_end_as verify refused no-platform "the lock has nothing for $wl_platform"
  else
    return 0
  fi
  return 1
}

# How every item of the lock stood before and stands now: two wl_stand rows beside each other, and the report's lists from them.
wl_compare() {
  wl_installed >"$wl_work/all" || { wl_unread=yes && return; }
  wl_newest <"$wl_work/all" >"$wl_work/now"
  wl_before="$wl_origin/before"
  [ -n "$wl_origin" ] && [ -s "$wl_before" ] || wl_before="$wl_work/now"
  wl_stand "$wl_work/items" "$wl_before" >"$wl_work/stand.before"
  wl_stand "$wl_work/items" "$wl_work/now" >"$wl_work/stand.now"
  paste "$wl_work/stand.before" "$wl_work/stand.now" >"$wl_work/stand"
  # `=` was there already, `+` pulled in as a new dependency, else the version before; nothing where it is not installed here, and for
  # a dependency that stayed as it was: those are allowed, not asked for, and so never bad either.
  awk -F '\t' '{
    v = $7 == "absent" ? "" : $5
    if ($2 == "dependency") v = $5 == $12 ? "" : $7 == "absent" ? "+" : $5
    printf "%s%s", (NR > 1 ? "\n" : ""), ($7 == "same" ? "=" : v)
  }' "$wl_work/stand" | wl_pack >"$wl_work/from"
  awk -F '\t' '$2 != "dependency" && ($14 == "older" || $14 == "newer") { print $1 "\t" $12 "\t" $14 }' "$wl_work/stand" >"$wl_work/bad"
  wl_n=$(awk -F '\t' '$14 == "same" && $7 != "same" && ($7 != "absent" || $2 == "dependency") { n++ } END { print n + 0 }' "$wl_work/stand")
  wl_items=$(wc -l <"$wl_work/stand")
  wl_older=$(awk -F '\t' '$14 == "older" && $2 != "dependency" { if (!n++) first = $3 " is " $12 ", the lock has " $13 }
    END { if (n) print first (n > 1 ? " (and " n - 1 " more)" : "") }' "$wl_work/stand")
}

# Patch: what the steps said. Succeeds where they have left something to verify.
wl_judge_steps() {
  wl_end_as "$(wl_state phase)" "$(wl_state said)" "$(wl_state why)" "$(wl_state detail)"
  case "$wl_end $wl_phase" in
    refused* | failed*) return 1 ;;
    running* | 'ok install' | *reboot | 'ok after') return 0 ;;
  esac
  # Between two steps nobody holds the lock: a batch of which something was heard just now is not over.
  if [ -n "$(find "$wl_dir/state" -mmin -2)" ]; then
    wl_end_as "$wl_phase" running '' "at work: $wl_phase"
  else
    wl_end_as "$wl_phase" failed install-failed "cut off in or after $wl_phase; nothing was installed"
  fi
  return 1
}

# A hook that was let in and is not over. Only its time tells whether it still runs: none of our steps is at work meanwhile.
wl_judge_hook() { # directory
  wl_name=$(wl_state phase "$1")
  case "$wl_name $(wl_state said "$1")" in
    'before working' | 'after working') ;;
    *) return 0 ;;
  esac
  if ! wl_hook_late "$wl_name" "$1" && [ -e "$1/hook.$wl_name" ]; then
    wl_end_as "$wl_name" running '' "$(wl_hook_name "$wl_name" "$1") is at work"
  else
    wl_fault=$(wl_hook_fault "$wl_name" "$1")
    wl_end_as "$wl_name" failed hook-failed "$(wl_hook_name "$wl_name" "$1") ${wl_fault:-did not end in time}"
  fi
  return 1
}

# Whether the batch is over: a step at work or a transaction that still runs means that nothing can be judged yet.
wl_judge_work() {
  [ -n "$wl_origin" ] || return 0
  wl_judge_hook "${wl_last:-$wl_origin}" || return 1
  if [ "$(wl_state phase "$wl_origin") $(wl_state said "$wl_origin")" != 'install running' ]; then
    wl_held "$wl_origin/step" || return 0
    wl_end_as "$(wl_state phase "$wl_origin")" running '' 'a step of the batch is at work'
  elif [ -e "$wl_origin/install.exit" ]; then
    [ "$(cat "$wl_origin/install.exit")" = 0 ] && return 0
    wl_end_as install failed install-failed "$(wl_complaint "$wl_origin/install.log")"
  elif wl_held "$wl_origin/running" || [ ! -e "$wl_origin/started" ]; then
    wl_end_as install running install-running 'the transaction still runs; it is never stopped half-way'
  else
    wl_end_as install failed install-failed 'the transaction ended without a result'
  fi
  return 1
}

wl_judge_node() {
  wl_end_as verify ok '' ''
  if [ -n "$wl_unread" ]; then
    wl_end_as verify failed package-manager-broken 'the package database could not be read to its end'
    return
  fi
  if [ -n "$wl_older" ]; then
    wl_end_as verify failed install-failed "$wl_older"
    case "$(wl_state said "${wl_last:-/nowhere}")" in
      refused | failed)
        wl_end_as "$(wl_state phase "$wl_last")" "$(wl_state said "$wl_last")" "$(wl_state why "$wl_last")" "$(wl_state detail "$wl_last")"
        ;;
    esac
    return
  fi
  wl_ill=$(wl_broken)
  [ -z "$wl_ill" ] || { wl_end_as verify failed package-manager-broken "$wl_ill" && return; }
  [ -z "$wl_origin" ] || wl_services_down "$wl_origin/services" "$wl_work/services" "$wl_grace" >"$wl_work/down"
  [ ! -s "$wl_work/down" ] || wl_end_as verify failed service-down "$(tr '\n' ' ' <"$wl_work/down")"
  # What a post hook left undone, no package shows.
  [ "$(wl_state phase "${wl_last:-/nowhere}") $(wl_state said "${wl_last:-/nowhere}")" != 'after failed' ] ||
    wl_end_as after failed hook-failed "$(wl_state detail "$wl_last")"
}

wl_judge() {
  if [ "$wl_do" = verify ]; then
    wl_take_lock || return 0
  elif [ -z "$wl_origin" ]; then
    wl_end_as claim refused disk-full "nothing could be written to $wl_home"
    return 0
  else
    cp "$wl_dir/items" "$wl_work/items" 2>/dev/null || { wl_judge_steps; return 0; }
  fi
  wl_compare
  wl_judge_work || return 0
  [ "$wl_do" = verify ] || wl_judge_steps || return 0
  wl_judge_node
}

# Deviations as JSON, at most $1 characters. Where they don't all fit, older ones go first, and a last entry with an index past the
# lock's end says how many are left out: `[200,"+57"]`. A list that is cut must never look complete.
wl_bad_json() { # characters
  awk -F '\t' -v room="$1" -v items="$wl_items" '
    function add(i) { text = text (text == "" ? "" : ",") row[i]; used += length(row[i]) + 1; shown++ }
    { row[NR] = "[" $1 ",\"" $2 "\"]"; old[NR] = $3 == "older"; all += length(row[NR]) + 1 }
    END {
      if (all <= room) for (i = 1; i <= NR; i++) add(i)
      else {
        room -= 16
        for (pass = 1; pass >= 0; pass--) for (i = 1; i <= NR; i++) if (old[i] == pass && used + length(row[i]) < room) add(i)
        text = text (text == "" ? "" : ",") "[" items ",\"+" NR - shown "\"]"
      }
      print text
    }' "$wl_work/bad" 2>/dev/null
}

# What people should know besides: how the closing scan ended, which is nobody's fault here.
wl_notes() {
  [ "$wl_do" = patch ] || return 0
  if [ -e "$wl_dir/closing.json" ] && ! grep -qE '^(idle|entered)$' "$wl_dir/hook.closing" 2>/dev/null; then printf ',"aws-scan-failed"'; fi
  [ ! -e "$wl_dir/no-snapshot" ] || printf ',"no-snapshot"'
}

wl_print() {
  wl_rebooted=$(cat "$wl_origin/rebooted" 2>/dev/null || echo 0)
  wl_head=$(printf '{"v":1,"do":"%s","batch":"%s","platform":"%s","phase":"%s","end":"%s","why":"%s"' \
    "$wl_do" "$wl_batch" "$(wl_json "$wl_platform" 60)" "$wl_phase" "$wl_end" "$wl_why")
  wl_head=$wl_head$(printf ',"detail":"%s","boot":"%s","rebooted":%s,"pending":"%s","n":%s' \
    "$(wl_json "$wl_detail" 200)" "$(wl_json "$(wl_boot_id)" 40)" "$wl_rebooted" "$(wl_pending)" "$wl_n")
  wl_down=$(head -n 10 "$wl_work/down" 2>/dev/null | while read -r wl_unit; do printf ',"%s"' "$(wl_json "$wl_unit" 60)"; done)
  wl_from=$(cat "$wl_work/from" 2>/dev/null)
  wl_notes=$(wl_notes)
  wl_room=$((wl_limit - ${#wl_head} - ${#wl_down} - ${#wl_notes} - 60))
  # More than about 450 changed packages: then a person finds the versions before in the batch's directory.
  [ "${#wl_from}" -le "$wl_room" ] || wl_from=''
  printf '%s,"bad":[%s],"down":[%s],"from":"%s"' "$wl_head" "$(wl_bad_json $((wl_room - ${#wl_from})))" "${wl_down#,}" "$wl_from" >&3
  printf '%s}\n' "${wl_notes:+,\"notes\":[${wl_notes#,}]}" >&3
}

if [ -d "$wl_dir" ]; then wl_quiet "$wl_dir/report.log"; else wl_quiet /dev/null; fi
wl_know_platform
# A node whose disk is full has to be able to say so.
wl_work=$(mktemp -d "$wl_home/report.XXXXXX") && echo >"$wl_work/now" || wl_work=$(mktemp -d /run/wavelock.XXXXXX)
trap 'rm -rf "$wl_work"' EXIT
wl_n=0 wl_items=0 wl_older='' wl_unread=''
wl_find_origin
[ "$(cat "$wl_origin/rebooted" 2>/dev/null)" != 1 ] || wl_grace=$((wl_grace * 3))
wl_judge
wl_print
rm -f "$wl_home/inbox/$wl_batch.lock"
[ "$wl_end" = ok ]
