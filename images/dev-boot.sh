#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Boot the Linux partition's kernel under plain QEMU, without libvirt and without the controller: for work on the
# module, the aerokernel and the agent. See --help.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"

usage() {
	cat <<-'END'
		Usage: images/dev-boot.sh [OPTIONS] [-- QEMU-ARGUMENTS]
		Boots build/vmlinux under QEMU (TCG) with the serial console on stdout; ends when the guest powers off.
		Exits with the status of the init script, 124 if the guest reset, panicked or ran out of time.

		  --init SCRIPT       run this shell script (busybox) in the guest when /proc, /sys, /dev are there and the
		                      kernel modules are loaded; then power off. Without it: an interactive shell.
		  --agent             boot build/initramfs.cpio instead (the agent as init); --add and --overlay still work
		  --add FILE[:PATH]   put FILE into the guest at PATH (default: /lib/hvm/NAME for *.ko and *.bin, else /bin/NAME)
		  --overlay DIR       put the contents of DIR over the guest's root
		  --guests            add whatever is built of hvm.ko, hrt.bin, hvm-agent, hvm-proxy, hvm-bench
		  --smp N             vCPUs (default 2)                        --linux-cpus K   of them Linux's (default 1)
		  --mem MIB           guest memory (default 1024)              --timeout S      give up after S seconds (default 120)
		  --partition RANGE:BASE:SIZE[:user]   HRT partition (default 1-(N-1):0x10000000:64M); may be repeated; 'none' for none
		  --machine M         pc (default), q35                        --cpu MODEL      (default max)
		  --share DIR         virtiofs: DIR at the same path in the guest (hvm.mount=; --init scripts find it mounted)
		  --rootfs IMAGE      with --agent: the root file system, as a disk
		  --channel SOCKET    the agent's virtio-serial port as a Unix socket that QEMU listens on
		  --append WORDS      more of the kernel command line
		  --verbose           all kernel messages on the console (no 'quiet')
		  --gdb               wait for gdb on port 1234: gdb -ex 'target remote :1234'
		  --int               log interrupts, exceptions and resets to build/dev/qemu.log (qemu -d int,cpu_reset)
	END
}

# Defaults of the guest; --init and friends change them.
init='' agent=0 guests=0 smp=2 linux_cpus=1 mem=1024 limit=120 machine=pc cpu=max append='' verbose=0 channel=''
partitions=() adds=() overlays=() shares=() qemu_args=()

parse() {
	while [[ $# -gt 0 ]]; do
		case $1 in
		-h | --help) usage && exit 0 ;;
		--agent) agent=1 && shift ;;
		--guests) guests=1 && shift ;;
		--verbose) verbose=1 && shift ;;
		--gdb) qemu_args+=(-s -S) && limit=86400 && shift ;;
		--int) qemu_args+=(-d 'int,cpu_reset' -D "$build_dir/dev/qemu.log") && shift ;;
		--) shift && qemu_args+=("$@") && return ;;
		--init | --add | --overlay | --smp | --linux-cpus | --mem | --timeout | --partition | --machine | --cpu | \
			--share | --rootfs | --channel | --append)
			[[ $# -ge 2 ]] || fail "'$1' needs a value; see --help"
			option "$1" "$2"
			shift 2
			;;
		*) fail "unknown option '$1'; see --help" ;;
		esac
	done
}

option() {
	case $1 in
	--init) init=$2 ;;
	--add) adds+=("$2") ;;
	--overlay) overlays+=("$2") ;;
	--smp) smp=$2 ;;
	--linux-cpus) linux_cpus=$2 ;;
	--mem) mem=$2 ;;
	--timeout) limit=$2 ;;
	--partition) partitions+=("$2") ;;
	--machine) machine=$2 ;;
	--cpu) cpu=$2 ;;
	--share) shares+=("$(realpath -- "$2")") ;;
	--rootfs)
		[[ -f $2 ]] || fail "no such file: '$2' (--rootfs)"
		# shellcheck disable=SC2054 # the commas are QEMU's
		qemu_args+=(-drive "file=$2,format=raw,if=none,id=rootfs,readonly=on"
			-device virtio-blk-pci,drive=rootfs,disable-legacy=on)
		append+=" hvm.rootfs=/dev/vda"
		;;
	--channel) channel=$2 ;;
	--append) append+=" $2" ;;
	esac
}

add_file() {
	local root=$1 file=${2%%:*} path=''

	[[ $2 == *:* ]] && path=${2#*:}
	[[ -f $file ]] || fail "no such file: '$file' (--add)"
	if [[ -z $path ]]; then
		case $file in
		*.ko | *.bin) path=/lib/hvm/$(basename "$file") ;;
		*) path=/bin/$(basename "$file") ;;
		esac
	fi
	install -D -m 0755 "$file" "$root$path"
}

# The guests' artefacts that are there; a missing one is named and left out.
add_guests() {
	local root=$1 file

	for file in guest-linux-proxy/build/{module/hvm.ko,agent/hvm-agent,proxy/hvm-proxy,bench/hvm-bench} \
		guest-hrt/build/hrt.bin; do
		if [[ -f $images_dir/../$file ]]; then
			add_file "$root" "$images_dir/../$file"
		else
			say "not built, left out: $file"
		fi
	done
}

write_init() {
	local root=$1

	cat >"$root/init" <<-'END'
		#!/bin/busybox sh
		/bin/busybox mkdir -p /proc /sys /dev /tmp /run /bin
		/bin/busybox --install -s /bin
		export PATH=/bin HOME=/ TERM=linux
		mount -t proc proc /proc
		mount -t sysfs sysfs /sys
		mount -t devtmpfs dev /dev
		mkdir -p /dev/pts /dev/shm
		mount -t devpts devpts /dev/pts
		mount -t tmpfs tmpfs /dev/shm
		mount -t tmpfs tmpfs /tmp
		mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
		while read -r module; do insmod "$module" || echo "insmod $module: failed"; done </etc/hvm/modules
		for word in $(cat /proc/cmdline); do
			case $word in
			hvm.mount=*)
				word=${word#hvm.mount=}
				mkdir -p "${word#*:}" && mount -t virtiofs "${word%%:*}" "${word#*:}"
				;;
			esac
		done
		if [ -f /dev-init ]; then
			sh /dev-init
			echo "dev-boot status: $?"
		else
			echo "hvm.ko: insmod /lib/hvm/hvm.ko $(tr ' ' '\n' </proc/cmdline | sed -n 's/^hvm\.partition=/partition=/p' | tr '\n' ' ')"
			setsid cttyhack sh
			echo "dev-boot status: $?"
		fi
		poweroff -f
	END
	chmod 0755 "$root/init"
}

make_initramfs() {
	local root=$build_dir/dev/root base=$build_dir/dev/base.cpio item

	rm -rf "$root"
	mkdir -p "$root"
	if [[ $agent == 1 ]]; then
		base=$build_dir/initramfs.cpio
		[[ -s $base ]] || fail "no '$base': run images/build.sh"
	else
		[[ $base -nt $build_dir/base.stamp ]] || pack_directory "$build_dir/base" "$base"
		write_init "$root"
		[[ -z $init ]] || install -m 0755 "$init" "$root/dev-init"
	fi
	[[ $guests == 0 ]] || add_guests "$root"
	for item in "${adds[@]}"; do add_file "$root" "$item"; done
	for item in "${overlays[@]}"; do cp -a "$item/." "$root/"; done
	pack_directory "$root" "$build_dir/dev/over.cpio"
	# The kernel unpacks one archive after the other; a later file replaces an earlier one.
	cat "$base" "$build_dir/dev/over.cpio" >"$build_dir/dev/initramfs.cpio"
}

command_line() {
	local words="console=ttyS0 panic=-1 maxcpus=$linux_cpus no_ipi_broadcast=1 tsc=reliable clocksource=tsc nopat"
	words+=" no_timer_check" # a busy host fails it, and Linux hangs
	local i partition cpus base size words_of

	[[ $verbose == 1 ]] || words+=' quiet'
	words+=" memmap=64K\$0x10000"
	if [[ ${#partitions[@]} == 0 && $smp -gt $linux_cpus ]]; then
		partitions=("$linux_cpus-$((smp - 1)):0x10000000:64M")
	fi
	for i in "${!partitions[@]}"; do
		partition=${partitions[$i]}
		[[ $partition != none ]] || continue
		IFS=: read -r cpus base size words_of <<<"$partition"
		words+=" memmap=$size\$$base hvm.partition=hrt$i:$cpus:$base:$size${words_of:+:$words_of}"
	done
	for i in "${!shares[@]}"; do words+=" hvm.mount=hvm$i:${shares[$i]}"; done
	echo "$words$append"
}

# One virtiofsd per shared folder; it ends with QEMU.
start_shares() {
	local i socket server

	for i in "${!shares[@]}"; do
		socket=$build_dir/dev/virtiofs$i.sock
		rm -f "$socket"
		"$images_dir/../scripts/virtiofsd" "$socket" "${shares[$i]}" >"$build_dir/dev/virtiofsd$i.log" 2>&1 &
		server=$! # the substitution below is a child, too
		until [[ -S $socket ]]; do
			kill -0 "$server" || fail "virtiofsd ended: $(cat "$build_dir/dev/virtiofsd$i.log")"
			read -r -t 0.02 <> <(:) || true
		done
		qemu_args+=(-chardev "socket,id=fs$i,path=$socket"
			-device "vhost-user-fs-pci,chardev=fs$i,tag=hvm$i")
	done
}

main() {
	local log status line

	parse "$@"
	need_command qemu-system-x86_64 qemu-system-x86
	"$images_dir/unpack.sh"
	mkdir -p "$build_dir/dev"
	log=$build_dir/dev/console.log
	[[ -z $init || -f $init ]] || fail "no such file: '$init' (--init)"
	make_initramfs
	line=$(command_line)
	start_shares
	if [[ -n $channel ]]; then
		qemu_args+=(-device virtio-serial-pci
			-chardev "socket,id=agent,path=$channel,server=on,wait=off"
			-device "virtserialport,chardev=agent,name=org.hybridvm.agent.0")
	fi

	status=0
	timeout --foreground "$limit" qemu-system-x86_64 -machine "$machine,memory-backend=ram" \
		-accel tcg,thread=multi -cpu "$cpu" -smp "$smp" -m "$mem" \
		-object "memory-backend-memfd,id=ram,size=${mem}M,share=on" \
		-nodefaults -no-user-config -display none -no-reboot -serial mon:stdio \
		-kernel "$build_dir/vmlinux" -initrd "$build_dir/dev/initramfs.cpio" -append "$line" \
		"${qemu_args[@]}" | tee "$log" || status=${PIPESTATUS[0]}
	if [[ $status != 0 ]]; then
		fail "QEMU ended with status $status (124: no end within $limit s); console: $log"
	fi
	status=$(tr -d '\r' <"$log" | sed -n 's/^dev-boot status: \([0-9]*\)$/\1/p' | tail -n 1)
	if [[ -z $status ]]; then
		say "the guest reset or panicked before its init script ended; console: $log"
		exit 124
	fi
	exit "$status"
}

main "$@"
