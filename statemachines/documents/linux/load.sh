# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_home and wl_batch come from the document's prologue
# What the steps after Claim share, Claim has left in the batch's directory: a copy in each of them would not fit into a document.
[ -f "$wl_home/$wl_batch/library.sh" ] || exit 0
# shellcheck disable=SC1090,SC1091
. "$wl_home/$wl_batch/library.sh"
