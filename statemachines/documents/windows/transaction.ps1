# Not yet run on Windows: written for Windows PowerShell 5.1, checked for syntax only.
# The transaction: downloads and installs the wanted KBs through the Windows Update Agent. Runs as a scheduled task of SYSTEM, so that
# neither a time-out nor a stop of the SSM agent reaches it. Install-WlWanted is saved as a script of its own: it uses nothing else.
function Install-WlWanted {
  param([string]$directory)
  $ErrorActionPreference = 'Stop'
  $hold = [IO.File]::Open((Join-Path $directory 'running'), 'OpenOrCreate', 'ReadWrite', 'None')
  [IO.File]::WriteAllText((Join-Path $directory 'started'), '')
  $code = 1
  $log = @()
  try {
    $wanted = @([IO.File]::ReadAllLines((Join-Path $directory 'wanted')) | Where-Object { $_ -ne '' })
    $session = New-Object -ComObject Microsoft.Update.Session
    $searcher = $session.CreateUpdateSearcher()
    $searcher.IncludePotentiallySupersededUpdates = $true
    $chosen = New-Object -ComObject Microsoft.Update.UpdateColl
    foreach ($update in $searcher.Search("IsInstalled=0 and Type='Software' and IsHidden=0").Updates) {
      $mine = @($update.KBArticleIDs | Where-Object { $wanted -contains "KB$_" })
      if ($mine.Count -eq 0) { continue }
      if (-not $update.EulaAccepted) { $update.AcceptEula() }
      [void]$chosen.Add($update)
      $log += "chosen: $($update.Title)"
    }
    $code = 0
    if ($chosen.Count -gt 0) {
      $downloader = $session.CreateUpdateDownloader()
      $downloader.Updates = $chosen
      $result = $downloader.Download()
      $log += "downloaded: $($result.ResultCode)"
      $installer = $session.CreateUpdateInstaller()
      $installer.AllowSourcePrompts = $false
      $installer.ForceQuiet = $true
      $installer.Updates = $chosen
      $result = $installer.Install()
      for ($index = 0; $index -lt $chosen.Count; $index++) {
        $one = $result.GetUpdateResult($index)
        $log += "installed: $($chosen.Item($index).Title): $($one.ResultCode) 0x$('{0:x8}' -f $one.HResult)"
      }
      # OperationResultCode: 2 succeeded, 3 succeeded with errors, 4 failed, 5 aborted.
      if ($result.ResultCode -ne 2) { $code = 1 }
    }
  } catch {
    $log += "error: $($_.Exception.Message)"
    $code = 1
  } finally {
    [IO.File]::AppendAllText((Join-Path $directory 'install.log'), (($log | ForEach-Object { "$_`n" }) -join ''))
    [IO.File]::WriteAllText((Join-Path $directory 'install.exit'), "$code`n")
    $hold.Close()
  }
}

# Starts the transaction as a task and waits for its result; the exit status, or nothing where it ended without one.
function Invoke-WlTransaction {
  $script = Join-Path $wlDir 'transaction.ps1'
  $text = "function Install-WlWanted {`n" + ${function:Install-WlWanted}.ToString() + "`n}`nInstall-WlWanted '" + $wlDir + "'`n"
  [IO.File]::WriteAllText($script, $text)
  Remove-Item -Force -ErrorAction SilentlyContinue (Join-Path $wlDir 'install.exit'), (Join-Path $wlDir 'started')
  $arguments = "-NoProfile -NonInteractive -ExecutionPolicy Bypass -File `"$script`""
  $action = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument $arguments
  $settings = New-ScheduledTaskSettingsSet -ExecutionTimeLimit ([TimeSpan]::FromHours(48)) -AllowStartIfOnBatteries
  $name = "Wavelock-$wlBatch"
  [void](Register-ScheduledTask -Force -TaskName $name -Action $action -Settings $settings -User 'SYSTEM' -RunLevel Highest)
  Start-ScheduledTask -TaskName $name
  return Wait-WlTransaction
}

function Wait-WlTransaction {
  $exitFile = Join-Path $wlDir 'install.exit'
  $patience = [DateTime]::UtcNow.AddMinutes(2)
  while (-not (Test-Path $exitFile)) {
    Start-Sleep -Seconds 5
    if (Test-WlHeld 'running') { continue }
    if ((Test-Path (Join-Path $wlDir 'started')) -or [DateTime]::UtcNow -gt $patience) {
      Start-Sleep -Seconds 5
      if (-not (Test-Path $exitFile)) { return $null }
    }
  }
  Unregister-ScheduledTask -TaskName "Wavelock-$wlBatch" -Confirm:$false -ErrorAction SilentlyContinue
  return [int](Get-WlLine 'install.exit')
}

function Get-WlComplaint {
  return @(Get-WlLines 'install.log' | Where-Object { $_ -match '^error:|: [345] 0x' } | Select-Object -First 1) -join ''
}
