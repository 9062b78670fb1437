#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Build the image a second time, in a fresh directory with another umask and time zone, and compare every byte.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"

second=$(mktemp -d)
trap 'rm -rf "$second"' EXIT

for script in build rootfs; do
	"$images_dir/$script.sh"
	(umask 077 && TZ=Asia/Tokyo HVM_IMAGES_BUILD=$second/build "$images_dir/$script.sh" 2>/dev/null)
done
for file in vmlinux initramfs.cpio rootfs.img; do
	cmp "$build_dir/$file" "$second/build/$file" || fail "two builds of '$file' differ: the image is not reproducible"
done
say "two builds gave the same bytes: $(cd "$build_dir" && sha256sum vmlinux initramfs.cpio rootfs.img | sed 's/\(.\{12\}\)[^ ]*/\1/' | xargs)"
