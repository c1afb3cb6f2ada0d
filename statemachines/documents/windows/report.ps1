# Not yet run on Windows: written for Windows PowerShell 5.1, checked for syntax only.
# Report: prints one line (lambdas/core/report.ts, PatchReport) of what is on this node now. Reads only; the finally step of
# Wavelock-Patch and the whole of Wavelock-Verify. On Windows an item is a KB: `=` was there already, `+` came with this batch, nothing
# where it is missing. A KB has no versions, so none is ever `bad`.
$result = @{ phase = 'verify'; end = 'ok'; why = ''; detail = '' }
$items = $null
$origin = ''
$platform = Get-WlPlatform

function Set-WlEnd([string]$phase, [string]$end, [string]$why, [string]$detail) {
  $result.phase = $phase
  $result.end = $end
  $result.why = $why
  $result.detail = $detail
}

# The newest batch of the same lock that has a certain file: one with `before` knows what was there before, one that is `claimed` is the last.
function Find-WlBatch([string]$having) {
  $found = ''
  $newest = 0
  foreach ($one in Get-ChildItem -Directory $wlHome) {
    if ((Get-WlLine 'sha256' $one.FullName) -ne $wlSha256 -or -not (Test-Path (Join-Path $one.FullName $having))) { continue }
    $at = [int64](Get-WlLine 'claimed' $one.FullName)
    if ($at -ge $newest) { $newest = $at; $found = $one.FullName }
  }
  return $found
}

function Read-WlLock {
  $file = if ($wlDo -eq 'verify') { Join-Path $wlHome "inbox\$wlBatch.lock" } else { Join-Path $wlDir 'lock' }
  if (-not (Test-Path $file)) {
    Set-WlEnd 'verify' 'refused' 'lock-unreachable' 'the lock could not be downloaded from S3'
    return $null
  }
  if ((Get-WlHash $file) -ne $wlSha256) {
    Set-WlEnd 'verify' 'refused' 'lock-mismatch' 'the downloaded lock is not the one that was asked about'
    return $null
  }
  $kbs = Get-WlLockItems $file $platform
  if ($null -eq $kbs) {
    Set-WlEnd 'verify' 'refused' 'no-platform' "the lock has nothing for $platform"
    return $null
  }
  return ,$kbs
}

# A hook that was let in and is not over. Only its time tells whether it still runs: none of our steps is at work meanwhile.
function Test-WlHookOver([string]$directory) {
  $name = Get-WlState 'phase' $directory
  if ('before', 'after' -notcontains $name -or (Get-WlState 'said' $directory) -ne 'working') { return $true }
  $document = Get-WlLine "hook.$name.document" $directory
  if (-not (Test-WlHookLate $name $directory) -and (Test-Path (Join-Path $directory "hook.$name"))) {
    Set-WlEnd $name 'running' '' "$document is at work"
    return $false
  }
  $fault = Get-WlHookFault $name $directory
  if ($fault -eq '') { $fault = 'did not end in time' }
  Set-WlEnd $name 'failed' 'hook-failed' "$document $fault"
  return $false
}

# What people should know besides: how the closing scan ended, which is nobody's fault here.
function Get-WlNotes {
  if ($wlDo -ne 'patch' -or -not (Test-Path (Join-Path $wlDir 'closing.json'))) { return '' }
  if ('idle', 'entered' -contains (Get-WlLine 'hook.closing')) { return '' }
  return ',"notes":["aws-scan-failed"]'
}

# Whether the batch is over and has left something to look at.
function Test-WlOver {
  if ($origin -eq '') { return $last -eq '' -or (Test-WlHookOver $last) }
  $phase = Get-WlState 'phase' $origin
  $said = Get-WlState 'said' $origin
  if ($said -eq 'running') {
    if (Test-Path (Join-Path $origin 'install.exit')) { return $true }
    if ((Test-WlHeld 'running' $origin) -or -not (Test-Path (Join-Path $origin 'started'))) {
      Set-WlEnd 'install' 'running' 'install-running' 'the transaction still runs; it is never stopped half-way'
    } else {
      Set-WlEnd 'install' 'failed' 'install-failed' 'the transaction ended without a result'
    }
    return $false
  }
  if (Test-WlHeld 'step' $origin) { Set-WlEnd $phase 'running' '' 'a step of the batch is at work'; return $false }
  if (-not (Test-WlHookOver $(if ($last -ne '') { $last } else { $origin }))) { return $false }
  if ($wlDo -eq 'verify') { return $true }
  if ($said -eq 'refused' -or $said -eq 'failed') {
    Set-WlEnd $phase $said (Get-WlState 'why' $origin) (Get-WlState 'detail' $origin)
    return $false
  }
  if ($phase -eq 'reboot' -or ($said -eq 'ok' -and ($phase -eq 'install' -or $phase -eq 'after'))) { return $true }
  if ((Get-Item (Join-Path $origin 'state')).LastWriteTimeUtc -gt [DateTime]::UtcNow.AddMinutes(-2)) {
    Set-WlEnd $phase 'running' '' "at work: $phase"
  } else {
    Set-WlEnd $phase 'failed' 'install-failed' "cut off in or after $phase; nothing was installed"
  }
  return $false
}

# A cumulative update that took effect has moved the build; one that is listed and has not did not.
function Test-WlBuildMoved([int]$changed) {
  if ($changed -eq 0 -or $origin -eq '' -or (Get-WlLine 'rebooted' $origin) -ne '1') { return $true }
  if (-not ((Get-WlLine 'install.log' $origin) -match 'chosen: .*Cumulative Update for (Windows|Microsoft server)')) { return $true }
  return (Get-WlLine 'build' $origin) -ne (Get-WlBuild)
}

function Get-WlDown {
  if ($origin -eq '') { return }
  $before = @(Get-WlLines 'services' $origin)
  $end = [DateTime]::UtcNow.AddSeconds($wlGrace)
  do {
    $now = @(Get-WlServices)
    $down = @($before | Where-Object { $now -notcontains $_ })
    if ($down.Count -gt 0) { Start-Sleep -Seconds 5 }
  } while ($down.Count -gt 0 -and [DateTime]::UtcNow -lt $end)
  return $down
}

$from = @()
$missing = @()
$down = @()
$changed = 0
$last = ''
if ($wlDo -eq 'patch') {
  if (Test-Path $wlDir) { $origin = $wlDir }
} else {
  $origin = Find-WlBatch 'before'
  $last = Find-WlBatch 'claimed'
}
if ($wlDo -eq 'patch' -and $origin -eq '') {
  Set-WlEnd 'claim' 'refused' 'disk-full' "nothing could be written to $wlHome"
} else {
  $over = Test-WlOver
  $end = $result.Clone()
  $items = Read-WlLock
  if (-not $over) { $result = $end }
  if ($null -ne $items) {
    $now = @(Get-WlInstalled)
    $before = $now
    if ($origin -ne '' -and (Test-Path (Join-Path $origin 'before'))) { $before = @(Get-WlLines 'before' $origin) }
    for ($index = 0; $index -lt $items.Count; $index++) {
      $kb = $items[$index]
      if ($before -contains $kb) { $from += '=' }
      elseif ($now -contains $kb) { $from += '+'; $changed++ }
      else { $from += ''; $missing += $kb }
    }
    if ($over) {
      $down = @(Get-WlDown)
      $said = if ($origin -ne '') { Get-WlState 'said' $origin } else { '' }
      if ($missing.Count -gt 0 -and ($said -eq 'refused' -or $said -eq 'failed')) {
        Set-WlEnd (Get-WlState 'phase' $origin) $said (Get-WlState 'why' $origin) (Get-WlState 'detail' $origin)
      }
      elseif ($missing.Count -gt 0) { Set-WlEnd 'verify' 'failed' 'install-failed' "not installed: $($missing -join ' ')" }
      elseif (-not (Test-WlBuildMoved $changed)) { Set-WlEnd 'verify' 'failed' 'install-failed' "the build is still $(Get-WlBuild)" }
      elseif ($last -ne '' -and (Get-WlState 'phase' $last) -eq 'after' -and (Get-WlState 'said' $last) -eq 'failed') {
        Set-WlEnd 'after' 'failed' 'hook-failed' (Get-WlState 'detail' $last)
      }
      elseif ($down.Count -gt 0) { Set-WlEnd 'verify' 'failed' 'service-down' ($down -join ' ') }
    }
  }
}
$rebooted = if ($origin -ne '' -and (Get-WlLine 'rebooted' $origin) -eq '1') { 1 } else { 0 }
$pending = if (Test-WlRebootNeeded) { 'reboot' } else { '' }
$packed = if ($null -eq $items) { '' } else { ConvertTo-WlPack ($from -join "`n") }
$names = (@($down | Select-Object -First 10 | ForEach-Object { ConvertTo-WlJson $_ 60 }) -join ',')
$head = '{"v":1,"do":"' + $wlDo + '","batch":"' + $wlBatch + '","platform":"' + $platform + '","phase":"' + $result.phase + '"'
$head += ',"end":"' + $result.end + '","why":"' + $result.why + '","detail":' + (ConvertTo-WlJson $result.detail)
$head += ',"boot":"' + (Get-WlBoot) + '","rebooted":' + $rebooted + ',"pending":"' + $pending + '","n":' + $changed
Write-Output ($head + ',"bad":[],"down":[' + $names + '],"from":"' + $packed + '"' + (Get-WlNotes) + '}')
Remove-Item -Force -ErrorAction SilentlyContinue (Join-Path $wlHome "inbox\$wlBatch.lock")
if ($result.end -ne 'ok') { exit 1 }
exit 0
