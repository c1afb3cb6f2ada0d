# Not yet run on Windows. Report: prints one line (lambdas/core/report.ts, PatchReport) of what is on this node now. It only reads.
function Find-WlOrigin {
  if ($wlDo -eq 'patch') { return $(if (Test-Path $wlDir) { $wlDir } else { '' }) }
  $newest = ''
  $newestAt = -1
  foreach ($one in Get-ChildItem -Directory $wlHome -ErrorAction SilentlyContinue) {
    $claimed = Join-Path $one.FullName 'claimed'
    if ($one.Name -eq 'inbox' -or -not (Test-Path $claimed)) { continue }
    if ((Get-Content (Join-Path $one.FullName 'sha256')) -ne $wlSha256) { continue }
    $at = [int64](Get-Content $claimed)
    if ($at -ge $newestAt) { $newest = $one.FullName; $newestAt = $at }
  }
  return $newest
}

function Get-WlVerdict([string]$Origin) {
  if ($wlDo -eq 'patch') {
    if (-not $Origin) { return @('claim', 'refused', 'disk-full', 'nothing could be written to the directory of the batch') }
    $phase = Get-WlState 'phase'
    $said = Get-WlState 'said'
    if ($said -eq 'refused' -or $said -eq 'failed') { return @($phase, $said, (Get-WlState 'why'), (Get-WlState 'detail')) }
    if ($said -eq 'running') { return @('install', 'running', 'install-running', 'the transaction still runs; it is never stopped half-way') }
    if ($phase -ne 'reboot' -or $said -ne 'ok') { return @($phase, 'failed', 'install-failed', "cut off in or after $phase") }
  }
  return @('verify', 'ok', '', '')
}

$platform = Get-WlPlatform
$origin = Find-WlOrigin
$verdict = Get-WlVerdict $origin
$lock = if ($wlDo -eq 'patch') { Join-Path $wlDir 'lock' } else { Join-Path $wlHome "inbox\$wlBatch.lock" }
$items = $null
if (-not (Test-Path $lock)) {
  if ($wlDo -eq 'verify') { $verdict = @('verify', 'refused', 'lock-unreachable', 'the lock could not be downloaded from S3') }
} elseif (-not (Test-WlLock $lock $wlSha256)) {
  if ($wlDo -eq 'verify') { $verdict = @('verify', 'refused', 'lock-mismatch', 'the downloaded lock is not the one that was asked about') }
} else {
  $items = Get-WlLockItems $lock $platform
  if ($null -eq $items -and $wlDo -eq 'verify') { $verdict = @('verify', 'refused', 'no-platform', "the lock has nothing for $platform") }
}

$from = @()
$changed = 0
$down = @()
if ($null -ne $items) {
  $now = @(Get-WlInstalledKbs)
  $beforeFile = if ($origin) { Join-Path $origin 'before' } else { '' }
  $before = if ($beforeFile -and (Test-Path $beforeFile)) { @(Get-Content $beforeFile) } else { $now }
  foreach ($kb in $items) {
    if ($before -contains $kb) { $from += '=' }
    elseif ($now -contains $kb) { $from += '+'; $changed++ }
    else { $from += '' }
  }
  $absent = @($items | Where-Object { $now -notcontains $_ })
  if ($verdict[1] -eq 'ok' -and $absent.Count -gt 0) { $verdict = @('verify', 'failed', 'install-failed', ('not installed: ' + ($absent -join ' '))) }
  if ($verdict[1] -eq 'ok' -and $origin) {
    $down = @(Get-WlServicesDown (Join-Path $origin 'services') 180)
    if ($down.Count -gt 0) { $verdict = @('verify', 'failed', 'service-down', ($down -join ' ')) }
  }
}
$rebooted = 0
if ($origin -and (Test-Path (Join-Path $origin 'boot')) -and (Get-WlBoot) -ne (Get-Content (Join-Path $origin 'boot'))) { $rebooted = 1 }
$detail = ($verdict[3] -replace '[^\x20-\x7e]', ' ')
if ($detail.Length -gt 200) { $detail = $detail.Substring(0, 200) }
$report = [ordered]@{
  v = 1; do = $wlDo; batch = $wlBatch; platform = $platform; phase = $verdict[0]; end = $verdict[1]; why = $verdict[2]; detail = $detail
  boot = (Get-WlBoot); rebooted = $rebooted; pending = (Get-WlPending); n = $changed; bad = @(); down = @($down | Select-Object -First 10)
  from = (ConvertTo-WlPacked ($from -join "`n"))
}
if ($wlDo -eq 'verify' -and (Test-Path $lock)) { Remove-Item -Force $lock }
Write-Output (ConvertTo-Json -InputObject $report -Compress)
if ($verdict[1] -ne 'ok') { exit 1 }
