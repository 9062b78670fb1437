#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh STANDIN HRT.BIN: the aerokernel under the stand-in, with TCG, and with KVM in both APIC modes where /dev/kvm opens.
set -eu
standin=$1 image=$2
qemu=qemu-system-x86_64
if ! command -v "$qemu" >/dev/null; then
	echo "$qemu is missing: scripts/bootstrap installs it" >&2
	exit 1
fi

run() { # ACCELERATION CPU WORDS
	status=0
	output=$(timeout 60 "$qemu" -nodefaults -display none -no-reboot -machine pc -accel "$1" -cpu "$2" -smp 2 -m 512 \
		-serial stdio -device isa-debug-exit,iobase=0xf4 -kernel "$standin" -initrd "$image" -append "$3" 2>&1) || status=$?
	if [ "$status" != 1 ]; then # isa-debug-exit turns 0 into 1
		printf '%s\n' "$output" >&2
		echo "stand-in failed: acceleration $1, cpu $2, words '$3', QEMU's status $status" >&2
		exit 1
	fi
	echo "stand-in with $1 ($3): $(printf '%s\n' "$output" | tail -n 1)"
}

run tcg,thread=multi max xapic
run tcg,thread=multi max "xapic user"
if [ -w /dev/kvm ]; then
	# On a machine whose KVM interprets ring 0, vector instructions fail: programs are left out there.
	if grep -qwE 'vmx|svm' /proc/cpuinfo; then words=; else words=boot-only; fi
	run kvm qemu64,+x2apic,+fsgsbase "xapic $words"
	run kvm qemu64,+x2apic,+fsgsbase "x2apic $words"
	run kvm qemu64,+x2apic,+fsgsbase "x2apic user $words"
fi
