# Not yet run on Windows. Platform triple from the build number (Microsoft Learn, "Windows Server release information").
function Get-WlBuild {
  $current = Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion'
  return '10.0.{0}.{1}' -f $current.CurrentBuild, $current.UBR
}

function Get-WlPlatform {
  $build = (Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion').CurrentBuild
  $releases = @{ '14393' = '2016'; '17763' = '2019'; '20348' = '2022'; '26100' = '2025' }
  $release = $releases[$build]
  if (-not $release) { $release = "build$build" }
  $arch = if ($env:PROCESSOR_ARCHITECTURE -eq 'ARM64') { 'aarch64' } else { 'x86_64' }
  return "windows-$release-$arch"
}
