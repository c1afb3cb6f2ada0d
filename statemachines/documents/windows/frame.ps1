# Not yet run on Windows: written for Windows PowerShell 5.1, checked for syntax only.
# Hooks: a user's own document, or AWS's, runs in a frame, a document of three steps that Claim writes to the node. linux/lib/frame.sh
# says why, and what its marks mean.
function Write-WlFrame([string]$name, [string]$document, [hashtable]$parameters) {
  $mark = Join-Path $wlDir "hook.$name"
  $enter = @(
    'try {',
    "`$mark = '$mark'",
    '$said = [IO.File]::ReadAllText($mark).Trim()',
    "if (`$said -eq 'idle') { exit 168 }",
    "if (`$said -ne 'ready') { [IO.File]::WriteAllText(`$mark, 'again'); exit 169 }",
    "[IO.File]::WriteAllText(`$mark, 'entered')",
    '} catch { exit 169 }',
    'exit 0'
  )
  $hook = @{ onSuccess = 'exit'; documentType = 'SSMDocument'; documentPath = $document; documentParameters = $parameters }
  $failed = @("Remove-Item -Force '$mark'", 'exit 1')
  $steps = @(
    @{ action = 'aws:runPowerShellScript'; name = 'Enter'; inputs = @{ timeoutSeconds = '60'; runCommand = $enter } },
    @{ action = 'aws:runDocument'; name = 'Hook'; inputs = $hook },
    @{ action = 'aws:runPowerShellScript'; name = 'Failed'; inputs = @{ timeoutSeconds = '60'; runCommand = $failed } }
  )
  $frame = @{ schemaVersion = '2.2'; description = "Wavelock: $name, batch $wlBatch"; mainSteps = $steps }
  [IO.File]::WriteAllText((Join-Path $wlDir "$name.json"), ($frame | ConvertTo-Json -Depth 8))
  Set-WlLines "hook.$name.document" $document
  Set-WlLines "hook.$name" 'idle'
}

function Write-WlFrames {
  if ($wlBefore -ne 'none') { Write-WlFrame 'before' $wlBefore @{} }
  if ($wlAfter -ne 'none') { Write-WlFrame 'after' $wlAfter @{} }
  if ($wlClosing -eq 'yes') { Write-WlFrame 'closing' 'AWS-RunPatchBaseline' @{ Operation = 'Scan' } }
}
