#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Programs behind the proxy must do what they do without it. Usage: run.sh PROXY LIBRARIES PROBE...
# PROXY is the native rig's, or hvm-proxy itself inside a guest; each PROBE is rig/probe.c, linked statically or
# dynamically, and LIBRARIES is rig/libraries.c, with its shared libraries beside it.
set -u
rig=$1
libraries=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

fail() {
	echo "FAILED: $*" >&2
	[ -s "$work/report" ] && sed 's/^/  report: /' "$work/report" >&2
	failures=$((failures + 1))
}

# Run a program behind the proxy: standard output to $work/out, reports to $work/report, exit status in $status.
behind() {
	timeout 60 "$rig" --report-fd 3 -- "$@" >"$work/out" 2>"$work/err" 3>"$work/report"
	status=$?
}

same() {
	timeout 60 "$@" >"$work/native" 2>"$work/native-err" </dev/null
	expected=$?
	behind "$@" </dev/null
	if [ $status -ne $expected ]; then
		fail "$*: status $status, natively $expected"
	elif ! cmp -s "$work/native" "$work/out"; then
		fail "$*: the output differs:"
		diff "$work/native" "$work/out" >&2
	else
		echo "ok same: $(basename "$1") ${2-} ${3-}"
	fi
}

# has STATUS TEXT PROGRAM...: exit status and a text in the report
has() {
	want=$1 text=$2
	shift 2
	behind "$@" </dev/null
	if [ $status -ne "$want" ]; then
		fail "$*: status $status, expected $want"
	elif ! grep -q -- "$text" "$work/report"; then
		fail "$*: no '$text' in the report"
	else
		echo "ok status $want, $text: $(basename "$1") ${2-} ${3-}"
	fi
}

# await TEXT FILE: until the text is there, for at most 20 seconds
await() {
	tries=0
	until grep -q -- "$1" "$2"; do
		tries=$((tries + 1))
		[ $tries -lt 400 ] || return 1
		sleep 0.05
	done
}

# killed_by SIGNAL-NUMBER PROGRAM...: the proxy dies by the signal; timeout(1) in between would hide it
killed_by() {
	want=$1
	shift
	(exec "$rig" --report-fd 3 -- "$@" >"$work/out" 2>"$work/err" 3>"$work/report") 2>/dev/null &
	wait $!
	status=$?
	[ $status -eq $((128 + want)) ] || fail "$*: status $status, expected signal $want"
}

export MARK='a mark'
"$rig" --report-fd 3 -- "$1" status 0 >"$work/out" 2>&1 3>"$work/report"
if [ $? -eq 99 ]; then
	echo "skipped: this kernel has no Syscall User Dispatch (Linux 5.11 or newer, CONFIG_GENERIC_ENTRY)"
	exit 0
fi

for probe; do
	same "$probe" arguments one '' 'three words'
	same "$probe" files
	same "$probe" brk
	same "$probe" signals
	same "$probe" exe
	same "$probe" close
	same "$probe" times
	same "$probe" identity
	same "$probe" status 0
	same "$probe" status 77
	same "$probe" status 255

	has 139 'fault signal=11 name=SIGSEGV address=0x0 rip=0x' "$probe" crash null
	grep -q 'trace 0 0x[0-9a-f]* part_crash+0x' "$work/report" || fail "crash null: no symbol in the trace"
	grep -q 'trace 1 0x[0-9a-f]* main+0x' "$work/report" || fail "crash null: the caller is missing in the trace"
	has 139 'note=stack-overflow' "$probe" crash stack
	has 139 'vector=13' "$probe" crash noncanonical
	has 139 'address=0x[1-9a-f].* error=0x[37] vector=14' "$probe" crash readonly
	has 136 'fault signal=8 name=SIGFPE' "$probe" crash divide
	has 132 'fault signal=4 name=SIGILL' "$probe" crash illegal
	has 134 'fault signal=6 name=SIGABRT rip=0x[0-9a-f]* note=raised' "$probe" crash abort
	grep -q 'trace .* abort+0x' "$work/report" || fail "crash abort: abort is not in the trace"
	killed_by 11 "$probe" crash null
	killed_by 13 "$probe" crash pipe
	grep -q '^fault' "$work/report" && fail "a broken pipe was reported as a fault"

	has 0 'unserved nr=154 name=modify_ldt' "$probe" proxy-refusals
	[ "$(grep -c 'name=modify_ldt' "$work/report")" = 1 ] || fail "an unserved call was named more than once"
	grep -q 'modify_ldt: -1 ENOSYS' "$work/out" || fail "modify_ldt was not refused with ENOSYS"
	grep -q 'ptrace: -1 EPERM' "$work/out" || fail "ptrace was not refused with EPERM"
	grep -q 'munmap of the proxy.s: -1 EINVAL' "$work/out" || fail "munmap took the proxy's memory"
	grep -q 'mprotect of the proxy.s: -1 ENOMEM' "$work/out" || fail "mprotect changed the proxy's memory"
	grep -q 'mmap over the proxy.s 1' "$work/out" || fail "mmap replaced the proxy's memory"
	grep -q 'shmat over the proxy.s 1' "$work/out" || fail "shmat replaced the proxy's memory"
	grep -q 'name=prctl note=option-would' "$work/report" || fail "prctl took an option that would break the proxy"
	grep -q 'cores 1' "$work/out" || fail "the program does not see the job's cores"

	for how in loop sleep; do
		"$rig" --report-fd 3 -- "$probe" crash $how >"$work/out" 2>&1 3>"$work/report" &
		pid=$!
		await ready "$work/out"
		kill -TERM $pid
		wait $pid
		[ $? -eq 143 ] || fail "$how: not ended by SIGTERM"
		grep -q 'fault signal=15 name=SIGTERM rip=0x' "$work/report" || fail "$how: no place reported"
		grep -q 'trace .* main+0x' "$work/report" || fail "$how: no trace"
		grep -q 'stats local=' "$work/report" || fail "$how: no stats"
	done

	"$rig" --stats --report-fd 3 -- "$probe" count >"$work/out" 2>&1 3>"$work/report"
	grep -q 'stats-call nr=110 name=getppid local=0 forwarded=1000 ns=[1-9]' "$work/report" ||
		fail "count: no 1000 forwarded calls of getppid"
	grep -q 'stats-call nr=39 name=getpid local=1000 forwarded=0 ns=0' "$work/report" ||
		fail "count: no 1000 local calls of getpid"
	grep -q 'stats-event name=shootdown count=2 ns=3000' "$work/report" || fail "count: no shootdowns"
	behind "$probe" count
	grep -q 'stats-' "$work/report" && fail "calls were counted unasked"

	head -c 30000000 /dev/zero | tr '\0' 'q' >"$work/large"
	"$probe" digest <"$work/large" >"$work/native"
	behind "$probe" digest <"$work/large"
	cmp -s "$work/native" "$work/out" || fail "digest of 30 MB differs"
	head -c 30000000 "$work/large" | "$rig" --report-fd 3 -- "$probe" digest 3>"$work/report" >"$work/out"
	cmp -s "$work/native" "$work/out" || fail "digest of 30 MB through a pipe differs"
done

has 127 'refused errno=2 reason=' /nowhere/program
has 127 'refused errno=2 reason=no-such-program-anywhere' no-such-program-anywhere
has 126 'refused errno=21 reason=/tmp' /tmp
echo '#!/bin/sh' >"$work/script"
has 126 'not executable' "$work/script"
chmod +x "$work/script"
echo '#!' >"$work/script"
has 126 'names no interpreter' "$work/script"
echo '#!/no/such/interpreter' >"$work/script"
has 127 '/no/such/interpreter: No such file' "$work/script"
printf '#!%s arguments\n' "$(realpath "$1")" >"$work/script"
same "$work/script" 'of a script'

same "$libraries"
same "$libraries" "$libraries-plugin.so"
same "$libraries" "$libraries-missing.so"
has 139 'fault signal=11' "$libraries" crash
grep -q 'trace 0 0x[0-9a-f]* linked_crash+0x' "$work/report" || fail "crash in a library: no symbol in the trace"
# The dynamic linker is a program, too.
ldso=$(head -c 4096 "$libraries" | tr '\0' '\n' | grep -a -m1 '^/.*ld.*\.so')
same "$ldso" "$libraries"

# with_interpreter TEXT: the program, with another path of the same length for its interpreter
with_interpreter() {
	LC_ALL=C sed "s|$ldso|$1|" "$libraries" >"$work/interpreted"
	chmod +x "$work/interpreted"
}
(cd "$work" && ln -s "$work" /tmp/hvm-rig.$$)
stem=/tmp/hvm-rig.$$/
path=$(printf '%s%0*d' "$stem" $((${#ldso} - ${#stem})) 7)
with_interpreter "$path"
has 127 "does not have its interpreter $path" "$work/interpreted"
echo '#!/bin/sh' >"$path"
has 126 "interpreter $path cannot be used: $path: it is not executable" "$work/interpreted"
chmod +x "$path"
has 126 "interpreter $path is a script" "$work/interpreted"
head -c 5000 "$ldso" >"$path"
has 126 "interpreter $path cannot be used: it is cut off or damaged" "$work/interpreted"
printf '\267' | dd of="$path" bs=1 seek=18 conv=notrunc status=none
has 126 "interpreter $path cannot be used: it is a program for AArch64" "$work/interpreted"
cp "$ldso" "$path"
same "$work/interpreted"
rm -f "${stem%/}"
: >"$work/empty"
chmod +x "$work/empty"
has 126 'it is empty' "$work/empty"
head -c 5000 "$1" >"$work/cut"
chmod +x "$work/cut"
has 126 'cut off or damaged' "$work/cut"

# refuses_options TEXT OPTION VALUE: the partition does not take the job
refuses_options() {
	"$rig" "$2" "$3" --report-fd 3 -- "$probe" status 0 3>"$work/report"
	[ $? -eq 125 ] || fail "$2 $3: not refused with 125"
	grep -q "$1" "$work/report" || fail "$2 $3: no '$1' in the report"
}
refuses_options 'refused errno=7 reason=partition hrt0 has 1 cores; wanted: 2' --cores 2
refuses_options "no HRT partition named 'nope'" --partition nope

exit $((failures > 0))
