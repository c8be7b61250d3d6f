# SPDX-License-Identifier: BSD-2-Clause
#
# Completion of the guise command for bash. The words are those of the option tables in tools/*.c (a test compares them);
# behind PROGRAM its own completion takes over.

_guise_names()          # the first words of what guise itself prints: engines or systems
{
	"$1" "$2" 2>/dev/null | sed -nE "$3"
}

_guise()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} guise=${COMP_WORDS[0]}
	local commands="run trace engines help"
	local options="--root --root-only --bind -E --chdir --argv0 --as --engine --strict --report -h --help --version"
	local trace="-o --output -f --follow -e -p --attach -P --trace-path --trace-fds --status -s -x -y -t -r -T -i -n -k -q -v"
	trace="$trace --arg-names --whole -c -C -w -S --json --perfetto --html --raw --read --lossy"
	local i=1 command=run
	COMPREPLY=()

	case ${COMP_WORDS[1]} in
	run | trace | engines | help)
		[ "$COMP_CWORD" -gt 1 ] && command=${COMP_WORDS[1]} i=2 ;;
	esac
	for (( ; i < COMP_CWORD; i++)); do          # is PROGRAM already there?
		case ${COMP_WORDS[i]} in
		--root | --bind | -E | --chdir | --argv0 | --as | --engine | --report | -o | --output) ((i++)) ;;
		-e | -p | --attach | -P | --trace-path | --trace-fds | --status | -s | -S | --perfetto | --html | --raw | --read) ((i++)) ;;
		-*) ;;
		*) case $command in run | trace) _command_offset "$i" 2>/dev/null; return ;; esac ;;
		esac
	done

	case $prev in
	--root | --chdir)
		compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
	--bind | --report | -o | --output | -P | --trace-path | --perfetto | --html | --raw | --read)
		compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	--engine)
		mapfile -t COMPREPLY < <(compgen -W "auto $(_guise_names "$guise" engines \
			's/^([a-z]+) +(works|not here:) .*/\1/p')" -- "$cur"); return ;;
	--as)
		mapfile -t COMPREPLY < <(compgen -W "$(_guise_names "$guise" --version \
			's/^  ([a-z0-9]+) .*/\1/p')" -- "$cur"); return ;;
	--argv0 | -E)
		return ;;
	esac
	case $command:$prev in
	trace:-e) mapfile -t COMPREPLY < <(compgen -W "%file %desc %network %memory %process %signal %ipc %clock %creds \
			inject= status= signal=none" -- "$cur"); compopt -o nospace; return ;;
	trace:-S) mapfile -t COMPREPLY < <(compgen -W "time calls errors avg min max p50 p90 p99 name" -- "$cur"); return ;;
	trace:--status) mapfile -t COMPREPLY < <(compgen -W "successful failed unfinished" -- "$cur"); return ;;
	trace:-s | trace:--trace-fds) return ;;
	esac
	case $command:$cur in
	engines:*) mapfile -t COMPREPLY < <(compgen -W "-h --help --version" -- "$cur") ;;
	help:*)    mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur") ;;
	run:-*)    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur") ;;
	trace:-*)  mapfile -t COMPREPLY < <(compgen -W "$trace $options" -- "$cur") ;;
	*)
		[ "$COMP_CWORD" -eq 1 ] && mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur")
		compopt -o filenames
		mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -c -- "$cur" | sort -u; compgen -f -- "$cur") ;;
	esac
}
complete -F _guise guise
