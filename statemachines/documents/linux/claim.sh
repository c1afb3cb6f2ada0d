# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_home, wl_batch, wl_sha256, wl_before, wl_after and wl_closing come from the prologue
# Claim: one batch runs once on a node. SendCommand has no client token, so a command may be sent twice; the second delivery finds
# the directory and exits 168, on which the agent skips every later step but the finally step (amazon-ssm-agent, runpluginutil.go).
# A node on which nothing can be written has no directory; the report then says so.
mkdir -p "$wl_home/inbox" "$wl_cache" || exit 0
# apt reads its lists as user _apt: the way there is passable, the batches' own directories are not readable.
chmod 711 "$wl_home" "$wl_cache"
exec 9>"$wl_home/claim.lock" || exit 0
flock 9
if ! mkdir "$wl_dir"; then
  [ -d "$wl_dir" ] && exit 168
  exit 0
fi
wl_quiet "$wl_dir/log"
date +%s >"$wl_dir/claimed"
printf '%s\n' "$wl_sha256" >"$wl_dir/sha256"
wl_say claim working
# The agent's download of a second delivery replaces the file at this very moment at worst: look twice.
[ -f "$wl_home/inbox/$wl_batch.lock" ] || sleep 2
if ! cp "$wl_home/inbox/$wl_batch.lock" "$wl_dir/lock"; then
  wl_refuse claim lock-unreachable \
    'the lock could not be downloaded from S3: the node needs s3:GetObject on the lock bucket and a route to S3 in its Region'
fi
rm -f "$wl_home/inbox/$wl_batch.lock"
wl_sweep
wl_frames() {
  [ "$wl_before" = none ] || wl_frame before "$wl_before" '{}' || return
  [ "$wl_after" = none ] || wl_frame after "$wl_after" '{}' || return
  [ "$wl_closing" != yes ] || wl_frame closing AWS-RunPatchBaseline '{"Operation":"Scan"}'
}
wl_frames || wl_refuse claim disk-full "nothing could be written to $wl_dir"
