# Not yet run on Windows. Packages, Packages2, Packages3: the list behind the fingerprint, gzip and base64, 23,000 characters a step, as on
# Linux (linux/packages.sh says why).
$file = Join-Path $wlDir 'facts'
if (-not (Test-Path $file)) { exit 0 }
$packed = ConvertTo-WlPacked ([System.IO.File]::ReadAllText($file))
$chunk = 23000
if ($packed.Length -gt 3 * $chunk) {
  if ($wlPart -eq 1) { Write-Output ('too-long {0}' -f $packed.Length) }
  exit 0
}
$start = ($wlPart - 1) * $chunk
if ($start -lt $packed.Length) { Write-Output $packed.Substring($start, [Math]::Min($chunk, $packed.Length - $start)) }
