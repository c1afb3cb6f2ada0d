# Not yet run on Windows: written for Windows PowerShell 5.1, checked for syntax only.
# What the steps around a hook have to do with it, as linux/lib/hook.sh.

# Seconds since 1970.
function Get-WlNow {
  return [int64]([DateTime]::UtcNow - [DateTime]'1970-01-01').TotalSeconds
}

# Lets a hook in: the next aws:runDocument runs it. The state stays `working`, although nobody of us is at work meanwhile.
function Start-WlHook([string]$name, [int]$seconds) {
  Set-WlLines "hook.$name.deadline" ((Get-WlNow) + $seconds)
  Set-WlLines "hook.$name" 'ready'
}

function Test-WlHookLate([string]$name, [string]$directory = $wlDir) {
  $deadline = Get-WlLine "hook.$name.deadline" $directory
  return $deadline -eq '' -or (Get-WlNow) -gt [int64]$deadline
}

# Why a hook that is over did not do its work; empty where it did. Nothing is installed after a pre hook that took too long.
function Get-WlHookFault([string]$name, [string]$directory = $wlDir) {
  switch (Get-WlLine "hook.$name" $directory) {
    'entered' { if ($name -eq 'before' -and (Test-WlHookLate $name $directory)) { return 'did not end in time' } else { return '' } }
    'again' { return 'asked for a reboot, which a hook must not' }
    'ready' { return 'was not run' }
    default { return 'failed' }
  }
}

# Turns the state of a phase that waited for its hook into how that ended. For the step after the hook: the agent comes there also when
# the hook failed or timed out.
function Complete-WlHook([string]$name) {
  if ((Get-WlState 'phase') -ne $name -or (Get-WlState 'said') -ne 'working') { return }
  $fault = Get-WlHookFault $name
  if ($fault -eq '') { Set-WlState $name 'ok' }
  else { Set-WlState $name 'failed' 'hook-failed' "$(Get-WlLine "hook.$name.document") $fault" }
}
