# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the scripts of this folder share: where things are, which kernel, how a package is fetched and how a cpio
# archive is written so that the same input gives the same bytes. Sourced, never run.

images_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build_dir=${HVM_IMAGES_BUILD:-$images_dir/build}
package_cache=${HVM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hvm}/packages

# Times of all files in the archives, in seconds since 1970: https://reproducible-builds.org/specs/source-date-epoch/
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-0}
# Collation decides the order of files in an archive.
export LC_ALL=C
umask 022

say() {
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
}

fail() {
	say "$@"
	exit 1
}

need_command() {
	command -v "$1" >/dev/null || fail "'$1' is missing: install the Debian package '$2' (scripts/bootstrap does)"
}

# The kernel is the newest cloud kernel whose headers are installed, because hvm.ko is built against those.
kernel_release() {
	local headers

	if [[ -n ${HVM_KERNEL:-} ]]; then
		echo "$HVM_KERNEL"
		return
	fi
	headers=$(find /usr/src -maxdepth 1 -name 'linux-headers-*-cloud-amd64' 2>/dev/null | sort -V | tail -n 1)
	[[ -n $headers ]] || fail "no kernel headers in /usr/src/linux-headers-*-cloud-amd64:" \
		"run scripts/bootstrap, or install the Debian package 'linux-headers-cloud-amd64'"
	echo "${headers##*/linux-headers-}"
}

# The version of package $1 that is installed, else the one that apt would install; nothing if neither is known.
package_version() {
	local version

	version=$(dpkg-query -W -f '${Version}' "$1" 2>/dev/null || true)
	if [[ -z $version ]]; then
		version=$(apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: //p')
	fi
	[[ $version == '(none)' ]] || echo "$version"
}

# Print the path of package $1 in version $2 as a .deb file, downloading it if the cache does not have it.
fetch_package() {
	local name=$1 version=$2 file

	# apt writes the colon of an epoch as %3a.
	file=$package_cache/${name}_${version/:/%3a}_amd64.deb
	if [[ ! -s $file ]]; then
		mkdir -p "$package_cache"
		say "downloading $name $version into $package_cache"
		(cd "$package_cache" && apt-get -qq -o APT::Sandbox::User=root download "$name=$version" >&2) ||
			fail "cannot download Debian package '$name' version '$version': run 'apt-get update' as root and" \
				"scripts/bootstrap again (it also brings the kernel headers to the version that Debian offers now)"
	fi
	[[ -s $file ]] || fail "apt-get downloaded '$name' '$version', but not to '$file'"
	echo "$file"
}

# Unpack .deb $1 into directory $2, once: a stamp beside the directory names what is in it.
unpack_package() {
	local deb=$1 dir=$2

	if [[ $(cat "$dir.stamp" 2>/dev/null) != "$(basename "$deb")" ]]; then
		rm -rf "$dir" "$dir.stamp"
		mkdir -p "$dir"
		dpkg-deb -x "$deb" "$dir"
		basename "$deb" >"$dir.stamp"
	fi
}

# Write directory $1 as an uncompressed newc archive to file $2: root's files, one time, sorted, inodes renumbered.
pack_directory() {
	local dir=$1 archive=$2

	find "$dir" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
	(cd "$dir" && find . -mindepth 1 -print0 | sort -z |
		cpio --quiet --null --create --format=newc --owner=+0:+0 --reproducible) >"$archive.part"
	mv "$archive.part" "$archive"
}

# The accounts that a guest knows by name, in the root file system $1.
write_accounts() {
	local root=$1

	mkdir -p "$root/etc"
	cat >"$root/etc/passwd" <<-'END'
		root:x:0:0:root:/root:/bin/sh
		nobody:x:65534:65534:nobody:/nonexistent:/bin/false
	END
	cat >"$root/etc/group" <<-'END'
		root:x:0:
		nogroup:x:65534:
	END
}
