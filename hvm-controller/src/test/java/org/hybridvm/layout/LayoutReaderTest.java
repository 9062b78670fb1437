// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.hybridvm.ErrorCode;
import org.hybridvm.Finding;
import org.hybridvm.HvmException;
import org.hybridvm.access.AccessRules;
import org.hybridvm.access.Caller;
import org.hybridvm.access.Role;
import org.hybridvm.ipc.AbiDescriptor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LayoutReaderTest {
    private static final String TOP_FIELDS =
            "name, memory, linux, partitions, host, mounts, machine, acceleration, console, window, health, boot, access";

    @TempDir
    private Path temporary;

    private Path folder;

    @BeforeEach
    void setUp() throws IOException {
        folder = temporary.toRealPath();
    }

    @Test
    void shouldDescribeTheVmThatNobodyDescribed() {
        assertThat(reader().standard())
                .isEqualTo(new Layout(
                        "default",
                        2L << 30,
                        new Layout.Linux(1, Optional.empty(), Optional.empty(), Layout.RootFs.AUTO, ""),
                        List.of(new Layout.Hrt("hrt", 1, 64L << 20)),
                        Layout.Host.AUTO,
                        List.of(new Layout.Mount(folder, false)),
                        Layout.Machine.AUTO,
                        Layout.Acceleration.AUTO,
                        1L << 20,
                        16L << 20));
    }

    @Test
    void shouldFillInWhatEmptyObjectsLeaveOut() {
        assertThat(read("{linux: {}, partitions: [{}], host: {}, console: {}}")).isEqualTo(reader().standard());
    }

    @Test
    void shouldAdmitThoseWhoAreNamedAndOperators() {
        Layout layout = read("access: {users: [ada]}");
        assertThat(layout.access()).hasValue(new AccessRules.Members(List.of("ada"), List.of()));
        assertThat(layout.admits(new Caller(1001, 1001, List.of(1001), "ada", Role.USER)))
                .isTrue();
        assertThat(layout.admits(new Caller(1002, 1002, List.of(1002), "bob", Role.USER)))
                .isFalse();
        assertThat(layout.admits(new Caller(1002, 1002, List.of(1002), "bob", Role.VIEWER)))
                .isFalse();
        assertThat(layout.admits(new Caller(1003, 1003, List.of(), "oda", Role.OPERATOR)))
                .isTrue();
    }

    @Test
    void shouldAdmitAGroupsMembersByItsNumber() {
        Layout layout = read("access: {groups: [root]}");
        assertThat(layout.admits(new Caller(1001, 1001, List.of(1001, 0), "ada", Role.USER)))
                .isTrue();
        assertThat(layout.admits(new Caller(1002, 1002, List.of(1002), "bob", Role.USER)))
                .isFalse();
    }

    @Test
    void shouldAdmitAllWithoutAWordAndNoUserByAnEmptyOne() {
        var ada = new Caller(1001, 1001, List.of(1001), "ada", Role.USER);
        assertThat(read("name: a").admits(ada)).isTrue();
        assertThat(read("access: {}").admits(ada)).isFalse();
        assertThat(refusal("access: {users: [' ']}")).startsWith("layout.yaml:1:18: a name is expected");
    }

    @Test
    void shouldReadEveryField() throws IOException {
        Path kernel = Files.createFile(folder.resolve("vmlinux"));
        Path initramfs = Files.createFile(folder.resolve("initramfs.cpio"));
        Path rootFs = Files.writeString(folder.resolve("my.img"), "hsqs and more");
        Path aerokernel = aerokernel("hrt.bin", (int) AbiDescriptor.ABI_REVISION);
        Path data = Files.createDirectory(folder.resolve("data"));
        Path results = Files.createDirectory(folder.resolve("results"));
        assertThat(read("""
                        name: solver-1
                        memory: 3 GiB
                        linux:
                          cores: 2
                          kernel: vmlinux
                          initramfs: %s
                          rootfs: my.img
                          cmdline: "  nopti nokaslr "
                        partitions:
                          - name: fast
                            cores: 3
                            memory: 256MiB
                          - name: small
                            image: hrt.bin
                            privilege: user
                        host:
                          policy: shared
                          cores: [0, 1, 5, 4, 3, 2]
                          numa: 1
                          hugepages: 1GiB
                          siblings: apart
                          housekeeping: [6, 7]
                        mounts:
                          - data
                          - source: ./results/../results
                            readonly: true
                        machine: pc
                        acceleration: tcg
                        console:
                          limit: 64KiB
                        window: 2MiB
                        """.formatted(initramfs)))
                .isEqualTo(new Layout(
                        "solver-1",
                        3L << 30,
                        new Layout.Linux(
                                2,
                                Optional.of(kernel),
                                Optional.of(initramfs),
                                Layout.RootFs.of(rootFs),
                                "nopti nokaslr"),
                        List.of(
                                new Layout.Hrt("fast", 3, 256L << 20),
                                new Layout.Hrt("small", 1, 64L << 20, Optional.of(aerokernel), Layout.Privilege.USER)),
                        new Layout.Host(
                                Layout.Policy.SHARED,
                                List.of(0, 1, 5, 4, 3, 2),
                                Optional.of(1),
                                Layout.Hugepages.GIB1,
                                Layout.Siblings.APART,
                                List.of(6, 7)),
                        List.of(new Layout.Mount(data, false), new Layout.Mount(results, true)),
                        Layout.Machine.PC,
                        Layout.Acceleration.TCG,
                        64 << 10,
                        2 << 20));
    }

    @Test
    void shouldReadJsonToo() {
        assertThat(read("{\"name\": \"demo\", \"machine\": \"q35\"}").machine()).isEqualTo(Layout.Machine.Q35);
    }

    @Test
    void shouldCountTheVcpusOfAllPartitions() {
        assertThat(read("{linux: {cores: 2}, partitions: [{cores: 3}, {name: b, cores: 4}]}")
                        .vcpus())
                .isEqualTo(9);
    }

    @ParameterizedTest
    @CsvSource({"auto, AUTO", "q35, Q35", "pc, PC"})
    void shouldKnowTheMachineTypes(String word, Layout.Machine machine) {
        assertThat(read("machine: " + word).machine()).isEqualTo(machine);
    }

    @ParameterizedTest
    @CsvSource({"auto, AUTO", "kvm, KVM", "tcg, TCG"})
    void shouldKnowTheKindsOfAcceleration(String word, Layout.Acceleration acceleration) {
        assertThat(read("acceleration: " + word).acceleration()).isEqualTo(acceleration);
    }

    @ParameterizedTest
    @CsvSource({"auto, AUTO", "standard, STANDARD", "none, NONE"})
    void shouldKnowTheRootFileSystems(String word, Layout.RootFs.Choice choice) {
        assertThat(read("linux: {rootfs: " + word + "}").linux().rootFs())
                .isEqualTo(new Layout.RootFs(choice, Optional.empty()));
    }

    @Test
    void shouldRefuseARootFileSystemThatIsNoSquashfsImage() throws IOException {
        Path text = Files.writeString(folder.resolve("text"), "hello");
        assertThat(catchThrowableOfType(HvmException.class, () -> read("linux: {rootfs: text}")))
                .hasMessageContaining("the file is no squashfs image [squashfs]: " + text
                        + ". Allowed: auto, standard, none, a squashfs image. Try: mksquashfs FOLDER FILE");
        assertThat(catchThrowableOfType(HvmException.class, () -> read("linux: {rootfs: standart}")))
                .hasMessageContaining("no such file");
    }

    @Test
    void shouldTakeAutoAndAnEmptyListForNoNamedHostCores() {
        assertThat(read("host: {cores: auto}").host().cores()).isEmpty();
        assertThat(read("host: {cores: []}").host().cores()).isEmpty();
    }

    @Test
    void shouldMountNothingIfTheListIsEmpty() {
        assertThat(read("mounts: []").mounts()).isEmpty();
    }

    @Test
    void shouldMountTheFolderThatALinkLeadsTo() throws IOException {
        Path rootFs = Files.writeString(folder.resolve("my.img"), "hsqs and more");
        Path data = Files.createDirectory(folder.resolve("data"));
        Files.createSymbolicLink(folder.resolve("link"), data);
        assertThat(read("mounts: [link]").mounts()).containsExactly(new Layout.Mount(data, false));
    }

    @Test
    void shouldRefuseAnEmptyLayout() {
        assertThat(refusal("")).isEqualTo("layout.yaml: the layout is empty. Allowed: " + TOP_FIELDS + ".");
        assertThat(refusal("# nothing\n")).isEqualTo("layout.yaml: the layout is empty. Allowed: " + TOP_FIELDS + ".");
    }

    @Test
    void shouldRefuseALayoutThatIsTooLong() {
        assertThat(refusal("#".repeat(262_145)))
                .isEqualTo("layout.yaml: the layout is too long: 262145 characters. Allowed: at most 262144.");
        assertThat(read("name: demo\n" + "#".repeat(262_133)).name()).isEqualTo("demo");
    }

    @Test
    void shouldRefuseWhatIsNotYaml() {
        assertThat(refusal("name: demo\nmemory: [1\n"))
                .isEqualTo("layout.yaml:3:1: not YAML: expected ',' or ']', but got <stream end>.");
        assertThat(refusal("name: \"demo\n")).isEqualTo("layout.yaml:2:1: not YAML: found unexpected end of stream.");
        assertThat(refusal("name: @demo"))
                .isEqualTo("layout.yaml:1:7: not YAML: found character '@' that cannot start any token."
                        + " (Do not use @ for indentation).");
        assertThat(refusal("linux:\n\tcores: 1"))
                .isEqualTo("layout.yaml:2:1: not YAML: found character '\\t(TAB)' that cannot start any token."
                        + " (Do not use \\t(TAB) for indentation).");
        assertThat(refusal("mounts: *data")).isEqualTo("layout.yaml:1:9: not YAML: found undefined alias data.");
    }

    @Test
    void shouldRefuseASecondDocument() {
        assertThat(refusal("name: a\n---\nname: b\n"))
                .isEqualTo("layout.yaml:2:1: not YAML: but found another document.");
    }

    @Test
    void shouldRefuseCharactersThatYamlDoesNotHave() {
        assertThat(refusal("name: demo\nmachine: '\uD83D\uDE00\u0001'"))
                .isEqualTo("layout.yaml:2:12: not YAML: an unprintable character: U+0001.");
        assertThat(refusal("#".repeat(5000) + "\n\uD800"))
                .isEqualTo("layout.yaml:2:1: not YAML: an unprintable" + " character: U+D800.");
    }

    @Test
    void shouldRefuseAnUnknownFieldAndNameTheOneThatWasMeant() {
        assertThat(refusal("name: demo\nmemroy: 1GiB\n"))
                .isEqualTo("layout.yaml:2:1: unknown field: memroy. Allowed: " + TOP_FIELDS
                        + ". Try: did you mean memory?");
        assertThat(refusal("linux:\n  kernal: vmlinux\n"))
                .isEqualTo(
                        "layout.yaml:2:3: unknown field: linux.kernal. Allowed: cores, kernel, initramfs, rootfs, cmdline."
                                + " Try: did you mean kernel?");
        assertThat(refusal("partitions:\n  - name: a\n  - mem: 16MiB\n"))
                .isEqualTo(
                        "layout.yaml:3:5: unknown field: partitions[1].mem. Allowed: name, cores, memory, image, privilege, health."
                                + " Try: did you mean memory?");
        assertThat(refusal("host: {core: auto}"))
                .isEqualTo(
                        "layout.yaml:1:8: unknown field: host.core. Allowed: policy, cores, numa, hugepages, siblings,"
                                + " housekeeping. Try: did you mean cores?");
        assertThat(refusal("mounts: [{source: ., read_only: true}]"))
                .isEqualTo("layout.yaml:1:22: unknown field: mounts[0].read_only. Allowed: source, readonly."
                        + " Try: did you mean readonly?");
        assertThat(refusal("console: {limits: 1MiB}"))
                .isEqualTo("layout.yaml:1:11: unknown field: console.limits. Allowed: limit. Try: did you mean limit?");
    }

    @Test
    void shouldNotGuessWhatAnUnlikeFieldWasMeantToBe() {
        assertThat(refusal("colour: red"))
                .isEqualTo("layout.yaml:1:1: unknown field: colour. Allowed: " + TOP_FIELDS + ".");
    }

    @Test
    void shouldNameTheWholePathOfAFieldThatBeginsLikeItsParent() {
        assertThat(refusal("linux: {linux_cores: 2}"))
                .isEqualTo("layout.yaml:1:9: unknown field: linux.linux_cores. Allowed: cores, kernel, initramfs,"
                        + " rootfs, cmdline.");
    }

    @Test
    void shouldRefuseAFieldThatIsThereTwice() {
        assertThat(refusal("name: a\nname: b\n")).isEqualTo("layout.yaml:2:1: the field is there twice: name.");
        assertThat(refusal("linux:\n  cores: 1\n  cores: 1\n"))
                .isEqualTo("layout.yaml:3:3: the field is there twice: linux.cores.");
    }

    @Test
    void shouldRefuseAFieldWhoseNameIsNoText() {
        assertThat(refusal("[a]: 1")).isEqualTo("layout.yaml:1:1: a field's name is expected here.");
    }

    @Test
    void shouldRefuseAnythingElseWhereFieldsAreExpected() {
        assertThat(refusal("demo"))
                .isEqualTo("layout.yaml:1:1: fields are expected here: demo. Allowed: " + TOP_FIELDS + ".");
        assertThat(refusal("- name: demo"))
                .isEqualTo("layout.yaml:1:1: fields are expected here: a list. Allowed: " + TOP_FIELDS + ".");
        assertThat(refusal("linux: 2"))
                .isEqualTo(
                        "layout.yaml:1:8: fields are expected here: 2. Allowed: cores, kernel, initramfs, rootfs, cmdline.");
        assertThat(refusal("partitions: [hrt]"))
                .isEqualTo(
                        "layout.yaml:1:14: fields are expected here: hrt. Allowed: name, cores, memory, image, privilege, health.");
    }

    @Test
    void shouldRefuseAnythingElseWhereTextIsExpected() {
        assertThat(refusal("name: [demo]")).isEqualTo("layout.yaml:1:7: text is expected: name: a list.");
        assertThat(refusal("linux: {kernel: {}}"))
                .isEqualTo("layout.yaml:1:17: text is expected: linux.kernel: fields.");
    }

    @Test
    void shouldRefuseAnythingElseWhereAListIsExpected() {
        assertThat(refusal("partitions: hrt")).isEqualTo("layout.yaml:1:13: a list is expected: partitions: hrt.");
        assertThat(refusal("partitions: {name: hrt}"))
                .isEqualTo("layout.yaml:1:13: a list is expected: partitions: fields.");
        assertThat(refusal("mounts: .")).isEqualTo("layout.yaml:1:9: a list is expected: mounts: ..");
    }

    @Test
    void shouldRefuseAnythingElseWhereANumberIsExpected() {
        assertThat(refusal("linux: {cores: [1]}"))
                .isEqualTo("layout.yaml:1:16: a number is expected: linux.cores: a list.");
        assertThat(refusal("linux: {cores: two}"))
                .isEqualTo("layout.yaml:1:16: a number is expected: linux.cores: two. Allowed: 1 to 255.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "256", "-1", "0x2", "1.0", "4294967297", "''"})
    void shouldRefuseNumbersOfLinuxCoresOutOfRange(String number) {
        assertThat(refusal("linux:\n  cores: " + number))
                .isEqualTo("layout.yaml:2:10: a number is expected: linux.cores: " + number.replace("'", "")
                        + ". Allowed: 1 to 255.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "65"})
    void shouldRefuseNumbersOfHrtCoresOutOfRange(String number) {
        assertThat(refusal("partitions:\n  - cores: " + number))
                .isEqualTo("layout.yaml:2:12: a number is expected: partitions[0].cores: " + number
                        + ". Allowed: 1 to 64.");
    }

    @Test
    void shouldTakeTheLargestNumbersOfCores() {
        assertThat(read("{linux: {cores: 255}, partitions: [{cores: 64}]}").vcpus())
                .isEqualTo(319);
    }

    @Test
    void shouldRefuseAnythingElseWhereTrueOrFalseIsExpected() {
        assertThat(refusal("mounts:\n  - source: .\n    readonly: yes\n"))
                .isEqualTo("layout.yaml:3:15: true or false is expected: mounts[0].readonly: yes."
                        + " Allowed: true, false.");
        assertThat(refusal("mounts: [{source: ., readonly: []}]"))
                .isEqualTo("layout.yaml:1:32: true or false is expected: mounts[0].readonly: a list.");
    }

    @Test
    void shouldRefuseAWordThatIsNoChoice() {
        assertThat(refusal("machine: microvm"))
                .isEqualTo("layout.yaml:1:10: unknown value: machine: microvm. Allowed: auto, q35, pc.");
        assertThat(refusal("acceleration: KVM"))
                .isEqualTo("layout.yaml:1:15: unknown value: acceleration: KVM. Allowed: auto, kvm, tcg.");
        assertThat(refusal("machine: [pc]")).isEqualTo("layout.yaml:1:10: a word is expected: machine: a list.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"1demo", "de_mo", "-demo", "dämon", "a/b", "abcdefghijklmnopqrstuvwxyz-123456", ""})
    void shouldRefuseANameThatIsNone(String name) {
        assertThat(refusal("name: '" + name + "'"))
                .isEqualTo("layout.yaml:1:7: a name is expected: name: " + name
                        + ". Allowed: a letter, then at most 30 letters, digits and hyphens.");
    }

    @Test
    void shouldTakeANameOf31Characters() {
        assertThat(read("name: Abcdefghijklmnopqrstuvwxyz-1234").name()).isEqualTo("Abcdefghijklmnopqrstuvwxyz-1234");
    }

    @Test
    void shouldRefuseThePartitionsNameThatIsNone() {
        assertThat(refusal("partitions: [{name: a b}]"))
                .isEqualTo("layout.yaml:1:21: a name is expected: partitions[0].name: a b."
                        + " Allowed: a letter, then at most 30 letters, digits and hyphens.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"2 gigabytes", "-1GiB", "0x20000000", "1.5GiB", "8388608TiB"})
    void shouldRefuseWhatIsNoSize(String size) {
        assertThat(refusal("memory: " + size))
                .isEqualTo("layout.yaml:1:9: a size is expected: memory: " + size
                        + ". Allowed: a number and a unit, e.g. 64MiB, 2GiB.");
    }

    @Test
    void shouldRefuseAnythingElseWhereASizeIsExpected() {
        assertThat(refusal("memory: {}")).isEqualTo("layout.yaml:1:9: a size is expected: memory: fields.");
    }

    @Test
    void shouldRefuseMemoryThatDoesNotSuffice() {
        assertThat(refusal("memory: 256MiB"))
                .isEqualTo("layout.yaml:1:9: the VM's memory does not suffice for Linux and its HRT partitions: 256MiB."
                        + " Allowed: at least 512MiB, in steps of 2MiB.");
        assertThat(refusal("memory: 1GiB\npartitions: [{memory: 642MiB}]"))
                .isEqualTo("layout.yaml:1:9: the VM's memory does not suffice for Linux and its HRT partitions: 1GiB."
                        + " Allowed: at least 1026MiB, in steps of 2MiB.");
        assertThat(read("memory: 1GiB\npartitions: [{memory: 640MiB}]").memory())
                .isEqualTo(1L << 30);
    }

    @Test
    void shouldRefuseMemoryThatIsNoMultipleOfALargePage() {
        assertThat(refusal("memory: 1025MiB"))
                .isEqualTo("layout.yaml:1:9: the VM's memory does not suffice for Linux and its HRT partitions:"
                        + " 1025MiB. Allowed: at least 512MiB, in steps of 2MiB.");
    }

    @Test
    void shouldRefuseTheDefaultMemoryWherePartitionsNeedMore() {
        assertThat(refusal("name: demo\npartitions: [{memory: 2GiB}]"))
                .isEqualTo("layout.yaml:1:1: the VM's memory does not suffice for Linux and its HRT partitions: 2GiB."
                        + " Allowed: at least 2432MiB, in steps of 2MiB.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"14MiB", "17MiB", "16777217", "0", "258GiB", "4194304TiB"})
    void shouldRefusePartitionMemoryOfAnotherSize(String size) {
        assertThat(refusal("memory: 1024TiB\npartitions:\n  - memory: " + size))
                .isEqualTo("layout.yaml:3:13: a partition's memory is of another size: partitions[0].memory: " + size
                        + ". Allowed: 16MiB to 256GiB, in steps of 2MiB.");
    }

    @ParameterizedTest
    @CsvSource({"16MiB, 16777216", "256GiB, 274877906944"})
    void shouldTakeTheLeastAndTheMostPartitionMemory(String size, long bytes) {
        assertThat(read("memory: 1TiB\npartitions: [{memory: " + size + "}]").partitions())
                .containsExactly(new Layout.Hrt("hrt", 1, bytes));
    }

    @Test
    void shouldRefuseTheNameOfAnotherPartition() {
        assertThat(refusal("partitions: [{name: a}, {name: a}]"))
                .isEqualTo("layout.yaml:1:13: the name of a partition is taken: a.");
        assertThat(refusal("partitions: [{cores: 1}, {cores: 1}]"))
                .isEqualTo("layout.yaml:1:13: the name of a partition is taken: hrt.");
        assertThat(refusal("partitions: [{name: linux}]"))
                .isEqualTo("layout.yaml:1:13: the name of a partition is taken: linux.");
    }

    @Test
    void shouldRefuseNoPartitionsAndTooMany() {
        assertThat(refusal("partitions: []"))
                .isEqualTo("layout.yaml:1:13: a VM has other numbers of HRT partitions: 0. Allowed: 1 to 8.");
        assertThat(refusal("partitions: " + partitions(9)))
                .isEqualTo("layout.yaml:1:13: a VM has other numbers of HRT partitions: 9. Allowed: 1 to 8.");
        assertThat(read("partitions: " + partitions(8)).partitions()).hasSize(8);
    }

    @ParameterizedTest
    @ValueSource(strings = {"maxcpus=1", "memmap=64K$0x10000", "hvm.partition=a:1-1:0x0:2M", "hvm.mount=hvm0:/"})
    void shouldRefuseWordsOfTheCommandLineThatHvmdSets(String word) {
        assertThat(refusal("linux:\n  cmdline: nopti %s quiet".formatted(word)))
                .isEqualTo("layout.yaml:2:12: hvmd sets this word itself: " + word + ".");
    }

    @Test
    void shouldTakeWordsOfTheCommandLineThatOnlyContainOneThatHvmdSets() {
        assertThat(read("linux: {cmdline: 'my.maxcpus=1 memmap'}").linux().commandLine())
                .isEqualTo("my.maxcpus=1 memmap");
    }

    @ParameterizedTest
    @ValueSource(strings = {"kernel", "initramfs"})
    void shouldRefuseAFileThatIsNotThere(String field) {
        assertThat(refusal("linux:\n  " + field + ": missing"))
                .isEqualTo("layout.yaml:2:%d: no such file: %s/missing.".formatted(field.length() + 5, folder));
        assertThat(refusal("linux:\n  " + field + ": ."))
                .isEqualTo("layout.yaml:2:%d: no such file: %s.".formatted(field.length() + 5, folder));
    }

    @Test
    void shouldRefuseWhatIsNoPath() {
        assertThat(refusal("linux: {kernel: \"a\\0b\"}"))
                .isEqualTo("layout.yaml:1:17: this is no path: linux.kernel: a\0b.");
    }

    @Test
    void shouldRefuseAMountThatIsNoFolder() throws IOException {
        Files.createFile(folder.resolve("file"));
        assertThat(refusal("mounts: [., file]"))
                .isEqualTo("layout.yaml:1:13: a mount is a folder of the host: %s/file.".formatted(folder));
        assertThat(refusal("mounts:\n  - source: missing\n"))
                .isEqualTo("layout.yaml:2:13: a mount is a folder of the host: %s/missing.".formatted(folder));
    }

    @Test
    void shouldRefuseAMountWithoutASource() {
        assertThat(refusal("mounts:\n  - readonly: true\n"))
                .isEqualTo("layout.yaml:2:5: a mount is a folder of the host: mounts[0].source.");
        assertThat(refusal("mounts: ['']"))
                .isEqualTo("layout.yaml:1:10: a mount is a folder of the host: mounts[0]: .");
    }

    @Test
    void shouldRefuseAnotherNumberOfHostCoresThanVcpus() {
        assertThat(refusal("linux: {cores: 2}\nhost: {cores: [0, 1]}"))
                .isEqualTo("layout.yaml:2:7: one host core for each vCPU is expected, Linux's first: [0, 1]."
                        + " Allowed: auto, or a list of 3.");
    }

    @Test
    void shouldRefuseHostCoresThatAreNoNumbers() {
        assertThat(refusal("host: {cores: [0, -1]}"))
                .isEqualTo("layout.yaml:1:19: a number is expected: host.cores[1]: -1. Allowed: 0 to 65535.");
        assertThat(refusal("host: {cores: [0, 65536]}"))
                .isEqualTo("layout.yaml:1:19: a number is expected: host.cores[1]: 65536. Allowed: 0 to 65535.");
        assertThat(refusal("host: {cores: manual}"))
                .isEqualTo("layout.yaml:1:15: a list is expected: host.cores: manual.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"65535", "1048577KiB"})
    void shouldRefuseAConsoleLogOfAnotherSize(String limit) {
        assertThat(refusal("console: {limit: %s}".formatted(limit)))
                .isEqualTo("layout.yaml:1:18: the console's log is of another size: console.limit: " + limit
                        + ". Allowed: 64KiB to 1GiB.");
    }

    @ParameterizedTest
    @CsvSource({"64KiB, 65536", "1GiB, 1073741824"})
    void shouldTakeTheLeastAndTheMostConsoleLog(String limit, long bytes) {
        assertThat(read("console: {limit: %s}".formatted(limit)).consoleLimit()).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"512KiB", "3MiB", "2GiB", "0", "16777217"})
    void shouldRefuseAWindowOfAnotherSize(String size) {
        assertThat(refusal("window: " + size))
                .isEqualTo("layout.yaml:1:9: the memory that host and guest share is of another size: window: " + size
                        + ". Allowed: 1MiB to 1GiB, a power of two.");
    }

    @ParameterizedTest
    @CsvSource({"1MiB, 1048576", "1GiB, 1073741824"})
    void shouldTakeTheLeastAndTheMostWindow(String size, long bytes) {
        assertThat(read("window: " + size).window()).isEqualTo(bytes);
    }

    @Test
    void shouldTellAllMistakesAtOnceInTheirOrder() {
        HvmException refused = catchThrowableOfType(HvmException.class, () -> read("""
                        memroy: 1GiB
                        name: 1x
                        linux: {cores: 0, kernel: nowhere}
                        partitions:
                          - memory: 17MiB
                            cores: many
                          - hrt2
                        window: 3MiB
                        """));
        assertThat(refused.findings())
                .extracting(Finding::line, Finding::rule, Finding::field)
                .containsExactly(
                        tuple(1, "unknown-field", "memroy"),
                        tuple(2, "name", "name"),
                        tuple(3, "number", "linux.cores"),
                        tuple(3, "file", "linux.kernel"),
                        tuple(5, "partition-memory", "partitions[0].memory"),
                        tuple(6, "number", "partitions[0].cores"),
                        tuple(7, "type", "partitions[1]"),
                        tuple(8, "window", "window"));
        assertThat(refused)
                .hasMessageStartingWith("layout.yaml has 8 mistakes:\n"
                        + "  layout.yaml:1:1: unknown field [unknown-field]: memroy. Allowed: " + TOP_FIELDS
                        + ". Try: did you mean memory?\n"
                        + "  layout.yaml:2:7: a name is expected [name]: name: 1x. Allowed: ");
    }

    @Test
    void shouldNotFollowMistakesUpWithOthersThatComeOfThem() {
        assertThat(refusal("memory: lots\npartitions: [{memory: 100GiB}]"))
                .startsWith("layout.yaml:1:9: a size is expected");
    }

    @Test
    void shouldReadALayoutOfEachDocument() {
        assertThat(reader().readAll("name: a\n---\nname: b\n"))
                .extracting(Layout::name)
                .containsExactly("a", "b");
        assertThatThrownBy(() -> reader().readAll("name: a\n---\nnaem: b\n"))
                .hasMessageStartingWith("layout.yaml:3:1: unknown field [unknown-field]: naem.");
        assertThatThrownBy(() -> reader().readAll("# nothing"))
                .hasMessageStartingWith("layout.yaml: the layout is empty");
    }

    @Test
    void shouldRefuseWhatIsNoAerokernelOrOfAnotherAbi() throws IOException {
        Path text = Files.writeString(folder.resolve("text"), "hello");
        assertThat(refusal("partitions: [{image: text}]"))
                .isEqualTo("layout.yaml:1:22: the file is no image of an aerokernel: " + text
                        + ". Allowed: a flat binary as hvm/image.h describes it."
                        + " Try: leave the field out for the project's own");
        Path old = aerokernel("old.bin", 1_000_000);
        assertThat(refusal("partitions: [{image: old.bin}]"))
                .isEqualTo("layout.yaml:1:22: the aerokernel was built for another revision of the ABI: " + old
                        + " (revision 1000000). Allowed: revision " + AbiDescriptor.ABI_REVISION
                        + ". Try: build it anew");
    }

    @Test
    void shouldRefuseMemoryThatHugePagesDoNotFill() {
        assertThat(refusal("memory: 1026MiB\nhost: {hugepages: 1GiB}"))
                .isEqualTo("layout.yaml:1:9: the VM's memory is no multiple of its huge pages: 1026MiB."
                        + " Allowed: a multiple of 1GiB.");
        assertThat(read("memory: 1026MiB\nhost: {hugepages: 2MiB}").host().hugepages())
                .isEqualTo(Layout.Hugepages.MIB2);
    }

    private static String partitions(int count) {
        var list = new StringBuilder("[{name: p0, memory: 16MiB}");
        for (int i = 1; i < count; i++) {
            list.append(", {name: p").append(i).append(", memory: 16MiB}");
        }
        return list.append(']').toString();
    }

    private String refusal(String yaml) {
        HvmException refused = catchThrowableOfType(HvmException.class, () -> read(yaml));
        assertThat(refused).isNotNull().extracting(HvmException::code).isEqualTo(ErrorCode.INVALID_LAYOUT);
        return refused.getMessage().replaceFirst(" \\[[a-z-]+]", "");
    }

    private Path aerokernel(String name, int revision) throws IOException {
        var head = ByteBuffer.allocate(48).order(ByteOrder.LITTLE_ENDIAN);
        head.put("MVIMAGE1".getBytes(StandardCharsets.US_ASCII)).putInt(revision);
        return Files.write(folder.resolve(name), head.array());
    }

    private Layout read(String yaml) {
        return reader().read(yaml);
    }

    private LayoutReader reader() {
        return new LayoutReader("layout.yaml", folder);
    }
}
