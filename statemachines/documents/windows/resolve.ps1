# Not yet run on Windows: written for Windows PowerShell 5.1, checked for syntax only.
# Resolve: which of the lock's KBs does this node lack, and does its source still offer them? Installs nothing.
# A KB that is neither installed nor offered, not even as superseded, is gone: withdrawn, replaced by what somebody else installed, not
# approved in WSUS, or not for this node. Windows doesn't tell which, and a node that silently stays without it must not count as patched.
Enter-WlPhase 'preflight' 'resolve'
$items = @(Get-WlLines 'items')
$installed = @(Get-WlInstalled)
Set-WlLines 'before' $installed
$offered = @()
foreach ($update in (Search-WlUpdates 'IsInstalled=0' $true).Updates) {
  foreach ($kb in $update.KBArticleIDs) { $offered += "KB$kb" }
}
$wanted = @($items | Where-Object { $installed -notcontains $_ })
$gone = @($wanted | Where-Object { $offered -notcontains $_ })
if ($gone.Count -gt 0) { Stop-WlStep 'resolve' 'refused' 'gone' "not offered to this node: $($gone -join ' ')" }
Set-WlLines 'wanted' $wanted
Set-WlState 'resolve' 'ok'
