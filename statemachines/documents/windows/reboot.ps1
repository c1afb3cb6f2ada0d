# Not yet run on Windows. Reboot: exit 3010 makes the agent restart the computer and run this step again (SSM user guide, "Managing reboots
# when running commands"). Some updates need more than one; three tries without a new boot are a failure.
$phase = Get-WlState 'phase'
if ($phase -eq 'install') {
  Enter-WlPhase 'install' 'reboot'
} elseif ($phase -ne 'reboot' -or (Get-WlState 'said') -ne 'working') {
  exit 0
}
$triesFile = Join-Path $wlDir 'reboots'
$tries = if (Test-Path $triesFile) { [int](Get-Content $triesFile) } else { 0 }
if ((Get-WlPending) -eq '') {
  Set-WlState 'reboot' 'ok'
  exit 0
}
$booted = (Get-WlBoot) -ne (Get-Content (Join-Path $wlDir 'boot'))
if ($tries -ge 3) {
  $said = if ($booted) { 'still asks for a reboot after three of them' } else { 'did not reboot' }
  Stop-WlFailed 'reboot' 'reboot-not-done' $said
}
Set-Content -Path $triesFile -Value ($tries + 1)
exit 3010
