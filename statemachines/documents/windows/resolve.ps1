# Not yet run on Windows: written for Windows PowerShell 5.1, checked for syntax only.
# Resolve: which of the lock's KBs does this node lack, and does its source still offer them? Installs nothing.
# A KB that is neither installed nor offered, not even as superseded, does not apply to this node.
Enter-WlPhase 'preflight' 'resolve'
$items = @(Get-WlLines 'items')
$installed = @(Get-WlInstalled)
Set-WlLines 'before' $installed
$offered = @()
foreach ($update in (Search-WlUpdates 'IsInstalled=0' $true).Updates) {
  foreach ($kb in $update.KBArticleIDs) { $offered += "KB$kb" }
}
$wanted = @($items | Where-Object { $installed -notcontains $_ -and $offered -contains $_ })
Set-WlLines 'wanted' $wanted
Set-WlState 'resolve' 'ok' '' "$($wanted.Count) of $($items.Count) KBs"
