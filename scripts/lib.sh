# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the scripts share: where the tree is, the JDK, words to the user. Sourced, never run.

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() {
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
}

fail() {
	say "$@"
	exit 1
}

# The major version of the JDK in directory $1, from its 'release' file; nothing if there is none.
jdk_version() {
	[[ -x $1/bin/java && -r $1/release ]] && sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release"
}

# Set JAVA_HOME and PATH to a JDK 25 or newer: the caller's JAVA_HOME, else the first that fits in /usr/lib/jvm.
find_jdk() {
	local dir version seen=''

	for dir in "${JAVA_HOME:-}" /usr/lib/jvm/*; do
		version=$(jdk_version "$dir" || true)
		[[ -n $version ]] || continue
		if [[ $version -ge 25 && -x $dir/bin/javac ]]; then
			export JAVA_HOME=$dir PATH=$dir/bin:$PATH
			return
		fi
		seen+=" $dir (Java $version)"
	done
	fail "no JDK 25 found in JAVA_HOME (${JAVA_HOME:-not set}) or /usr/lib/jvm;${seen:+ found only$seen;}" \
		"Debian 12 has none: unpack one (for instance Eclipse Temurin 25) into /usr/lib/jvm, or set JAVA_HOME to it"
}

run_maven() {
	find_jdk
	# Debian's Maven and its Guice use what JDK 25 warns of.
	MAVEN_OPTS="${MAVEN_OPTS:-} --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow" \
		mvn --batch-mode --no-transfer-progress -f "$tree/pom.xml" "$@"
}
