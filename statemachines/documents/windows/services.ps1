# Not yet run on Windows. Services that start by themselves and run: what ran before an install must run after it.
function Get-WlRunningServices {
  return @(Get-CimInstance -ClassName Win32_Service -Filter "State='Running' and StartMode='Auto'" | ForEach-Object { $_.Name } | Sort-Object)
}

# Services of the list in $File that do not run now; they get $Grace seconds to come up.
function Get-WlServicesDown([string]$File, [int]$Grace) {
  if (-not (Test-Path $File)) { return @() }
  $before = @(Get-Content $File)
  for ($waited = 0; ; $waited += 5) {
    $now = Get-WlRunningServices
    $down = @($before | Where-Object { $now -notcontains $_ })
    if ($down.Count -eq 0 -or $waited -ge $Grace) { return $down }
    Start-Sleep -Seconds 5
  }
}
