# Not yet run on Windows: written for Windows PowerShell 5.1, checked for syntax only.
# Reboot: until Windows asks for none. Exit 3010 has the agent reboot the node and run this very step again.
# An update of the servicing stack can make a cumulative update applicable only after a reboot: what is still wanted then is installed in
# another pass.
$mostTries = 3

if ((Get-WlState 'phase') -eq 'reboot' -and (Get-WlState 'said') -eq 'working') {
  $script:wlStep = Open-WlLock 'step'
  if (-not (Test-WlSameBoot (Get-WlLine 'boot.before'))) {
    Set-WlLines 'rebooted' 1
    Set-WlLines 'boot.before' (Get-WlBoot)
    $installed = @(Get-WlInstalled)
    $left = @(Get-WlLines 'wanted' | Where-Object { $installed -notcontains $_ })
    if ($left.Count -gt 0) { [void](Invoke-WlTransaction) }
  }
} else {
  Enter-WlPhase 'install' 'reboot'
  Set-WlLines 'boot.before' (Get-WlBoot)
}
if (-not (Test-WlRebootNeeded)) {
  Set-WlState 'reboot' 'ok'
  exit 0
}
$tries = [int](Get-WlLine 'tries')
if ($tries -ge $mostTries) {
  $detail = "asked for a reboot $tries times, the node still runs the same boot"
  if ((Get-WlLine 'rebooted') -eq '1') { $detail = "still asks for a reboot after $tries of them" }
  Stop-WlStep 'reboot' 'failed' 'reboot-not-done' $detail
}
Set-WlLines 'tries' ($tries + 1)
exit 3010
