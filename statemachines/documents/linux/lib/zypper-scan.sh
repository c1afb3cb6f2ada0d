# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_* come from files before this one
# What facts.sh asks of every package manager, for zypper: writes $wl_dir/offers.
wl_look_zypper() {
  wl_refresh_zypper || return 1
  wl_zypper --no-refresh update --dry-run --no-recommends --auto-agree-with-licenses >"$wl_dir/upgrade.txt" 2>&1
  wl_code=$?
  cat "$wl_dir/upgrade.txt"
  [ "$wl_code" -eq 0 ] || [ "$wl_code" -ge 100 ] || return 1
  wl_zypper_table <"$wl_dir/upgrade.txt" >"$wl_dir/offer"
  find "$wl_cache/zypp/raw" -name '*updateinfo.xml*' | while read -r wl_file; do
    case "$wl_file" in
      *.gz) gzip -dc "$wl_file" ;;
      *.zst) zstd -dcq "$wl_file" ;;
      *.xz) xz -dc "$wl_file" ;;
      *) cat "$wl_file" ;;
    esac | wl_updateinfo
  done >"$wl_dir/advisories"
  wl_offers "$wl_dir/offer" "$wl_dir/advisories" >"$wl_dir/offers"
}

# zypper lists patches without their packages, so the repositories' updateinfo.xml is read: `id kind severity name arch version` of
# the packages on offer. One element a record; its first word is the element's name.
wl_updateinfo() {
  awk -v RS='<' -v offer="$wl_dir/offer" "$wl_awk_attribute"'
    BEGIN { RS = "\n"; while ((getline <offer) > 0) wanted[$1] = 1; RS = "<" }
    { gsub(/\n/, " ") }
    /^update / {
      t = attribute("type"); id = ""; severity = "unrated"
      kind = t == "security" ? t : "other"
      if (t ~ /^(recommended|bugfix)$/) kind = "bugfix"
      if (t ~ /^(optional|feature|enhancement)$/) kind = "enhancement"
    }
    /^id>/ { if (id == "") { id = substr($0, 4); sub(/ +$/, "", id) } }
    /^severity>/ {
      s = tolower(substr($0, 10)); sub(/ +$/, "", s)
      if (kind == "security" && s ~ /^(critical|important|moderate|low)$/) severity = s
    }
    /^package / {
      name = attribute("name"); epoch = attribute("epoch")
      version = (epoch ~ /^0?$/ ? "" : epoch ":") attribute("version") "-" attribute("release")
      if (name in wanted) print id, kind, severity, name, attribute("arch"), version
    }'
}
