# Not yet run on Windows. Whether Windows asks for a reboot. PendingFileRenameOperations is left out: virus scanners keep it set.
function Get-WlPending {
  $servicing = Test-Path 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending'
  $update = Test-Path 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired'
  $system = (New-Object -ComObject Microsoft.Update.SystemInfo).RebootRequired
  if ($servicing -or $update -or $system) { return 'reboot' }
  return ''
}
