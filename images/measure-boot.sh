#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measure the boot of the Linux partition's kernel under bare QEMU in variants of machine, firmware, kernel format and
# command line, each with the devices of a real VM. Prints medians in milliseconds from the start of QEMU: to the first
# line of /init, and to all modules loaded and virtiofs mounted. docs/boot.md has the results.
#
#   images/measure-boot.sh [ROUNDS [VARIANT...]]      (default: 5 rounds of all variants, interleaved)
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

work=$build_dir/measure
base_line="console=ttyS0 quiet panic=-1 maxcpus=1 no_ipi_broadcast=1 tsc=reliable clocksource=tsc"
base_line+=" memmap=64K\$0x10000 memmap=64M\$0x10000000"
trimmed_line="$base_line cryptomgr.notests no_timer_check nopat"

# name | machine | firmware | kernel | initramfs | command line | more QEMU arguments
variants=(
	"pc-seabios-bzimage|pc|bios-256k.bin|vmlinuz|cpio|$base_line|"
	"pc-seabios|pc|bios-256k.bin|vmlinux|cpio|$base_line|"
	"pc-qboot|pc|qboot.rom|vmlinux|cpio|$base_line|"
	"q35-seabios|q35|bios-256k.bin|vmlinux|cpio|$base_line|"
	"q35-qboot|q35|qboot.rom|vmlinux|cpio|$base_line|"
	"q35-qboot-trimmed|q35|qboot.rom|vmlinux|cpio|$trimmed_line|-no-hpet"
	"q35-qboot-trimmed-lz4|q35|qboot.rom|vmlinux|cpio.lz4|$trimmed_line|-no-hpet"
	"q35-qboot-trimmed-gzip|q35|qboot.rom|vmlinux|cpio.gz|$trimmed_line|-no-hpet"
	"q35-qboot-trimmed-unquiet|q35|qboot.rom|vmlinux|cpio|${trimmed_line/ quiet/}|-no-hpet"
	"microvm|microvm,pcie=on,rtc=on|qboot.rom|vmlinux|cpio|$trimmed_line|"
)

make_initramfs() {
	rm -rf "$work"
	mkdir -p "$work"
	cp -a "$build_dir/base" "$work/root"
	cat >"$work/root/init" <<-'END'
		#!/bin/busybox sh
		b=/bin/busybox
		$b mkdir -p /proc /sys /dev /share
		$b mount -t devtmpfs dev /dev
		echo "measure: init" >/dev/ttyS0
		$b mount -t proc proc /proc
		while read -r module; do $b insmod "$module"; done </etc/hvm/modules
		$b mount -t virtiofs hvm0 /share || exit 1
		echo "measure: ready" >/dev/ttyS0
		$b poweroff -f
	END
	chmod 0755 "$work/root/init"
	pack_directory "$work/root" "$work/initramfs.cpio"
	lz4 -qlf9 "$work/initramfs.cpio" "$work/initramfs.cpio.lz4"
	gzip -9nk "$work/initramfs.cpio"
	truncate -s 1M "$work/shm"
	cp "$build_dir"/packages/kernel/boot/vmlinuz-* "$work/vmlinuz"
	ln -s "$build_dir/vmlinux" "$work/vmlinux"
}

now() {
	echo "${EPOCHREALTIME/./}"
}

# Boot variant $1 once; prints "NAME INIT READY".
boot_once() {
	local name machine firmware kernel initramfs line more start init=- ready=- text

	IFS='|' read -r name machine firmware kernel initramfs line more <<<"$1"
	rm -f "$work/fs.sock"
	/usr/lib/qemu/virtiofsd --socket-path="$work/fs.sock" -o source="$work" -o sandbox=chroot >/dev/null 2>&1 &
	until [[ -S $work/fs.sock ]]; do read -r -t 0.01 <> <(:) || true; done
	start=$(now)
	# The words of $more are QEMU arguments.
	# shellcheck disable=SC2086
	while IFS= read -r text; do
		case $text in
		"measure: init"*) init=$((($(now) - start) / 1000)) ;;
		"measure: ready"*) ready=$((($(now) - start) / 1000)) ;;
		esac
	done < <(timeout 30 qemu-system-x86_64 -machine "$machine,memory-backend=ram" -bios "$firmware" \
		-accel tcg,thread=multi -cpu max -smp 2 -m 1024 \
		-object memory-backend-memfd,id=ram,size=1024M,share=on \
		-nodefaults -no-user-config -display none -no-reboot -serial stdio \
		-kernel "$work/$kernel" -initrd "$work/initramfs.$initramfs" -append "$line" \
		-chardev "socket,id=fs,path=$work/fs.sock" -device vhost-user-fs-pci,chardev=fs,tag=hvm0 \
		-chardev "socket,id=agent,path=$work/agent.sock,server=on,wait=off" \
		-device virtio-serial-pci,disable-legacy=on \
		-device virtserialport,chardev=agent,name=org.hybridvm.agent.0 \
		-object "memory-backend-file,id=shm,mem-path=$work/shm,size=1M,share=on" \
		-device ivshmem-plain,memdev=shm $more 2>/dev/null)
	wait
	echo "$name $init $ready"
}

median() {
	sort -n | awk '{ a[NR] = $1 } END { print NR ? a[int((NR + 1) / 2)] : "-" }'
}

main() {
	local rounds=${1:-5} variant name round

	[[ $rounds =~ ^[1-9][0-9]*$ ]] || fail "'$rounds' is not a number of rounds"
	shift || true
	"$images_dir/unpack.sh"
	make_initramfs
	for ((round = 0; round < rounds; round++)); do
		for variant in "${variants[@]}"; do
			name=${variant%%|*}
			[[ $# == 0 || " $* " == *" $name "* ]] && boot_once "$variant"
		done
	done >"$work/times"
	printf '%-28s %8s %8s %6s\n' variant init ready boots
	for variant in "${variants[@]}"; do
		name=${variant%%|*}
		grep -q "^$name " "$work/times" || continue
		printf '%-28s %8s %8s %6s\n' "$name" \
			"$(awk -v n="$name" '$1 == n && $2 != "-" { print $2 }' "$work/times" | median)" \
			"$(awk -v n="$name" '$1 == n && $3 != "-" { print $3 }' "$work/times" | median)" \
			"$(awk -v n="$name" '$1 == n && $3 != "-"' "$work/times" | wc -l)/$rounds"
	done
}

main "$@"
