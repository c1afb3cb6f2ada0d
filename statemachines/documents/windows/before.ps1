# Not yet run on Windows: written for Windows PowerShell 5.1, checked for syntax only.
# Before: lets the pre hook in, on a node where something is to do.
Enter-WlPhase 'resolve' 'before'
if (@(Get-WlLines 'wanted').Count -gt 0 -or (Test-WlRebootNeeded)) { Set-WlLines 'work' 1 }
if ($wlRun -eq 'yes' -and (Get-WlLine 'work') -eq '1') { Start-WlHook 'before' $wlSeconds } else { Set-WlState 'before' 'ok' }
exit 0
