# Not yet run on Windows: written for Windows PowerShell 5.1, checked for syntax only.
# What the steps after Claim share, Claim has left in the batch's directory: a copy in each of them would not fit into a document.
$wlLibrary = Join-Path $wlHome "$wlBatch\library.ps1"
if (-not (Test-Path $wlLibrary)) { exit 0 }
. $wlLibrary
