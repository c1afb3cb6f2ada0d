# Not yet run on Windows. Claim: one batch runs once on a node. A second delivery finds the directory and exits 168, on which the agent
# skips every later step but the finally step.
New-Item -ItemType Directory -Force -Path (Join-Path $wlHome 'inbox') | Out-Null
try {
  New-Item -ItemType Directory -Path $wlDir -ErrorAction Stop | Out-Null
} catch {
  if (Test-Path $wlDir) { exit 168 }
  exit 0
}
Set-Content -Path (Join-Path $wlDir 'claimed') -Value ([DateTimeOffset]::UtcNow.ToUnixTimeSeconds())
Set-Content -Path (Join-Path $wlDir 'sha256') -Value $wlSha256
Set-WlState 'claim' 'working'
$inbox = Join-Path $wlHome "inbox\$wlBatch.lock"
if (-not (Test-Path $inbox)) {
  Stop-WlRefused 'claim' 'lock-unreachable' 'the lock could not be downloaded from S3: the node needs s3:GetObject on the lock bucket and a route to S3 in its Region'
}
Move-Item -Force -Path $inbox -Destination (Join-Path $wlDir 'lock')
# Batches that began more than 30 days ago are of no use any more.
Get-ChildItem -Directory $wlHome | Where-Object { $_.Name -ne 'inbox' -and $_.LastWriteTime -lt (Get-Date).AddDays(-30) } | Remove-Item -Recurse -Force
Set-WlState 'claim' 'ok'
