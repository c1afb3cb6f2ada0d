# Not yet run on Windows. Resolve: which of the lock's KBs are to be installed here. A KB that is neither installed nor on offer is gone:
# superseded, withdrawn, or refused by the node's update source.
Enter-WlPhase 'preflight' 'resolve'
$items = @(Get-Content (Join-Path $wlDir 'items'))
$before = @(Get-Content (Join-Path $wlDir 'before'))
$missing = @($items | Where-Object { $before -notcontains $_ })
$offered = @((Get-WlOffers) | ForEach-Object { $_.Kb })
$gone = @($missing | Where-Object { $offered -notcontains $_ })
if ($gone.Count -gt 0) { Stop-WlRefused 'resolve' 'gone' ('not offered to this node: ' + ($gone -join ' ')) }
Set-Content -Path (Join-Path $wlDir 'wanted') -Value $missing
Set-WlState 'resolve' 'ok'
