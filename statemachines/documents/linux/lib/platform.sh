# shellcheck shell=sh
# shellcheck disable=SC2034 # wl_platform and wl_family are for the files after this one
# What this node is: its platform in the lock's words, the family of its package manager, its boot, its agent.

# `amazon-linux-2023-x86_64` from an os-release file. The version is as coarse as the vendor's repositories are: Red Hat's family
# has one set of repositories for a major release, Ubuntu one for `22.04`, SUSE one for a service pack.
wl_platform_of() { # os-release file, machine
  (
    ID='' VERSION_ID=''
    # shellcheck disable=SC1090
    . "$1" || exit 1
    case "$ID" in
      amzn) printf 'amazon-linux-%s-%s\n' "$VERSION_ID" "$2" ;;
      ol) printf 'oracle-linux-%s-%s\n' "${VERSION_ID%%.*}" "$2" ;;
      rhel | rocky | almalinux | centos) printf '%s-%s-%s\n' "$ID" "${VERSION_ID%%.*}" "$2" ;;
      *) printf '%s-%s-%s\n' "$ID" "$VERSION_ID" "$2" ;;
    esac
  )
}

# apt, dnf or zypper; empty for anything else. By the vendor's name and not by the commands found: a Debian may have dnf installed.
wl_family_of() { # os-release file
  (
    ID='' ID_LIKE=''
    # shellcheck disable=SC1090
    . "$1" || exit 1
    for wl_id in $ID $ID_LIKE; do
      case "$wl_id" in
        debian | ubuntu) echo apt && exit ;;
        amzn | rhel | fedora | centos | rocky | almalinux | ol) echo dnf && exit ;;
        sles | suse | opensuse*) echo zypper && exit ;;
      esac
    done
  )
}

wl_know_platform() {
  wl_platform=$(wl_platform_of /etc/os-release "$(uname -m)")
  wl_family=$(wl_family_of /etc/os-release)
  # dnf 4 installs its command under this name. yum 3 (Amazon Linux 2, RHEL 7; both past their end) and dnf 5 print other tables.
  if [ "$wl_family" = dnf ]; then
    case "$(readlink -f "$(command -v dnf)")" in
      */dnf-3) ;;
      *) wl_family='' ;;
    esac
  fi
}

wl_boot_id() {
  cat /proc/sys/kernel/random/boot_id 2>/dev/null
}

# `3.3.987.0`, or nothing where the agent can't be asked. Ubuntu's agent is a snap.
wl_agent_version() {
  for wl_agent in amazon-ssm-agent /snap/amazon-ssm-agent/current/amazon-ssm-agent; do
    "$wl_agent" -version 2>/dev/null | sed -n 's/.*version: *//p' | grep . && return
  done
}

# Free MB where a path lives.
wl_free_mb() { # path
  df -Pk "$1" 2>/dev/null | awk 'NR == 2 { print int($4 / 1024) }'
}
