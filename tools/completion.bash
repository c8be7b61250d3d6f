# SPDX-License-Identifier: BSD-2-Clause
#
# Completion of the guise command for bash. The words are those of the option tables in tools/*.c (a test compares them);
# behind PROGRAM its own completion takes over, where bash-completion is loaded. Nothing else of it is needed.

_guise_names()          # the first words of what guise itself prints: engines or systems
{
	"$1" $2 2>/dev/null | sed -nE "$3"
}
# words, at, cword, piece: bash parts words at : and = too. Here they are whole again, as far as the cursor; at[i] is where
# words[i] begins in COMP_WORDS, piece what readline will replace of the last.
_guise_words()
{
	local line=${COMP_LINE:0:COMP_POINT} w blank i
	words=() at=()
	for ((i = 0; i <= COMP_CWORD; i++)); do
		blank=${line%%[![:blank:]]*}
		line=${line#"$blank"}
		w=${COMP_WORDS[i]}
		((i == COMP_CWORD)) && w=$line
		if [[ $i -gt 0 && -z $blank ]]; then
			words[-1]+=$w
		else
			words+=("$w") at+=("$i")
		fi
		line=${line#"$w"}
	done
	piece=$w
	[[ $w == [:=] && $COMP_WORDBREAKS == *"$w"* ]] && piece=
	cword=$((${#words[@]} - 1))
}
_guise_programs()       # the files of PATH that begin so and can be run
{
	local dir file IFS=:
	for dir in $PATH; do
		IFS=$'\n'
		for file in $(compgen -f -- "${dir:-.}/$1"); do
			[[ -f $file && -x $file ]] && echo "${file##*/}"
		done
	done
}
# _guise_reply HEAD COMPGEN-ARG...: what compgen finds for cur, HEAD in front of each, less what readline leaves alone
_guise_reply()
{
	local head=$1 skip=${word%"$piece"} found i
	shift
	mapfile -t found < <(compgen "$@" -- "$cur" | sort -u)
	for ((i = 0; i < ${#found[@]}; i++)); do
		found[i]=$head${found[i]}
		COMPREPLY+=("${found[i]#"$skip"}")
	done
}
_guise_value()          # OPTION HEAD: the value that is begun; fails if OPTION takes none
{
	case $1 in
	--root | --chdir | --root-a | --root-b | --post-mortem)
		compopt -o filenames; _guise_reply "$2" -d ;;
	--bind)
		compopt -o filenames
		if [[ $cur == *:* ]]; then
			local host=${cur%%:*}
			cur=${cur#*:}
			_guise_reply "$2$host:" -f
		else
			compopt -o nospace; _guise_reply "$2" -f
		fi ;;
	--json)
		[[ $command == diff ]] || return 1
		compopt -o filenames; _guise_reply "$2" -f ;;
	--report | --from-report | --witness | -o | --output | -P | --trace-path | --perfetto | --html | --raw | --read | --stdin | --suite | --junit)
		compopt -o filenames; _guise_reply "$2" -f ;;
	--engine)
		_guise_reply "$2" -W "auto $(_guise_names "$guise" engines 's/^([a-z]+) +(works|not here:) .*/\1/p')" ;;
	--as)
		_guise_reply "$2" -W "$(_guise_names "$guise" --version 's/^  ([a-z0-9]+) .*/\1/p')" ;;
	-e)
		compopt -o nospace
		_guise_reply "$2" -W "%file %desc %network %memory %process %signal %ipc %clock %creds inject= status= signal=none" ;;
	-S)
		_guise_reply "$2" -W "time calls errors avg min max p50 p90 p99 name" ;;
	--compare)
		_guise_reply "$2" -W "stdout stderr output exit files network processes calls all" ;;
	--heed | --ignore)
		compopt -o nospace
		_guise_reply "$2" -W "$(_guise_names "$guise" "diff --rules" 's/^([a-z]+) +(as|call|path|error|flag|result|signal|text|name|file|noise) .*/\1/p')" ;;
	--status)
		_guise_reply "$2" -W "successful failed unfinished" ;;
	--argv0 | -E | --why | -p | --attach | -s | --trace-fds | --timeout | --context)
		;;
	*)
		return 1 ;;
	esac
}
_guise_program()        # a subcommand or PROGRAM
{
	compopt -o filenames
	_guise_reply "" -W "$( ((cword == 1)) && echo "$commands"; [[ $cur == */* ]] || _guise_programs "$cur")"
	_guise_reply "" -f
}
_guise_behind()         # SUBCOMMAND WHERE: behind PROGRAM, which is the word WHERE
{
	if [[ $1 == diff ]]; then
		[[ $ended || $cur == -?* ]] || _guise_program
		return
	fi
	[[ $1 == run || $1 == trace ]] || return
	if declare -F _command_offset >/dev/null; then
		_command_offset "$2"
	else
		compopt -o filenames
		_guise_reply "" -f
	fi
}
_guise()
{
	local words at cword piece word cur prev guise=${COMP_WORDS[0]} ended='' first=1 command=run i
	local commands="run trace check diff engines help"
	local options="--root --root-only --bind -E --chdir --argv0 --as --engine --strict --witness --post-mortem --report -h --help --version"
	local trace="-o --output -f --follow -e -p --attach -P --trace-path --trace-fds --status -s -x -y -t -r -T -i -n -k -q -v"
	trace="$trace --arg-names --whole -c -C -w -S --json --perfetto --html --raw --read --lossy --supervised"
	local check="--json --summary --whole --sites --why --from-report --root --root-only --as -h --help --version"
	local diff="--root-a --root-b -E --chdir --empty --stdin --timeout --engine --compare --ignore --heed --rules --context --json"
	diff="$diff --html --suite --junit --keep -h --help --version"
	local takes=" --root --bind -E --chdir --argv0 --as --engine --witness --post-mortem --report -o --output -e -p --attach -P --trace-path"
	takes="$takes --trace-fds --status -s -S --perfetto --html --raw --read --why --from-report --root-a --root-b --stdin --timeout"
	takes="$takes --compare --ignore --heed --context --suite --junit "
	COMPREPLY=()
	_guise_words
	word=${words[cword]} cur=$word prev=${words[cword - 1]}

	case ${words[1]} in
	run | trace | check | diff | engines | help)
		[ "$cword" -gt 1 ] && command=${words[1]} first=2 ;;
	esac
	[[ $command == diff ]] && takes="$takes--json "
	for ((i = first; i < cword; i++)); do
		[[ $command == check && ($ended || ${words[i]} != -?*) ]] && continue
		if [[ $ended || ${words[i]} != -?* ]]; then
			_guise_behind "$command" "${at[i]}"
			return
		fi
		[[ ${words[i]} == -- ]] && ended=1
		[[ $takes == *" ${words[i]} "* ]] && ((i++))
	done

	if [ -z "$ended" ]; then
		if [[ $cur == --*=* ]]; then
			cur=${word#*=}
			_guise_value "${word%%=*}" "${word%%=*}="
			return
		fi
		[ "$cword" -gt "$first" ] && _guise_value "$prev" "" && return
	fi
	case $command:${ended:-$cur} in
	engines:*) _guise_reply "" -W "-h --help --version" ;;
	help:-*)   _guise_reply "" -W "-h --help --version" ;;
	help:*)    [ "$cword" = "$first" ] && _guise_reply "" -W "$commands" ;;
	run:-*)    _guise_reply "" -W "$options" ;;
	check:-*)  _guise_reply "" -W "$check" ;;
	diff:-*)   _guise_reply "" -W "$diff" ;;
	trace:-*)  _guise_reply "" -W "$trace $options" ;;
	*)         _guise_program ;;
	esac
}
complete -F _guise guise
