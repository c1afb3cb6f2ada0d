# Not yet run on Windows: written for Windows PowerShell 5.1, checked for syntax only.
# Preflight: is this the plan's lock, and is the node in a state in which installing is safe? Changes nothing.

# A cumulative update unpacks to several gigabytes.
$needMb = 5120
Enter-WlPhase 'claim' 'preflight'
$lock = Join-Path $wlDir 'lock'
if ((Get-WlHash $lock) -ne $wlSha256) {
  Stop-WlStep 'preflight' 'refused' 'lock-mismatch' 'the downloaded lock is not the one that the plan names'
}
$platform = Get-WlPlatform
$items = Get-WlLockItems $lock $platform
if ($null -eq $items) { Stop-WlStep 'preflight' 'refused' 'no-platform' "the lock has nothing for $platform" }
Set-WlLines 'items' $items
$agent = Get-WlAgentVersion
if ($agent -ne '' -and [version]$agent -lt [version]'3.1.1045.0') {
  Stop-WlStep 'preflight' 'refused' 'agent-too-old' "the SSM agent is $agent; 3.1.1045.0 or newer is needed"
}
$free = Get-WlFreeMb
if ($free -lt $needMb) { Stop-WlStep 'preflight' 'refused' 'disk-full' "$env:SystemDrive has $free MB free, $needMb are needed" }
$installer = (New-Object -ComObject Microsoft.Update.Session).CreateUpdateInstaller()
$end = [DateTime]::UtcNow.AddSeconds($wlPatience)
while ($installer.IsBusy) {
  if ([DateTime]::UtcNow -gt $end) { Stop-WlStep 'preflight' 'refused' 'other-updater' 'Windows Update is installing something' }
  Start-Sleep -Seconds 5
}
Set-WlLines 'services' (Get-WlServices)
Set-WlLines 'build' (Get-WlBuild)
Set-WlState 'preflight' 'ok'
