# Not yet run on Windows: written for Windows PowerShell 5.1, checked for syntax only.
# Closing: looks how the post hook ended, and lets AWS-RunPatchBaseline in, whose Scan brings the compliance that AWS shows up to date.
if (-not (Test-Path $wlDir)) { exit 0 }
Complete-WlHook 'after'
$said = Get-WlState 'said'
if ($wlRun -eq 'yes' -and (Get-WlState 'phase') -eq 'after' -and ($said -eq 'ok' -or $said -eq 'failed')) { Set-WlLines 'hook.closing' 'ready' }
exit 0
