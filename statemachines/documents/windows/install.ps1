# Not yet run on Windows. Install: the transaction runs as a scheduled task of its own, so that a time-out, a cancel or a restart of the
# agent never stops it half-way; this step only waits for its result.
$wlTransaction = @'
param([string]$Directory)
$ErrorActionPreference = 'Stop'
try {
  $wanted = @(Get-Content (Join-Path $Directory 'wanted'))
  $session = New-Object -ComObject Microsoft.Update.Session
  $chosen = New-Object -ComObject Microsoft.Update.UpdateColl
  foreach ($update in $session.CreateUpdateSearcher().Search("IsInstalled=0 and IsHidden=0 and Type='Software'").Updates) {
    foreach ($id in $update.KBArticleIDs) {
      if ($wanted -contains "KB$id") {
        if (-not $update.EulaAccepted) { $update.AcceptEula() }
        [void]$chosen.Add($update)
      }
    }
  }
  $downloader = $session.CreateUpdateDownloader()
  $downloader.Updates = $chosen
  [void]$downloader.Download()
  $installer = $session.CreateUpdateInstaller()
  $installer.Updates = $chosen
  $result = $installer.Install()
  # OperationResultCode 2 is orcSucceeded (Windows Update Agent API).
  Set-Content -Path (Join-Path $Directory 'install.exit') -Value ($(if ($result.ResultCode -eq 2) { 0 } else { $result.ResultCode }))
} catch {
  Set-Content -Path (Join-Path $Directory 'install.log') -Value $_.Exception.Message
  Set-Content -Path (Join-Path $Directory 'install.exit') -Value 1
}
'@

$exitFile = Join-Path $wlDir 'install.exit'
if ((Get-WlState 'phase') -ne 'install' -or (Get-WlState 'said') -ne 'running') {
  Enter-WlPhase 'resolve' 'install'
  if (@(Get-Content (Join-Path $wlDir 'wanted')).Count -eq 0) {
    Set-WlState 'install' 'ok'
    exit 0
  }
  $script = Join-Path $wlDir 'transaction.ps1'
  Set-Content -Path $script -Value $wlTransaction
  $arguments = '-NoProfile -NonInteractive -ExecutionPolicy Bypass -File "{0}" -Directory "{1}"' -f $script, $wlDir
  $action = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument $arguments
  $principal = New-ScheduledTaskPrincipal -UserId 'SYSTEM' -RunLevel Highest
  $settings = New-ScheduledTaskSettingsSet -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries -ExecutionTimeLimit ([TimeSpan]::FromHours(12))
  Register-ScheduledTask -TaskName "wavelock-$wlBatch" -Action $action -Principal $principal -Settings $settings -Force | Out-Null
  Set-WlState 'install' 'running'
  Start-ScheduledTask -TaskName "wavelock-$wlBatch"
}
while (-not (Test-Path $exitFile)) {
  Start-Sleep -Seconds 5
  # Gone without a result: the node went down, or somebody ended it.
  $running = (Get-ScheduledTask -TaskName "wavelock-$wlBatch" -ErrorAction SilentlyContinue).State -eq 'Running'
  if (-not $running) {
    Start-Sleep -Seconds 10
    if (-not (Test-Path $exitFile)) { Stop-WlFailed 'install' 'install-failed' 'the transaction ended without a result' }
  }
}
Unregister-ScheduledTask -TaskName "wavelock-$wlBatch" -Confirm:$false -ErrorAction SilentlyContinue
$code = (Get-Content $exitFile | Select-Object -First 1)
if ($code -ne '0') {
  $log = Join-Path $wlDir 'install.log'
  $said = if (Test-Path $log) { Get-Content $log | Select-Object -First 1 } else { "Windows Update Agent result code $code" }
  Stop-WlFailed 'install' 'install-failed' $said
}
Set-WlState 'install' 'ok'
