# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the scripts share: where the tree is, the JDK, words to the user. Sourced, never run.

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
controller=$tree/hvm-controller/target

# What the hvm command's JVM is started with; it hands the -Dhvm.* on to hvmd.
java_flags=(
	"@$tree/hvm-controller/src/main/resources/org/hybridvm/cli/hvm.options"
	"-Dhvm.images=$tree/images/build" "-Dhvm.layouts=$tree/layouts" "-Dhvm.virtiofsd=$tree/scripts/virtiofsd"
	"-Dhvm.native-bench=$tree/shared-memory-ipc/build/native-bench"
)

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

controller_class_path() {
	local path=$controller/hvm-controller.jar jar

	for jar in "$controller"/lib/*.jar; do path+=:$jar; done
	echo "$path"
}

caches_are_fresh() {
	[[ $controller/hvm.aot -nt $controller/hvm-controller.jar && $controller/hvmd.aot -nt $controller/hvm-controller.jar ]]
}

# Make the caches of classes for the jars that are there: a start takes a third. Worth no failure.
train_caches() {
	if ! "$JAVA_HOME/bin/java" "$tree/hvm-controller/src/tools/java/ModernClassFiles.java" "$controller/lib" ||
		! "$tree/scripts/train-caches" "$controller" "$JAVA_HOME/bin/java" "${java_flags[@]}" -cp "$(controller_class_path)"; then
		say "no caches of classes were made, going on without"
	fi
}

# The same beside what goes on, at most once for a jar.
train_caches_later() {
	local log=$controller/caches.log

	[[ ! $log -nt $controller/hvm-controller.jar ]] || return 0
	touch "$log"
	# shellcheck disable=SC2016
	setsid nice bash -c 'source "$0" && find_jdk && train_caches' "${BASH_SOURCE[0]}" </dev/null >"$log" 2>&1 &
}

# An hvmd of its own with VMs $@ up, gone with the script: HVM_HOME, and the present folder, which the VMs see.
launch_node() {
	local vm

	find_jdk
	caches_are_fresh || train_caches >"$controller/caches.log" 2>&1
	HVM_HOME=$(mktemp -d /tmp/hvm-node.XXXXXX)
	export HVM_HOME
	# shellcheck disable=SC2064
	trap "clear_node $*" EXIT
	mkdir "$HVM_HOME/work"
	cd "$HVM_HOME/work" || fail "$HVM_HOME/work cannot be entered"
	for vm; do
		printf 'name: %s\nmemory: 1GiB\nhost: {policy: shared}\npartitions:\n  - name: hrt\n    cores: 1\n' "$vm" >"$vm.yaml"
		"$tree/scripts/hvm" launch "$vm.yaml" >/dev/null 2>"$HVM_HOME/launch.log" ||
			fail "$vm could not be launched:"$'\n'"$(cat "$HVM_HOME/launch.log")"
	done
}

clear_node() {
	local vm

	for vm; do "$tree/scripts/hvm" destroy "$vm" --force >/dev/null 2>&1 || true; done
	"$tree/scripts/hvm" daemon stop >/dev/null 2>&1 || true
	cd / && rm -rf "$HVM_HOME"
}

# After launch_node: what tells of a fault goes into folder $1.failed of folder $report, which outlives HVM_HOME.
fail_with_logs() {
	rm -rf "${report:?}/$1.failed"
	mkdir "$report/$1.failed"
	cp -a "$HVM_HOME/log" "$HVM_HOME/work" "$report/$1.failed" || true
	fail "something is wrong; hvmd's logs and the jobs' output: $report/$1.failed"
}

# The sum of attribute $1 (tests, failures, errors, skipped) of the reports of JUnit tests that are newer than file $stamp.
sum_reports() {
	find "$tree" -path '*/target/surefire-reports/TEST-*.xml' -newer "${stamp:?}" -exec grep -ho -m1 '<testsuite [^>]*' {} + |
		sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p" | awk '{ sum += $1 } END { print sum + 0 }'
}

# Build everything, without the tests, if a source is newer than the last build.
build_tree() {
	local stamp=$tree/target/built changed=''

	if [[ -f $stamp ]]; then
		changed=$(find "$tree" \( -name target -o -name build -o -name .git \) -prune -o \
			-type f ! -path '*/src/test/*' ! -name '*.md' -newer "$stamp" -print -quit)
		[[ -n $changed ]] || return 0
	fi
	say "building${changed:+ ($changed is newer than the last build)}: C and Java, a few minutes the first time"
	mkdir -p "$tree/target"
	touch "$stamp.new"
	run_maven --quiet package -DskipTests >"$tree/target/build.log" 2>&1 ||
		fail "the build failed; the end of target/build.log:"$'\n'"$(tail -n 25 "$tree/target/build.log")"
	find_jdk
	train_caches >>"$tree/target/build.log" 2>&1
	mv "$stamp.new" "$stamp"
}
