# Not yet run on Windows: written for Windows PowerShell 5.1, checked for syntax only.
# After: lets the post hook in, on a node that has got everything and is up again.
Enter-WlPhase 'reboot' 'after'
if ($wlRun -eq 'yes' -and (Get-WlLine 'work') -eq '1') { Start-WlHook 'after' $wlSeconds } else { Set-WlState 'after' 'ok' }
exit 0
