# SPDX-License-Identifier: Apache-2.0
# Completion of hvm for bash and, by bashcompinit, zsh. Written by 'hvm completion'; source it, or put it where your shell
# looks for completions.

# What a command takes: $1 are its words. Each of 'valued' is an option and what its value is, 'places' are the parameters.
_hvm_model() {
	flags='' valued='' places='' inner=''
	case $1 in
@MODEL@
	esac
}

# Add the lines of standard input that begin with $1 to the answer.
_hvm_add() {
	local line

	while IFS= read -r line; do
		[[ $line != "$1"* ]] || COMPREPLY+=("$2$line")
	done
}

# Answer with values of kinds $1 (joined by +) that begin with $2; $3 goes before each.
_hvm_values() {
	local kind kinds=$1+ newline=$'\n'

	while [[ -n $kinds ]]; do
		kind=${kinds%%+*} kinds=${kinds#*+}
		case $kind in
		'' | none) ;;
		=*) kind=${kind#=} && _hvm_add "$2" "$3" <<<"${kind//,/$newline}" ;;
		file | folder | program)
			compopt -o filenames 2>/dev/null
			[[ $kind != program || $2 == */* ]] || _hvm_add "$2" "$3" < <(compgen -c -- "$2")
			[[ $kind != folder ]] || _hvm_add "$2" "$3" < <(compgen -d -- "$2")
			[[ $kind == folder ]] || _hvm_add "$2" "$3" < <(compgen -f -- "$2")
			;;
		# The VMs, partitions and jobs of now: at most two seconds, and no hvmd is started.
		*) _hvm_add "$2" "$3" < <(timeout 2 "$_hvm_program" complete "$kind" 2>/dev/null) ;;
		esac
	done
}

# Set kind to what the value of option $1 is; fails if it takes none.
_hvm_kind_of() {
	[[ " $valued " == *" $1:"* ]] || return 1
	kind=" $valued"
	kind=${kind#*" $1:"} kind=${kind%% *}
	[[ -n $kind ]] || kind=none
}

_hvm_complete() {
	local flags valued places inner kind='' called='' ended=0 place=0 i word newline=$'\n'
	local _hvm_program=${COMP_WORDS[0]} cur=${COMP_WORDS[COMP_CWORD]}

	COMPREPLY=()
	_hvm_model ''
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ -n $kind ]]; then
			[[ $word == = ]] || kind='' # bash has the = of --option=value as a word
		elif [[ $ended == 1 ]]; then
			place=$((place + 1))
		elif [[ $word == -- ]]; then
			ended=1
		elif [[ $word == -* ]]; then
			[[ $word != *=* ]] && _hvm_kind_of "$word"
		elif [[ " $inner " == *" $word "* ]]; then
			called="${called:+$called }$word"
			_hvm_model "$called"
		else
			place=$((place + 1))
			[[ $places != program* && $places != *+program* ]] || ended=1 # all else is the program's
		fi
	done

	if [[ -n $kind ]]; then
		_hvm_values "$kind" "${cur#=}" ''
	elif [[ $ended == 0 && $cur == --*=* ]] && _hvm_kind_of "${cur%%=*}"; then
		_hvm_values "$kind" "${cur#*=}" "${cur%%=*}="
	elif [[ $ended == 0 && $cur == -* ]]; then
		_hvm_add "$cur" '' <<<"${flags// /$newline}"
	else
		[[ $place != 0 ]] || _hvm_add "$cur" '' <<<"${inner// /$newline}"
		while [[ $place -gt 0 && $places == *' '* ]]; do
			places=${places#* } place=$((place - 1))
		done
		[[ $place -gt 0 && $places != *... ]] || _hvm_values "${places%%[ .]*}" "$cur" ''
	fi
}

complete -F _hvm_complete hvm
