# SPDX-License-Identifier: BSD-2-Clause
# bash: pipes, substitutions, here documents, traps, background jobs, job control, process groups, subshells.
set -u
echo "args $# $0" | sed 's|/.*/||'
seq 1 1000 | awk '{ s += $1 } END { print s }'
for i in 1 2 3; do (exit $i); echo "status $?"; done
trap 'echo trapped USR1' USR1
kill -USR1 $$
trap 'echo leaving' EXIT
{ sleep 5 & pid=$!; sleep 0.5; kill -TERM $pid; wait $pid; } 2>/dev/null   # not before it is sleep: a shell would run its trap
echo "background $?"
cat <<< "here $(printf '%s' string)" | tr a-z A-Z
diff <(printf '1\n2\n') <(printf '1\n3\n')
coproc tr a-z A-Z
echo through >&"${COPROC[1]}"
exec {COPROC[1]}>&-
cat <&"${COPROC[0]}"
wait
# job control in a shell that has no other job
bash -c 'set -m; sleep 0.3 & p=$!
jobs | sed "s/ *&$//"
kill -STOP %1
for i in 1 2 3 4 5 6 7 8 9 10; do jobs | grep -q Stopped && break; sleep 0.05; done
jobs
kill -CONT %1
wait $p
echo "job $?"'
( ulimit -n 20; ulimit -n )
exec 9>file; echo nine >&9; exec 9>&-; cat file
mkdir d; cd d; touch a b c; echo *; cd ..; rm -r d
printf '%s\n' {a,b}{1,2} | sort -r | xargs -n2 echo
(echo to stderr >&2) 2>&1 | wc -c
yes | head -3
echo "${BASH_SUBSHELL} $(echo $BASH_SUBSHELL)"
false | true; echo "${PIPESTATUS[@]}"
timeout 0.2 sleep 5; echo "timeout $?"
{ bash -c 'kill -SEGV $$'; } 2>/dev/null; echo "segv $?"
read -t 0.1 x < <(sleep 1); echo "read $?"
