# Not yet run on Windows: written for Windows PowerShell 5.1, checked for syntax only.
# Facts: what this node has and what its own source offers it today, as the list of lambdas/core/facts.ts, and a report (ScanReport)
# with the list's hash. Changes nothing.
[void](New-Item -ItemType Directory -Force $wlDir)
Remove-WlOld
try {
  $platform = Get-WlPlatform
  $lines = @("P`t$platform", "K`t$(Get-WlBuild)")
  foreach ($kb in @(Get-WlInstalled)) { $lines += "I`t$kb`t-`t-`t-" }
  foreach ($update in (Search-WlUpdates 'IsInstalled=0').Updates) {
    if (Test-WlDefinition $update) { continue }
    foreach ($number in $update.KBArticleIDs) {
      $lines += "A`tKB$number`t-`t-`t$(Get-WlKind $update)`t$(Get-WlSeverity $update)`tKB$number"
    }
  }
} catch {
  Write-Output "no list: $($_.Exception.Message)"
  exit 1
}
$unique = [string[]](@($lines | Select-Object -Unique))
[Array]::Sort($unique, [StringComparer]::Ordinal)
[IO.File]::WriteAllText((Join-Path $wlDir 'facts'), (($unique | ForEach-Object { "$_`n" }) -join ''))
$offers = @($unique | Where-Object { $_.StartsWith("A`t") }).Count
$pending = if (Test-WlRebootNeeded) { 'reboot' } else { '' }
$others = (@(Get-WlOthers | ForEach-Object { ConvertTo-WlJson $_ 60 }) -join ',')
$hash = Get-WlHash (Join-Path $wlDir 'facts')
$head = '{"v":1,"do":"scan","fp":"' + $hash + '","platform":"' + $platform + '","boot":"' + (Get-WlBoot) + '"'
$middle = ',"kernel":"' + (Get-WlBuild) + '","pending":"' + $pending + '","others":[' + $others + '],"diskMb":' + (Get-WlFreeMb)
Write-Output ($head + $middle + ',"agent":' + (ConvertTo-WlJson (Get-WlAgentVersion) 40) + ',"n":' + $offers + '}')
exit 0
