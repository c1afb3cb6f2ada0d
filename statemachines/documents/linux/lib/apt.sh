# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_cache comes from lib.sh
# apt: how it is called and how its simulation is read. Lists and archives are kept in a cache of our own, compressed: the node's
# stay as they are, no lock of theirs is needed, and hooks that others hang on `apt-get update` don't run.
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
    # Phased updates are for some nodes and not for others: not before they are for all.
    printf 'APT::Get::Never-Include-Phased-Updates "true";\n'
    for wl_hook in APT::Update::Pre-Invoke APT::Update::Post-Invoke APT::Update::Post-Invoke-Success; do
      printf '#clear %s;\n' "$wl_hook"
    done
  } >"$wl_cache/apt/apt.conf"
  chmod 644 "$wl_cache/apt/apt.conf"
}

wl_apt() {
  apt-get -q -c "$wl_cache/apt/apt.conf" "$@"
}

wl_refresh_apt() {
  wl_apt_setup
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
