# Not yet run on Windows: written for Windows PowerShell 5.1, checked for syntax only.
# What this node is and what state it is in. Reads only.

# `windows-2022-x86_64`. The build tells the release; names are translated and change. Builds between those of the releases are of the
# annual channels (25398 is 23H2), whose updates are their own: they are no release that is known here.
function Get-WlPlatform {
  $build = [int](Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion').CurrentBuildNumber
  $release = switch ($build) {
    26100 { '2025' }
    20348 { '2022' }
    17763 { '2019' }
    14393 { '2016' }
    default { '0' }
  }
  $machine = if ($env:PROCESSOR_ARCHITECTURE -eq 'ARM64') { 'aarch64' } else { 'x86_64' }
  return "windows-$release-$machine"
}

# `10.0.20348.2762`: the update build revision is what a cumulative update changes.
function Get-WlBuild {
  $version = Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion'
  return "10.0.$($version.CurrentBuildNumber).$($version.UBR)"
}

function Get-WlAgentVersion {
  $agent = Join-Path $env:ProgramFiles 'Amazon\SSM\amazon-ssm-agent.exe'
  if (-not (Test-Path $agent)) { return '' }
  return (Get-Item $agent).VersionInfo.ProductVersion
}

function Get-WlFreeMb {
  return [int][Math]::Floor((Get-CimInstance Win32_LogicalDisk -Filter "DeviceID='$env:SystemDrive'").FreeSpace / 1048576)
}

# The servicing stack, Windows Update, and Windows Update's own interface. PendingFileRenameOperations is not asked: virus scanners
# keep it set for ever.
function Test-WlRebootNeeded {
  return (Test-Path 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending') -or
    (Test-Path 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired') -or
    (New-Object -ComObject Microsoft.Update.SystemInfo).RebootRequired
}

# Automatic services that run now. One that is started by a trigger may end by itself when it has nothing to do.
function Get-WlServices {
  Get-CimInstance Win32_Service -Filter "State='Running' AND StartMode='Auto'" |
    Where-Object { -not (Test-Path "HKLM:\SYSTEM\CurrentControlSet\Services\$($_.Name)\TriggerInfo") } |
    ForEach-Object { $_.Name } | Sort-Object
}

# Windows Update installs by itself at level 4 (AutomaticUpdatesNotificationLevel: scheduled installation).
function Get-WlOthers {
  $level = (New-Object -ComObject Microsoft.Update.AutoUpdate).Settings.NotificationLevel
  if ($level -eq 4) { 'windows-update' }
}
