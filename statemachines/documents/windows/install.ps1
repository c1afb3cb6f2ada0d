# Not yet run on Windows: written for Windows PowerShell 5.1, checked for syntax only.
# Install: starts the transaction on its own and waits for its result.
if ((Get-WlState 'phase') -eq 'install' -and (Get-WlState 'said') -eq 'running') {
  $code = Wait-WlTransaction
} else {
  Complete-WlHook 'before'
  Enter-WlPhase 'before' 'install'
  if (@(Get-WlLines 'wanted').Count -eq 0) {
    Set-WlState 'install' 'ok'
    exit 0
  }
  Set-WlState 'install' 'running'
  $code = Invoke-WlTransaction
}
if ($null -eq $code) { Stop-WlStep 'install' 'failed' 'install-failed' 'the transaction ended without a result' }
if ($code -ne 0) { Stop-WlStep 'install' 'failed' 'install-failed' (Get-WlComplaint) }
Set-WlState 'install' 'ok'
