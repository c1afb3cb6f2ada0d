# Not yet run on Windows. Preflight: reasons not to begin, found before anything is changed.
Enter-WlPhase 'claim' 'preflight'
$lock = Join-Path $wlDir 'lock'
if (-not (Test-WlLock $lock $wlSha256)) {
  Stop-WlRefused 'preflight' 'lock-mismatch' 'the downloaded lock is not the one that the plan names'
}
$platform = Get-WlPlatform
$items = Get-WlLockItems $lock $platform
if ($null -eq $items) { Stop-WlRefused 'preflight' 'no-platform' "the lock has nothing for $platform" }

# A cumulative update unpacks to several gigabytes.
$free = (Get-PSDrive -Name ($env:SystemDrive.Substring(0, 1))).Free
$needed = 5 * 1073741824
if ($free -lt $needed) { Stop-WlRefused 'preflight' 'disk-full' ('{0:N1} GB free on {1}, 5 GB needed' -f ($free / 1073741824), $env:SystemDrive) }

# The installer serves one at a time: somebody else's install would fail ours half-way.
$installer = New-Object -ComObject Microsoft.Update.Session
if ($installer.CreateUpdateInstaller().IsBusy) { Stop-WlRefused 'preflight' 'other-updater' 'another Windows Update installation is running' }

Set-Content -Path (Join-Path $wlDir 'items') -Value $items
Set-Content -Path (Join-Path $wlDir 'before') -Value @(Get-WlInstalledKbs)
Set-Content -Path (Join-Path $wlDir 'services') -Value (Get-WlRunningServices)
Set-Content -Path (Join-Path $wlDir 'boot') -Value (Get-WlBoot)
Set-WlState 'preflight' 'ok'
