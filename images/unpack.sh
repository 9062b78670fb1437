#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Fetch the Debian packages and take from them what an initramfs is made of:
#   build/vmlinux                       the kernel, uncompressed: it has a PVH entry, so QEMU starts it without a loader
#   build/base/                         /bin/busybox, /lib/hvm/<kernel modules>, /etc/hvm/{modules,modules-rootfs,release}
# Nothing is done if the packages are still those of the last time.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"

# The kernel inside a bzImage is an LZ4 stream (Linux: Documentation/x86/boot.rst, payload_offset and payload_length),
# followed by its uncompressed size in four bytes.
extract_vmlinux() {
	local image=$1 out=$2 setup_sectors payload_offset payload_length start

	field() {
		od -An -t "u$3" -j "$(($2))" -N "$3" "$1" | tr -d ' '
	}
	setup_sectors=$(field "$image" 0x1f1 1)
	payload_offset=$(field "$image" 0x248 4)
	payload_length=$(field "$image" 0x24c 4)
	start=$(((setup_sectors + 1) * 512 + payload_offset))
	dd if="$image" iflag=skip_bytes,count_bytes skip="$start" count="$((payload_length - 4))" bs=1M status=none |
		lz4 -dcq >"$out.part" ||
		fail "the kernel in '$image' is not an LZ4 stream (payload at byte $start, $payload_length bytes)"
	[[ $(head -c 4 "$out.part" | od -An -c | tr -d ' ') == '177ELF' ]] ||
		fail "what '$image' holds is not an ELF file"
	mv "$out.part" "$out"
}

# Copy the modules of file $4 and all that they need into /lib/hvm, and print the order to load them in.
copy_modules() {
	local root=$1 release=$2 base=$3 list=$4 name path

	sed -e 's/#.*//' -e '/^ *$/d' "$list" | while read -r name; do
		modprobe -d "$root" -S "$release" --show-depends "$name" ||
			fail "kernel $release has no module '$name' (named in '$list')"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r path; do
		install -m 0644 "$path" "$base/lib/hvm/"
		echo "/lib/hvm/${path##*/}"
	done
}

main() {
	local release kernel_version busybox_version kernel_deb busybox_deb identity packages base

	need_command lz4 lz4
	PATH=$PATH:/sbin:/usr/sbin
	need_command depmod kmod
	mkdir -p "$build_dir"
	packages=$build_dir/packages
	base=$build_dir/base

	release=$(kernel_release)
	kernel_version=$(package_version "linux-headers-$release")
	[[ -n $kernel_version ]] || fail "no Debian package 'linux-headers-$release' is known: run scripts/bootstrap"
	busybox_version=$(package_version busybox-static)
	[[ -n $busybox_version ]] || fail "no Debian package 'busybox-static' is known: run 'apt-get update' as root"

	identity="linux-image-$release $kernel_version; busybox-static $busybox_version; $(cat "$0" "$images_dir"/{modules,rootfs-modules}.txt | cksum)"
	if [[ $(cat "$build_dir/base.stamp" 2>/dev/null) == "$identity" && -s $build_dir/vmlinux ]]; then
		return
	fi
	rm -rf "$base" "$build_dir/base.stamp"

	kernel_deb=$(fetch_package "linux-image-$release" "$kernel_version")
	busybox_deb=$(fetch_package busybox-static "$busybox_version")
	unpack_package "$kernel_deb" "$packages/kernel"
	unpack_package "$busybox_deb" "$packages/busybox"

	extract_vmlinux "$packages/kernel/boot/vmlinuz-$release" "$build_dir/vmlinux"
	depmod -b "$packages/kernel" "$release"
	mkdir -p "$base/lib/hvm" "$base/etc/hvm"
	copy_modules "$packages/kernel" "$release" "$base" "$images_dir/modules.txt" >"$base/etc/hvm/modules"
	copy_modules "$packages/kernel" "$release" "$base" "$images_dir/rootfs-modules.txt" |
		grep -vxFf "$base/etc/hvm/modules" >"$base/etc/hvm/modules-rootfs"
	install -D -m 0755 "$packages/busybox/bin/busybox" "$base/bin/busybox"
	cat >"$base/etc/hvm/release" <<-END
		kernel=$release
		linux-image=$kernel_version
		busybox-static=$busybox_version
	END
	echo "$identity" >"$build_dir/base.stamp"
	say "kernel $release ($kernel_version), busybox $busybox_version," \
		"$(cat "$base"/etc/hvm/modules* | wc -l) kernel modules"
}

main "$@"
