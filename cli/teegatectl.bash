# SPDX-License-Identifier: GPL-2.0-or-later
#
# Completion of teegatectl for bash: commands, and the options that --help of each names.
_teegatectl()
{
	local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}

	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W 'info report verify extract extend seal unseal reseal inspect derive-key secret policy leases events top doctor help --help --version' -- "$word")
	elif [ "$command" = secret ] && [ "$COMP_CWORD" -eq 2 ] && [ "${word:0:1}" != - ]; then
		mapfile -t COMPREPLY < <(compgen -W 'add list lock' -- "$word")
	elif [ "$command" = policy ] && [ "$COMP_CWORD" -eq 2 ] && [ "${word:0:1}" != - ]; then
		mapfile -t COMPREPLY < <(compgen -W 'check explain' -- "$word")
	elif [ "$command" = leases ] && [ "$COMP_CWORD" -eq 2 ] && [ "${word:0:1}" != - ]; then
		mapfile -t COMPREPLY < <(compgen -W 'list revoke' -- "$word")
	elif [ "${word:0:1}" = - ]; then
		mapfile -t COMPREPLY < <(compgen -W \
			"$(teegatectl "$command" --help 2>/dev/null | grep -o -- '--[a-z-]*')" -- "$word")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	fi
}
complete -o filenames -F _teegatectl teegatectl
