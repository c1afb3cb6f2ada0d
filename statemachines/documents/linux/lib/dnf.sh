# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_cache and wl_releasever come from files before this one
# dnf 4: how it is called and how its transaction table is read. Recommended packages are never pulled in: the lock is then as
# small as the updates themselves need. Metadata is kept in a cache of our own, so that the node's is left as it is.
# Vendors ship skip_if_unavailable=True, with which a repository that can't be reached looks like one without updates; what the
# section of a repository says of it still counts.
wl_dnf() {
  dnf --setopt=cachedir="$wl_cache/dnf" --setopt=logdir="$wl_cache/log" --setopt=install_weak_deps=False --setopt=keepcache=False \
    --setopt=skip_if_unavailable=False ${wl_dnf_state:+--setopt=persistdir="$wl_dnf_state"} \
    ${wl_releasever:+--releasever="$wl_releasever"} "$@"
}

# dnf keeps the keys of signed metadata (repo_gpgcheck) with the metadata: this cache has none of them yet, and nobody can be asked. They
# come from where the repository's own section says, for metadata only; rpm's keys stay as they are.
wl_refresh_dnf() {
  mkdir -p "$wl_cache/dnf" "$wl_cache/log"
  wl_dnf -q -y --refresh makecache 2>&1
}

# Reads dnf's transaction table; writes what would come in as `name arch version`. Long names push the rest of their row to the
# next lines, so rows are put together by words; a row starts with exactly one space.
wl_dnf_table() {
  awk '
    function flush() { if (n >= 3 && take) print w[1], w[2], w[3]; n = 0 }
    /^[A-Z][A-Za-z ]*:$/ { flush(); take = /^(Installing|Upgrading|Reinstalling|Downgrading)/; next }
    /^(Transaction Summary|=+)$/ { flush(); next }
    /^ [^ ]/ { flush(); for (i = 1; i <= NF; i++) w[++n] = $i; next }
    /^ +replacing / { next }
    /^  +[^ ]/ { if (n) for (i = 1; i <= NF; i++) w[++n] = $i; next }
    { flush() }
    END { flush() }'
}
