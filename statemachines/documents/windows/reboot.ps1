# Not yet run on Windows: written for Windows PowerShell 5.1, checked for syntax only.
# Reboot: only if Windows needs it. Exit 3010 has the agent reboot the node and run this very step again.
# An update of the servicing stack can make a cumulative update applicable only after the reboot: then what is still wanted is installed
# in another pass, three passes at most.
$mostTries = 2
$mostPasses = 3
if ((Get-WlState 'phase') -eq 'reboot' -and (Get-WlState 'said') -eq 'working') {
  $script:wlStep = Open-WlLock 'step'
  if (-not (Test-WlSameBoot (Get-WlLine 'boot.before'))) {
    Set-WlLines 'rebooted' 1
    Set-WlLines 'tries' 0
    $installed = @(Get-WlInstalled)
    $left = @(Get-WlLines 'wanted' | Where-Object { $installed -notcontains $_ })
    $passes = [int](Get-WlLine 'passes') + 1
    Set-WlLines 'passes' $passes
    if ($left.Count -gt 0 -and $passes -lt $mostPasses) { [void](Invoke-WlTransaction) }
    if (-not (Test-WlRebootNeeded) -or $passes -ge $mostPasses) {
      Set-WlState 'reboot' 'ok'
      exit 0
    }
    Set-WlLines 'boot.before' (Get-WlBoot)
  }
} else {
  Enter-WlPhase 'install' 'reboot'
  if (-not (Test-WlRebootNeeded)) {
    Set-WlState 'reboot' 'ok'
    exit 0
  }
  Set-WlLines 'boot.before' (Get-WlBoot)
}
$tries = [int](Get-WlLine 'tries')
if ($tries -ge $mostTries) {
  Stop-WlStep 'reboot' 'failed' 'reboot-not-done' "asked for a reboot $tries times, the node still runs the same boot"
}
Set-WlLines 'tries' ($tries + 1)
exit 3010
