# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_part comes from the prologue, the rest from lib.sh
# Packages, Packages2, Packages3: the list behind the fingerprint, gzip+base64, 23,000 characters a step (GetCommandInvocation gives
# 24,000 and puts a mark in place of the rest). A step that prints 23,000 characters is continued by the next. Measured with real
# package names: 1,200 packages with 150 updates are 20,500 characters, with 400 updates 25,700; 2,500 with 500 are 45,400.
# A list that all three can't hold is not begun: the first then prints `too-long` and the length.
wl_chunk=23000
wl_parts=3

[ -s "$wl_dir/facts" ] || exit 0
wl_quiet "$wl_dir/log"
wl_pack <"$wl_dir/facts" >"$wl_dir/facts.packed.$wl_part"
wl_size=$(wc -c <"$wl_dir/facts.packed.$wl_part")
if [ "$wl_size" -gt $((wl_chunk * wl_parts)) ]; then
  [ "$wl_part" -gt 1 ] || printf 'too-long %s\n' "$((wl_size))" >&3
else
  tail -c +$(((wl_part - 1) * wl_chunk + 1)) "$wl_dir/facts.packed.$wl_part" | head -c "$wl_chunk" >&3
fi
rm -f "$wl_dir/facts.packed.$wl_part"
