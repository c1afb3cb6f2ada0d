# Not yet run on Windows. Shared by every step: where a batch keeps its files, how one step tells the next how it ended, and how text gets
# into a report. The state file has the same words as on Linux (linux/lib/base.sh): phase, said, why, detail.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$wlHome = Join-Path $env:ProgramData 'Wavelock'
$wlDir = Join-Path $wlHome $wlBatch

# Standard output is for the report alone: everything else goes to the batch's log.
function Write-WlLog([string]$Text) {
  if (Test-Path $wlDir) {
    Add-Content -Path (Join-Path $wlDir 'log') -Value ('{0:u} {1}' -f (Get-Date).ToUniversalTime(), $Text)
  }
}

function Get-WlState([string]$Word, [string]$Directory = $wlDir) {
  $file = Join-Path $Directory 'state'
  if (-not (Test-Path $file)) { return '' }
  foreach ($line in Get-Content $file) {
    if ($line.StartsWith("$Word ")) { return $line.Substring($Word.Length + 1) }
  }
  return ''
}

# Written beside and moved: a step that is killed here leaves the old state or the new one.
function Set-WlState([string]$Phase, [string]$Said, [string]$Why = '', [string]$Detail = '') {
  Write-WlLog "$Phase $Said $Why $Detail"
  $plain = ($Detail -replace '\s+', ' ')
  if ($plain.Length -gt 300) { $plain = $plain.Substring(0, 300) }
  $lines = @("phase $Phase", "said $Said", "why $Why", "detail $plain")
  Set-Content -Path (Join-Path $wlDir 'state.new') -Value $lines
  Move-Item -Force -Path (Join-Path $wlDir 'state.new') -Destination (Join-Path $wlDir 'state')
}

function Stop-WlRefused([string]$Phase, [string]$Why, [string]$Detail) {
  Set-WlState $Phase 'refused' $Why $Detail
  exit 0
}

function Stop-WlFailed([string]$Phase, [string]$Why, [string]$Detail) {
  Set-WlState $Phase 'failed' $Why $Detail
  exit 0
}

# A step works only if the one before it said ok: the agent runs later steps also after one that timed out.
function Enter-WlPhase([string]$Before, [string]$Phase) {
  if (-not (Test-Path $wlDir)) { exit 0 }
  if ((Get-WlState 'phase') -ne $Before -or (Get-WlState 'said') -ne 'ok') { exit 0 }
  Set-WlState $Phase 'working'
}

function Get-WlSha256([byte[]]$Bytes) {
  $sha = [System.Security.Cryptography.SHA256]::Create()
  return -join ($sha.ComputeHash($Bytes) | ForEach-Object { $_.ToString('x2') })
}

# gzip and base64, as the reader unpacks it.
function ConvertTo-WlPacked([string]$Text) {
  $bytes = [System.Text.Encoding]::UTF8.GetBytes($Text)
  $memory = New-Object System.IO.MemoryStream
  $gzip = New-Object System.IO.Compression.GZipStream($memory, [System.IO.Compression.CompressionLevel]::Optimal)
  $gzip.Write($bytes, 0, $bytes.Length)
  $gzip.Dispose()
  return [System.Convert]::ToBase64String($memory.ToArray())
}

# The boot, as one number that changes with every start.
function Get-WlBoot {
  return (Get-CimInstance -ClassName Win32_OperatingSystem).LastBootUpTime.ToUniversalTime().ToString('yyyyMMddHHmmss')
}
