# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_family comes from platform.sh
# Is the package database sound?

# Says what is wrong with the package database; nothing where it is sound. An interrupted rpm leaves a package in two versions.
wl_broken() {
  case "$wl_family" in
    apt)
      if ls /var/lib/dpkg/updates/[0-9]* >/dev/null 2>&1; then
        echo 'dpkg was interrupted: run dpkg --configure -a'
      # Unpacked, half-configured, half-installed, to be reinstalled. `dpkg --audit` would also name packages that only lack checksums.
      elif dpkg-query -W -f '${db:Status-Abbrev}\n' | grep -qE '^(.[UFH]|..R)'; then
        echo "not fully installed: $(dpkg-query -W -f '${db:Status-Abbrev}|${Package}\n' | sed -nE 's/^(.[UFH].|..R)[|]//p' | tr '\n' ' ')"
      elif ! wl_why=$(apt-get check -q -o Debug::NoLocking=1 -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= 2>&1); then
        printf 'apt-get check: %s\n' "$wl_why" | tail -n 3
      fi
      ;;
    *)
      if ! rpm -qa >/dev/null 2>&1; then
        echo 'rpm -qa fails: the database can not be read'
        return
      fi
      rpm -qa --qf '%{NAME}.%{ARCH} [%{PROVIDES} ]\n' | awk '
        / installonlypkg\(|^kernel|^kmod-|^gpg-pubkey/ { next }
        seen[$1]++ == 1 { twice = twice " " $1 }
        END { if (twice != "") print "installed in two versions (an interrupted transaction?):" twice }'
      ;;
  esac
}
