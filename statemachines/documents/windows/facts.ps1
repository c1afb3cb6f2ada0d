# Not yet run on Windows. Facts: one line (lambdas/core/report.ts, ScanReport), and the list behind the fingerprint for the next steps
# (lambdas/core/facts.ts). The only file it writes is its own list.
New-Item -ItemType Directory -Force -Path $wlDir | Out-Null
$tab = "`t"
$platform = Get-WlPlatform
$offers = Get-WlOffers
$lines = New-Object System.Collections.Generic.List[string]
$lines.Add("P$tab$platform")
foreach ($kb in Get-WlInstalledKbs) { $lines.Add((@('I', $kb, '-', '-', '-') -join $tab)) }
foreach ($offer in $offers) { $lines.Add((@('A', $offer.Kb, '-', '-', $offer.Kind, $offer.Severity, $offer.Kb) -join $tab)) }
$sorted = $lines.ToArray()
[Array]::Sort($sorted, [System.StringComparer]::Ordinal)
$text = ($sorted -join "`n") + "`n"
[System.IO.File]::WriteAllText((Join-Path $wlDir 'facts'), $text)

# Windows Update installs by itself unless a policy says otherwise: AUOptions 4 is automatic (Microsoft Learn, "Configure Automatic Updates").
$others = @()
$policy = Get-ItemProperty 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\AU' -ErrorAction SilentlyContinue
if (-not $policy -or ($policy.NoAutoUpdate -ne 1 -and $policy.AUOptions -ge 4)) { $others += 'windows-update' }
$agent = (Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\*' -ErrorAction SilentlyContinue |
    Where-Object { $_.DisplayName -eq 'Amazon SSM Agent' } | Select-Object -First 1).DisplayVersion
$free = (Get-PSDrive -Name ($env:SystemDrive.Substring(0, 1))).Free
$report = [ordered]@{
  v = 1; do = 'scan'; fp = (Get-WlSha256 ([System.Text.Encoding]::UTF8.GetBytes($text))); platform = $platform; boot = (Get-WlBoot)
  kernel = (Get-WlBuild); pending = (Get-WlPending); others = $others; diskMb = [int]($free / 1048576); agent = "$agent"; n = $offers.Count
}
Write-Output (ConvertTo-Json -InputObject $report -Compress)
