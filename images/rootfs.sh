#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Make build/rootfs.img, the guest's root file system (docs/boot.md): the Debian packages of rootfs-packages.txt and what
# they depend on, as a read-only image. Needs no root; the packages' own scripts are not run. Same packages, same bytes.
# With --fetch: only download the packages.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"

root=$build_dir/rootfs
image=$build_dir/rootfs.img
library=$images_dir/../guest-hrt/build/libhrt/libhrt.so.1
calls=$images_dir/../guest-linux-proxy/build/libhvm/libhvm.so.1
openmp=$images_dir/../guest-linux-proxy/build/libgomp/libgomp.so.1

# What a guest has no use for.
excluded=(
	'./usr/share/doc/*' './usr/share/doc-base/*' './usr/share/man/*' './usr/share/info/*' './usr/share/locale/*'
	'./usr/share/lintian/*' './usr/share/bug/*' './usr/share/menu/*' './etc/cron*' './lib/systemd/*' './var/*'
	'./usr/lib/python3.*/test/*' './usr/lib/python3.*/idlelib/*' './usr/lib/python3.*/pydoc_data/*'
)

# The file names of all packages, resolved by apt as for an empty system: what the host has does not matter.
resolve_packages() {
	local names

	mapfile -t names < <(sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$images_dir/rootfs-packages.txt")
	[[ ${#names[@]} -gt 0 ]] || fail "images/rootfs-packages.txt names no package"
	apt-get -qq -o Dir::State::status=/dev/null -o Dir::Cache::archives=/nowhere -o Debug::NoLocking=1 \
		-o APT::Install-Recommends=0 --print-uris --yes install "${names[@]}" | awk '{ print $2 }' | sort
}

# NAME_VERSION_ARCHITECTURE.deb as apt-get download takes it.
package_of() {
	local file=${1%.deb}

	file=${file//%3a/:}
	echo "${file%%_*}=$(cut -d_ -f2 <<<"$file")"
}

fetch_packages() {
	local file missing=()

	for file in "$@"; do
		[[ -s $package_cache/$file ]] || missing+=("$(package_of "$file")")
	done
	[[ ${#missing[@]} -gt 0 ]] || return 0
	mkdir -p "$package_cache"
	say "downloading ${#missing[@]} packages into $package_cache"
	(cd "$package_cache" && apt-get -qq -o APT::Sandbox::User=root download "${missing[@]}" >&2) ||
		fail "cannot download Debian packages: run 'apt-get update' as root and scripts/bootstrap again"
}

# Debian 12 has /bin, /sbin and /lib* as links into /usr, but not all its packages do.
make_skeleton() {
	local dir

	mkdir -p "$root"/{dev,etc,home,hvm,mnt,opt,proc,root,run,srv,sys,tmp,usr,var}
	for dir in bin sbin lib lib64; do
		mkdir -p "$root/usr/$dir"
		ln -s "usr/$dir" "$root/$dir"
	done
	mkdir -p "$root"/usr/local/{bin,lib,share} "$root"/var/{cache,lib,log,spool,tmp}
	chmod 1777 "$root/tmp" "$root/var/tmp"
	ln -s /run "$root/var/run"
}

unpack_packages() {
	local file

	for file in "$@"; do
		dpkg-deb --fsys-tarfile "$package_cache/$file" |
			tar -x --keep-directory-symlink --no-same-owner --no-same-permissions --anchored --wildcards \
				"${excluded[@]/#/--exclude=}" -C "$root"
	done
}

# Programs that are linked with -lhrt (docs/hrt.md) and -lhvm (docs/calls.md) find them here.
add_library() {
	install -D -m 755 "$library" "$root/usr/lib/x86_64-linux-gnu/${library##*/}"
	install -D -m 755 "$calls" "$root/usr/lib/x86_64-linux-gnu/${calls##*/}"
	# Beside gcc's, for those who ask for it (docs/ptasks.md).
	install -D -m 755 "$openmp" "$root/usr/lib/hvm/openmp/${openmp##*/}"
}

# What the packages' scripts would have made.
configure() {
	local dir

	[[ -e $root/usr/bin/sh || ! -e $root/usr/bin/dash ]] || ln -s dash "$root/usr/bin/sh"
	[[ -e $root/usr/bin/awk || ! -e $root/usr/bin/mawk ]] || ln -s mawk "$root/usr/bin/awk"
	write_accounts "$root"
	# Debian chooses among implementations by links that scripts make; here the linker finds the first that is there.
	for dir in "$root"/usr/lib/x86_64-linux-gnu/{openblas-*,blas,lapack}; do
		[[ ! -d $dir ]] || echo "${dir#"$root"}"
	done >"$root/etc/ld.so.conf.d/alternatives.conf"
	PATH=$PATH:/sbin:/usr/sbin ldconfig -r "$root" -X
	rm -rf "$root/var/cache/ldconfig"
}

# Python compiles each module that it imports, and could not keep what it compiled. Its own interpreter does it here.
compile_python() {
	local library

	for library in "$root"/usr/lib/python3.*; do
		[[ -x $root/usr/bin/${library##*/} ]] || continue
		env -i PYTHONHOME="$root/usr" PYTHONHASHSEED=0 SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" LC_ALL=C \
			"$root/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" --library-path "$root/usr/lib/x86_64-linux-gnu" \
			"$root/usr/bin/${library##*/}" -m compileall -q -f --invalidation-mode unchecked-hash -s "$root" "$library" ||
			fail "the modules in '$library' cannot be compiled"
	done
}

# squashfs with LZ4: docs/boot.md says why. One time (SOURCE_DATE_EPOCH is for the super block), root's files.
pack() {
	find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
	mksquashfs "$root" "$image.part" -comp lz4 -Xhc -all-root -noappend -no-xattrs -quiet -no-progress >/dev/null
	mv "$image.part" "$image"
}

main() {
	local files identity

	need_command mksquashfs squashfs-tools
	mapfile -t files < <(resolve_packages)
	[[ ${#files[@]} -gt 0 ]] || fail "apt cannot resolve the packages of images/rootfs-packages.txt (above); if it knows none" \
		"at all: run 'apt-get update' as root"
	fetch_packages "${files[@]}"
	[[ ${1:-} != --fetch ]] || return 0
	[[ -s $library ]] || fail "no '$library': run make -C guest-hrt"
	[[ -s $calls ]] || fail "no '$calls': run make -C guest-linux-proxy"
	[[ -s $openmp ]] || fail "no '$openmp': run make -C guest-linux-proxy"
	identity="$(printf '%s ' "${files[@]}") $(cat "$0" "$images_dir/lib.sh" "$library" "$calls" "$openmp" | cksum)"
	if [[ $(cat "$image.stamp" 2>/dev/null) == "$identity" && -s $image ]]; then
		return
	fi
	rm -rf "$root" "$image.stamp"
	make_skeleton
	unpack_packages "${files[@]}"
	add_library
	configure
	compile_python
	pack
	echo "$identity" >"$image.stamp"
	say "${#files[@]} packages, $(du -sh "$root" | cut -f1) of files, $(du -h "$image" | cut -f1) of image"
}

main "$@"
