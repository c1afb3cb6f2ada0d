# Not yet run on Windows: written for Windows PowerShell 5.1, checked for syntax only.
# Claim: one batch runs once on a node; a second delivery exits 168, on which the agent skips every later step but the finally step.
[void](New-Item -ItemType Directory -Force (Join-Path $wlHome 'inbox'))
try {
  # Fails where it exists: of two deliveries at the same moment one makes it.
  [void](New-Item -ItemType Directory $wlDir)
} catch {
  if (Test-Path $wlDir) { exit 168 }
  exit 0
}
Set-WlLines 'claimed' ([int64]([DateTime]::UtcNow - [DateTime]'1970-01-01').TotalSeconds)
Set-WlLines 'sha256' $wlSha256
Set-WlState 'claim' 'working'
$inbox = Join-Path $wlHome "inbox\$wlBatch.lock"
if (-not (Test-Path $inbox)) {
  $detail = 'the lock could not be downloaded from S3: the node needs s3:GetObject on the lock bucket and a route to S3 in its Region'
  Stop-WlStep 'claim' 'refused' 'lock-unreachable' $detail
}
Move-Item -Force $inbox (Join-Path $wlDir 'lock')
Remove-WlOld
Write-WlFrames
