# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_dir and wl_batch come from base.sh and the prologue
# Hooks: a user's own document, or AWS's, run by aws:runDocument between two of our steps. No step can see how another one ended, and
# onFailure looks at Failed only, not at TimedOut (amazon-ssm-agent, runpluginutil.go, getShouldPluginSkipBasedOnControlFlow). So a hook
# runs in a frame: a document of three steps that Claim writes to the node, and that aws:runDocument runs from there (LocalPath).
#
#   Enter   lets a hook in once, and only if the step before it has set its mark to `ready`
#   Hook    the document itself; `onSuccess: exit` ends the frame here
#   Failed  is reached only after a hook that did not succeed, and takes the mark away: that needs no room on a full disk
#
# The mark is $wl_dir/hook.<name>: `idle` not wanted (yet), `ready`, `entered`, `again` where the hook asked for a reboot (the agent then
# runs the frame once more from its start), and no file after a failure.

wl_frame() { # name, document, the document's parameters as JSON
  cat >"$wl_dir/$1.json" <<END || return 1
{"schemaVersion":"2.2","description":"Wavelock: $1, batch $wl_batch","mainSteps":[
{"action":"aws:runShellScript","name":"Enter","inputs":{"timeoutSeconds":"60","runCommand":[
"cd '$wl_dir' && read -r mark <hook.$1 || exit 169",
"case \$mark in",
"idle) exit 168 ;;",
"ready) echo entered >hook.$1 || exit 169 ;;",
"*) echo again >hook.$1; exit 169 ;;",
"esac"] } },
{"action":"aws:runDocument","name":"Hook","inputs":{"onSuccess":"exit","documentType":"SSMDocument","documentPath":"$2","documentParameters":$3 } },
{"action":"aws:runShellScript","name":"Failed","inputs":{"timeoutSeconds":"60","runCommand":["rm -f '$wl_dir/hook.$1'; exit 1"] } }] }
END
  printf '%s\n' "$2" >"$wl_dir/hook.$1.document" && echo idle >"$wl_dir/hook.$1"
}
