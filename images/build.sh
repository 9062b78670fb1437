#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Make build/vmlinux and build/initramfs.cpio, what every VM boots from. Same packages and same guest binaries give the
# same bytes. The archive is not compressed: see docs/boot.md for why that boots quickest.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"

root=$build_dir/root

# The guest's own programs: where the tree builds them, where the guest has them, and what builds them.
guest_files=(
	"guest-linux-proxy/build/agent/hvm-agent  /init            0755"
	"guest-linux-proxy/build/proxy/hvm-proxy  /bin/hvm-proxy   0755"
	"guest-linux-proxy/build/bench/hvm-bench  /bin/hvm-bench   0755"
	"guest-linux-proxy/build/serve/hvm-serve-static  /bin/hvm-serve  0755"
	"guest-linux-proxy/build/serve/hvm-serve  /bin/hvm-serve-dynamic  0755"
	"guest-linux-proxy/build/module/hvm.ko    /lib/hvm/hvm.ko  0644"
	"guest-hrt/build/hrt.bin                  /lib/hvm/hrt.bin 0644"
)

copy_guest_files() {
	local entry source target mode

	for entry in "${guest_files[@]}"; do
		read -r source target mode <<<"$entry"
		[[ -f $images_dir/../$source ]] ||
			fail "'$source' is not built: run 'make -C ${source%%/*}', or 'mvn package' for all"
		install -D -m "$mode" "$images_dir/../$source" "$root$target"
		# Debug information is for gdb on the host; it would only make the boot longer and names build folders.
		case $target in
		*.ko) strip --strip-debug "$root$target" ;;
		*.bin) ;;
		*) strip "$root$target" ;;
		esac
	done
}

# srun of jobs (docs/api.md); seen as /hvm/lib/hvm/slurm, whatever the root.
copy_scripts() {
	install -D -m 755 "$images_dir/slurm/srun" "$root/lib/hvm/slurm/srun"
}

# A module for another kernel is refused at boot, with a word on the console only: refuse it here.
check_module_release() {
	local release magic

	release=$(sed -n 's/^kernel=//p' "$root/etc/hvm/release")
	magic=$(PATH=$PATH:/sbin:/usr/sbin modinfo -F vermagic "$root/lib/hvm/hvm.ko")
	[[ ${magic%% *} == "$release" ]] || fail "hvm.ko is built for kernel '${magic%% *}', the image has '$release':" \
		"run 'make -C guest-linux-proxy clean all'"
}

# /sbin, /usr/bin and /usr/sbin are /bin, so that a program is found wherever a host has it.
link_applets() {
	local applet

	mkdir -p "$root/usr"
	ln -s bin "$root/sbin"
	ln -s ../bin "$root/usr/bin"
	ln -s ../bin "$root/usr/sbin"
	"$root/bin/busybox" --list | while read -r applet; do
		[[ -e $root/bin/$applet ]] || ln -s busybox "$root/bin/$applet"
	done
}

main() {
	need_command cpio cpio
	need_command strip binutils
	"$images_dir/unpack.sh"
	rm -rf "$root"
	cp -a "$build_dir/base" "$root"
	mkdir -p "$root"/{proc,sys,dev,tmp,run,root}
	chmod 1777 "$root/tmp"
	copy_guest_files
	copy_scripts
	check_module_release
	link_applets
	# With a root file system, the agent shows this archive's root there as /hvm: what it needs of its own is at one path.
	ln -s . "$root/hvm"
	write_accounts "$root"
	# hvmd names the functions of a dump by it.
	cp "$images_dir/../guest-hrt/build/hrt.elf" "$build_dir/hrt.elf"
	pack_directory "$root" "$build_dir/initramfs.cpio.new"
	if cmp -s "$build_dir/initramfs.cpio.new" "$build_dir/initramfs.cpio"; then
		rm "$build_dir/initramfs.cpio.new"
	else
		mv "$build_dir/initramfs.cpio.new" "$build_dir/initramfs.cpio"
	fi
}

main "$@"
