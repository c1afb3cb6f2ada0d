# Not yet run on Windows: written for Windows PowerShell 5.1, checked for syntax only.
#
# Shared by every step: where a batch keeps its files, how one step tells the next how it ended, and how text gets into a report.
# The same words as on Linux (linux/lib/base.sh): phase, said, why, detail, one a line in the file `state` of the batch's directory.
# $wlHome lies under Program Files: what is there is run as SYSTEM, and only administrators may write there.
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$wlDir = Join-Path $wlHome $wlBatch

# Standard output is for the report alone.
function Write-WlLog([string]$text) {
  if (Test-Path $wlDir) {
    [IO.File]::AppendAllText((Join-Path $wlDir 'log'), [DateTime]::UtcNow.ToString('s') + 'Z ' + $text + "`n")
  }
}

# The value of a word in a batch's state file; empty where there is none.
function Get-WlState([string]$word, [string]$directory = $wlDir) {
  $file = Join-Path $directory 'state'
  if (-not (Test-Path $file)) { return '' }
  foreach ($line in [IO.File]::ReadAllLines($file)) {
    if ($line.StartsWith("$word ")) { return $line.Substring($word.Length + 1) }
  }
  return ''
}

# Written beside and moved: a step that is killed here leaves the old state or the new one.
function Set-WlState([string]$phase, [string]$said, [string]$why = '', [string]$detail = '') {
  Write-WlLog "$phase $said $why $detail"
  $file = Join-Path $wlDir 'state'
  $flat = $detail -replace '\s+', ' '
  [IO.File]::WriteAllText("$file.new", "phase $phase`nsaid $said`nwhy $why`ndetail $flat`n")
  Move-Item -Force "$file.new" $file
}

function Stop-WlStep([string]$phase, [string]$said, [string]$why, [string]$detail) {
  Set-WlState $phase $said $why $detail
  exit 0
}

# Enters a phase, or ends this step: it works only if the one before it said `ok`.
function Enter-WlPhase([string]$before, [string]$phase) {
  if ((Get-WlState 'phase') -ne $before -or (Get-WlState 'said') -ne 'ok') { exit 0 }
  $script:wlStep = Open-WlLock 'step'
  if ($null -eq $script:wlStep) { exit 0 }
  Set-WlState $phase 'working'
}

# A file that only its holder has open: the hold goes with the process, however that ends. Nothing where somebody else holds it.
function Open-WlLock([string]$name, [string]$directory = $wlDir) {
  try {
    return [IO.File]::Open((Join-Path $directory $name), 'OpenOrCreate', 'ReadWrite', 'None')
  } catch [IO.IOException] {
    return $null
  }
}

function Test-WlHeld([string]$name, [string]$directory = $wlDir) {
  if (-not (Test-Path (Join-Path $directory $name))) { return $false }
  $handle = Open-WlLock $name $directory
  if ($null -eq $handle) { return $true }
  $handle.Close()
  return $false
}

# Lists leave functions one by one; whoever wants an array puts @( ) around the call.
function Get-WlLines([string]$name, [string]$directory = $wlDir) {
  $file = Join-Path $directory $name
  if (Test-Path $file) { [IO.File]::ReadAllLines($file) | Where-Object { $_ -ne '' } }
}

# A file of one line, or nothing.
function Get-WlLine([string]$name, [string]$directory = $wlDir) {
  return @(Get-WlLines $name $directory) -join ' '
}

function Set-WlLines([string]$name, $lines) {
  [IO.File]::WriteAllText((Join-Path $wlDir $name), ((@($lines) | ForEach-Object { "$_`n" }) -join ''))
}

# A JSON string: at most $limit characters of printable ASCII.
function ConvertTo-WlJson([string]$text, [int]$limit = 200) {
  $flat = ($text -replace '\s', ' ') -replace '[^\x20-\x7e]', ''
  if ($flat.Length -gt $limit) { $flat = $flat.Substring(0, $limit) }
  return '"' + $flat.Replace('\', '\\').Replace('"', '\"') + '"'
}

function ConvertTo-WlPack([string]$text) {
  $memory = New-Object IO.MemoryStream
  $gzip = New-Object IO.Compression.GZipStream($memory, [IO.Compression.CompressionLevel]::Optimal)
  $bytes = [Text.Encoding]::ASCII.GetBytes($text)
  $gzip.Write($bytes, 0, $bytes.Length)
  $gzip.Close()
  return [Convert]::ToBase64String($memory.ToArray())
}

function Get-WlHash([string]$file) {
  return (Get-FileHash -Algorithm SHA256 -Path $file).Hash.ToLowerInvariant()
}

# Moments of a boot as Windows tells them differ by seconds when the clock is set; two boots are minutes apart.
function Get-WlBoot {
  return (Get-CimInstance Win32_OperatingSystem).LastBootUpTime.ToUniversalTime().ToString('s') + 'Z'
}

function Test-WlSameBoot([string]$before) {
  $now = [DateTime]::Parse((Get-WlBoot), [Globalization.CultureInfo]::InvariantCulture)
  return [Math]::Abs(([DateTime]::Parse($before, [Globalization.CultureInfo]::InvariantCulture) - $now).TotalSeconds) -lt 60
}

# Directories of batches that began more than 30 days ago. One whose transaction still runs stays.
function Remove-WlOld {
  $limit = [DateTime]::UtcNow.AddDays(-30)
  foreach ($old in Get-ChildItem -Directory $wlHome | Where-Object { $_.Name -ne 'inbox' -and $_.CreationTimeUtc -lt $limit }) {
    if (-not (Test-WlHeld 'running' $old.FullName)) { Remove-Item -Recurse -Force $old.FullName }
  }
}
