# SPDX-License-Identifier: BSD-2-Clause
#
# Completion of the guise command for bash. Subcommands, options and what those take are what guise itself says of them;
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
_guise_commands() { _guise_names "$guise" --help '/^Commands:/,/^$/s/^  ([a-z]+) .*/\1/p'; }
_guise_systems() { _guise_names "$guise" --version 's/^  ([a-z0-9]+) .*/\1/p'; }
_guise_options()        # of $help
{
	grep -oE '^  (-[A-Za-z]|  )(, )?( *--[a-z0-9-]+)?' <<<"$help" | grep -oE -e '--?[A-Za-z][a-z0-9-]*'
}
_guise_takes()          # OPTION: what it takes, as $help names it; fails if nothing
{
	awk -v o="$1" '/^ +-/ {
		sub(/^ +/, ""); n = index($0, "  "); k = split(n ? substr($0, 1, n - 1) : $0, w, /,? +/)
		for (i = 1; i < k; i++) if (w[i] == o && w[k] !~ /^-/) { print w[k]; found = 1 }
	} END { exit !found }' <<<"$help"
}
_guise_value()          # OPTION HEAD: the value that is begun; fails if OPTION takes none
{
	local takes
	takes=$(_guise_takes "$1") || return 1
	case $command:$1:$takes in
	*:--bind:*)
		compopt -o filenames
		if [[ $cur == *:* ]]; then
			local host=${cur%%:*}
			cur=${cur#*:}
			_guise_reply "$2$host:" -f
		else
			compopt -o nospace; _guise_reply "$2" -f
		fi ;;
	*:--engine:*)
		_guise_reply "$2" -W "auto $(_guise_names "$guise" engines 's/^([a-z]+) +(works|not here:) .*/\1/p')" ;;
	*:--grant:*)
		compopt -o nospace; _guise_reply "$2" -W "io io,exit=" ;;
	trace:-e:*)
		compopt -o nospace
		_guise_reply "$2" -W "%file %desc %network %memory %process %signal %ipc %clock %creds %pure %stat %lstat %fstat %statfs %fstatfs %%stat %%statfs %unseen inject= status= signal=none" ;;
	trace:-S:*)
		_guise_reply "$2" -W "time calls errors sites in-proc avg min max p50 p90 p99 name" ;;
	trace:--status:*)
		_guise_reply "$2" -W "successful failed unfinished" ;;
	audit:--to:*)
		_guise_reply "$2" -W "syslog journal" ;;
	diff:--compare:*)
		_guise_reply "$2" -W "stdout stderr output exit files network processes calls all" ;;
	diff:--heed:* | diff:--ignore:*)
		compopt -o nospace
		_guise_reply "$2" -W "$(_guise_names "$guise" "diff --rules" 's/^([a-z]+) +(as|call|path|error|flag|result|signal|text|name|file|noise) .*/\1/p')" ;;
	*:OS)
		_guise_reply "$2" -W "$(_guise_systems)" ;;
	*:DIR)
		compopt -o filenames; _guise_reply "$2" -d ;;
	*:FILE | *:PATH)
		compopt -o filenames; _guise_reply "$2" -f ;;
	esac
}
_guise_program()        # a subcommand or PROGRAM
{
	compopt -o filenames
	_guise_reply "" -W "$( ((cword == 1)) && _guise_commands; [[ $cur == */* ]] || _guise_programs "$cur")"
	_guise_reply "" -f
}
_guise_behind()         # WHERE: behind PROGRAM, which is the word WHERE
{
	case $command in
	check | diff | doc | engines | help)
		return 1 ;;              # what they name is not run with what follows
	esac
	if declare -F _command_offset >/dev/null; then
		_command_offset "$1"
	else
		compopt -o filenames
		_guise_reply "" -f
	fi
}
_guise()
{
	local words at cword piece word cur prev guise=${COMP_WORDS[0]} ended='' first=1 command=run help i
	COMPREPLY=()
	_guise_words
	word=${words[cword]} cur=$word prev=${words[cword - 1]}

	[[ $cword -gt 1 && " $(_guise_commands | tr '\n' ' ') " == *" ${words[1]} "* ]] && command=${words[1]} first=2
	help=$("$guise" help "$command" 2>/dev/null | sed -n '/^Options:/,$p')
	for ((i = first; i < cword; i++)); do
		if [[ $ended || ${words[i]} != -?* ]]; then
			_guise_behind "${at[i]}" && return
			continue
		fi
		[[ ${words[i]} == -- ]] && ended=1
		_guise_takes "${words[i]}" >/dev/null && ((i++))
	done

	if [ -z "$ended" ]; then
		if [[ $cur == --*=* ]]; then
			cur=${word#*=}
			_guise_value "${word%%=*}" "${word%%=*}="
			return
		fi
		[ "$cword" -gt "$first" ] && _guise_value "$prev" "" && return
		[[ $cur == -?* || $cur == - ]] && { _guise_reply "" -W "$(_guise_options)"; return; }
	fi
	case $command in
	help)    [ "$cword" = "$first" ] && _guise_reply "" -W "$(_guise_commands)" ;;
	doc)     _guise_reply "" -W "$(_guise_systems)" ;;
	engines) ;;
	*)       _guise_program ;;
	esac
}
complete -F _guise guise
