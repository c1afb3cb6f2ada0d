# Not yet run on Windows: written for Windows PowerShell 5.1, checked for syntax only.
# Windows Update Agent: what is installed and what this node's own source (Windows Update or WSUS, as its policy says) offers.
# https://learn.microsoft.com/windows/win32/wua_sdk

# KBs that are installed, as KB5071234. Two sources, since the servicing stack lists some that Windows Update doesn't know, and the
# other way round.
function Get-WlInstalled {
  $kbs = @(Get-CimInstance Win32_QuickFixEngineering | ForEach-Object { $_.HotFixID })
  foreach ($update in (Search-WlUpdates 'IsInstalled=1').Updates) {
    foreach ($kb in $update.KBArticleIDs) { $kbs += "KB$kb" }
  }
  $kbs | Where-Object { $_ -match '^KB\d+$' } | Sort-Object -Unique
}

# Superseded updates are hidden unless they are asked for: what was proven last week may be superseded today, and is still wanted.
function Search-WlUpdates([string]$criteria, [bool]$superseded = $false) {
  $searcher = (New-Object -ComObject Microsoft.Update.Session).CreateUpdateSearcher()
  $searcher.IncludePotentiallySupersededUpdates = $superseded
  return $searcher.Search("$criteria and Type='Software' and IsHidden=0")
}

# Definitions for virus scanners change several times a day and are nobody's patch.
function Test-WlDefinition($update) {
  foreach ($category in $update.Categories) {
    if ($category.CategoryID -eq 'e0789628-ce08-4437-be74-2495b842f43b') { return $true }
  }
  return $false
}

# By the ids of the classifications, which are the same in every language
# (https://learn.microsoft.com/previous-versions/windows/desktop/ff357803(v=vs.85)).
function Get-WlKind($update) {
  foreach ($category in $update.Categories) {
    switch ($category.CategoryID) {
      '0fa1201d-4330-4fa8-8ae9-b877473b6441' { return 'security' }
      'e6cf1350-c01b-414d-a61f-263d14d133b4' { return 'critical' }
      '28bc880e-0592-4cbf-8f95-c79b17911d5f' { return 'bugfix' }
      'cd5ffd1e-e932-4e3a-bf74-18bf0b1bbd83' { return 'bugfix' }
      'b54e7d24-7add-428f-8b75-90a396fa584f' { return 'enhancement' }
      '68c5b0a3-d1a6-4553-ae49-01d3a7827828' { return 'enhancement' }
    }
  }
  return 'other'
}

function Get-WlSeverity($update) {
  $severity = "$($update.MsrcSeverity)".ToLowerInvariant()
  if ('critical', 'important', 'moderate', 'low' -contains $severity) { return $severity }
  return 'unrated'
}

# The lock's section for a platform: its KBs, in the order in which reports index them. Nothing where there is no such section.
function Get-WlLockItems([string]$file, [string]$platform) {
  $mine = $false
  $found = $false
  $kbs = @()
  $lines = [IO.File]::ReadAllLines($file)
  if ($lines[0] -ne 'wavelock-lock 1') { throw 'not a lock' }
  foreach ($line in $lines[1..($lines.Length - 1)]) {
    $words = $line.Split(' ')
    switch ($words[0]) {
      'platform' { $mine = $words[1] -eq $platform; $found = $found -or $mine }
      'kb' {
        if ($words[1] -notmatch '^KB\d{5,9}$') { throw "not a KB: $line" }
        if ($mine) { $kbs += $words[1] }
      }
      'releasever' { }
      'snapshot' { }
      'update' { }
      'dependency' { }
      default { throw "not a lock: $line" }
    }
  }
  if (-not $found) { return $null }
  # With the comma a list of none is still a list.
  return ,$kbs
}
