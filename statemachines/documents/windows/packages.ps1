# Not yet run on Windows: written for Windows PowerShell 5.1, checked for syntax only.
# Packages, Packages2, Packages3: the list behind the fingerprint, gzip+base64, in the same chunks as on Linux (linux/packages.sh).
$chunk = 23000
$parts = 3
$file = Join-Path $wlDir 'facts'
if (-not (Test-Path $file)) { exit 0 }
$packed = ConvertTo-WlPack ([IO.File]::ReadAllText($file))
if ($packed.Length -gt $chunk * $parts) {
  if ($wlPart -eq 1) { Write-Output "too-long $($packed.Length)" }
  exit 0
}
$begin = ($wlPart - 1) * $chunk
if ($begin -lt $packed.Length) { Write-Output $packed.Substring($begin, [Math]::Min($chunk, $packed.Length - $begin)) }
exit 0
