# Not yet run on Windows. What the Windows Update Agent knows, from the source that the node's own policy gives it (Windows Update or
# WSUS). Windows Update Agent API, IUpdateSearcher.Search: criteria IsInstalled, IsHidden, Type.
function Search-WlUpdates([string]$Criteria) {
  $session = New-Object -ComObject Microsoft.Update.Session
  return $session.CreateUpdateSearcher().Search($Criteria).Updates
}

# KBs that are installed: what the agent lists and what component servicing lists; either alone misses some.
function Get-WlInstalledKbs {
  $kbs = New-Object System.Collections.Generic.SortedSet[string]
  foreach ($update in Search-WlUpdates "IsInstalled=1 and Type='Software'") {
    foreach ($id in $update.KBArticleIDs) { [void]$kbs.Add("KB$id") }
  }
  foreach ($fix in Get-HotFix) {
    if ($fix.HotFixID -match '^KB\d{6,7}$') { [void]$kbs.Add($fix.HotFixID) }
  }
  return $kbs
}

# Updates on offer, each with its KB, kind and severity in Wavelock's words (lambdas/core/model.ts).
function Get-WlOffers {
  $offers = @()
  foreach ($update in Search-WlUpdates "IsInstalled=0 and IsHidden=0 and Type='Software'") {
    foreach ($id in $update.KBArticleIDs) {
      $names = @($update.Categories | ForEach-Object { $_.Name })
      $kind = 'other'
      if ($names -contains 'Update Rollups' -or $names -contains 'Updates') { $kind = 'bugfix' }
      if ($names -contains 'Critical Updates') { $kind = 'critical' }
      if ($names -contains 'Security Updates') { $kind = 'security' }
      $severity = 'unrated'
      switch ($update.MsrcSeverity) {
        'Critical' { $severity = 'critical' }
        'Important' { $severity = 'important' }
        'Moderate' { $severity = 'moderate' }
        'Low' { $severity = 'low' }
      }
      $offers += [pscustomobject]@{ Kb = "KB$id"; Kind = $kind; Severity = $severity; Update = $update }
    }
  }
  return , $offers
}
