# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_cache, wl_dir, wl_platform and wl_snapshot come from files before this one
# apt: how it is called and how its simulation is read. Lists and archives are kept in a cache of our own, compressed: the node's
# stay as they are, no lock of theirs is needed, and hooks that others hang on `apt-get update` don't run. The settings are each
# batch's own, since a scan may look at another snapshot of the archive than the lock that is just being installed.
wl_apt_setup() {
  mkdir -p "$wl_cache/apt/lists/partial" "$wl_cache/apt/archives/partial" "$wl_cache/apt/nothing"
  chmod 755 "$wl_cache/apt" "$wl_cache/apt/lists" "$wl_cache/apt/archives"
  {
    printf 'Dir::State::Lists "%s/lists";\nDir::Cache "%s";\n' "$wl_cache/apt" "$wl_cache/apt"
    # In memory: apt's binary caches would take four times the room of the lists.
    printf 'Dir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\nAcquire::GzipIndexes "true";\nAcquire::Languages "none";\n'
    # Simulations would write this log of the node, too.
    printf 'Dir::Log::Planner "";\n'
    printf 'APT::Update::Error-Mode "any";\nAPT::Install-Recommends "false";\n'
    # Lists of another snapshot stay: whoever uses them may be at work.
    printf 'APT::Get::List-Cleanup "false";\n'
    # A node without a way to the service finds that out soon.
    [ -z "$wl_snapshot" ] || printf 'APT::Snapshot "%s";\nAcquire::https::Timeout "20";\nAcquire::Retries "1";\n' "$wl_snapshot"
    # Phased updates are for some nodes and not for others: not before they are for all.
    printf 'APT::Get::Never-Include-Phased-Updates "true";\n'
    for wl_hook in APT::Update::Pre-Invoke APT::Update::Post-Invoke APT::Update::Post-Invoke-Success; do
      printf '#clear %s;\n' "$wl_hook"
    done
  } >"$wl_dir/apt.conf"
  find "$wl_cache/apt/lists" -type f -ctime +2 -exec rm -f {} +
}

wl_apt() {
  apt-get -q -c "$wl_dir/apt.conf" "$@"
}

# Ubuntu 24.04 and newer can see their archive as it was at any time (https://snapshot.ubuntu.com): apt puts the snapshot service in the
# place of every repository that it knows to have one (apt.conf(5), Acquire::Snapshots; regional mirrors of EC2 among them). The hour is
# as fine as it has to be: nodes that are scanned together see the same.
wl_snapshot_now() {
  case "$wl_platform" in ubuntu-2[4-9].* | ubuntu-[3-9][0-9].*) date -u +%Y%m%dT%H0000Z ;; esac
}

# Whether Ubuntu's own archives are read as the snapshot has them, all of them. Other vendors' repositories have none.
#  500 https://snapshot.ubuntu.com/ubuntu/20261207T050000Z noble/main amd64 Packages
#      release v=24.04,o=Ubuntu,a=noble,n=noble,l=Ubuntu,c=main,b=amd64
wl_snapshot_used() {
  apt-cache -c "$wl_dir/apt.conf" policy 2>/dev/null | awk -v id="/$wl_snapshot" '
    $1 ~ /^-?[0-9]+$/ { from = $2 }
    $1 == "release" && $2 ~ /(^|,)o=Ubuntu(,|$)/ { if (index(from, id)) used = 1; else plain = 1 }
    END { exit used && !plain ? 0 : 1 }'
}

# Empties $wl_snapshot where it can't be used: no way to the service, a mirror of one's own, an architecture that it doesn't have.
wl_refresh_apt() {
  wl_apt_setup
  if [ -n "$wl_snapshot" ]; then
    # Mirrors that apt does not know by their name it knows by their Release file, once it has that.
    wl_apt_update && { wl_snapshot_used || { wl_apt_update && wl_snapshot_used; }; } && return
    wl_log "no snapshot $wl_snapshot for this node's repositories: they are read as they are"
    wl_snapshot=''
    wl_apt_setup
  fi
  wl_apt_update
}

wl_apt_update() {
  # apt before 2.1 ends with 0 when a repository could not be read.
  wl_apt update >"$wl_cache/apt/update.log" 2>&1 &&
    ! grep -E '^(E:|W: Failed to fetch|W: Some index files failed)' "$wl_cache/apt/update.log"
}

# Reads apt-get's simulation; writes what would come in as `name arch version archives`. `Inst` is followed by the old version in
# brackets only where there is one.
wl_apt_table() {
  awk '$1 == "Inst" {
    line = $0; name = $2; sub(/:.*/, "", name)
    if (!match(line, /\(.*\)/)) next
    inside = substr(line, RSTART + 1, RLENGTH - 2); n = split(inside, w, " ")
    arch = ""; from = ""
    for (i = 2; i <= n; i++) {
      if (w[i] ~ /^\[.*\]/) { arch = w[i]; gsub(/[][)]/, "", arch); break }
      gsub(/,$/, "", w[i]); from = from "," w[i]
    }
    print name, arch, w[1], from
  }'
}
