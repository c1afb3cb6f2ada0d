# Not yet run on Windows. Reads a lock's section (lambdas/core/lock.ts): the KBs of this platform, in the lock's order.
# $null where the lock has no section for the platform.
function Get-WlLockItems([string]$File, [string]$Platform) {
  $found = $false
  $inside = $false
  $items = New-Object System.Collections.Generic.List[string]
  foreach ($line in Get-Content $File) {
    $words = $line.Split(' ')
    if ($words[0] -eq 'platform') {
      $inside = $words[1] -eq $Platform
      if ($inside) { $found = $true }
    } elseif ($inside -and $words[0] -eq 'kb') {
      $items.Add($words[1])
    }
  }
  if (-not $found) { return $null }
  return , $items.ToArray()
}

# True when the file's bytes are those that the plan names.
function Test-WlLock([string]$File, [string]$Sha256) {
  return (Get-WlSha256 ([System.IO.File]::ReadAllBytes($File))) -eq $Sha256
}
