// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.hybridvm.vm.TestLayouts.GIB;
import static org.hybridvm.vm.TestLayouts.MIB;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.hybridvm.host.Placement;
import org.hybridvm.layout.Layout;
import org.hybridvm.layout.Layout.Acceleration;
import org.hybridvm.layout.Layout.Machine;
import org.hybridvm.store.Database;
import org.hybridvm.store.Recovery;
import org.hybridvm.vm.VmRecord.Phase;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

class VmStoreTest {
    private static final VmRecord DEMO =
            record(TestLayouts.demo(2 * GIB, TestLayouts.hrt("hrt", 64 * MIB)), Phase.RUNNING, "");

    /** As an hvmd wrote it that kept files. */
    private static final String OLD_RECORD = """
            {"layout": {"name": "demo", "memory": 2147483648,
              "linux": {"cores": 1, "rootfs": "auto", "cmdline": ""},
              "partitions": [{"name": "hrt", "cores": 1, "memory": 67108864}], "host_cores": [0, 3], "mounts": [],
              "machine": "auto", "acceleration": "auto", "console_limit": 1048576, "window": 16777216},
             "uuid": "7d3f3e0a-6d6e-4a8c-9a57-0d6c1f2b3a4c", "accelerator": "tcg", "vcpus": [0, 3],
             "housekeeping": [0, 1], "created": 1767323045000, "phase": "RUNNING", "reason": ""}
            """;

    @TempDir
    private Path temporary;

    private final Logger logger = (Logger) LoggerFactory.getLogger(VmStore.class);
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private Path folder;
    private Database database;
    private VmStore store;

    @BeforeEach
    void setUp() throws IOException {
        folder = temporary.resolve("state/vms");
        database = Database.open(temporary.resolve("hvm.db"));
        store = new VmStore(folder, database);
        logger.setAdditive(false);
        logger.addAppender(log);
        log.start();
    }

    @AfterEach
    void giveBackTheLog() {
        database.close();
        logger.detachAppender(log);
        logger.setAdditive(true);
    }

    @Test
    void shouldMakeAFolderThatOnlyItsOwnerMayEnter() throws IOException {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)))
                .isEqualTo("rwx------");
    }

    @Test
    void shouldHaveNoRecordsAtFirst() throws IOException {
        assertThat(store.load()).isEmpty();
        assertThat(store.revision()).isZero();
    }

    @Test
    void shouldGiveBackWhatWasDeclaredInOrderOfNames() throws IOException {
        VmRecord full = record(TestLayouts.full(Machine.PC, Acceleration.TCG), Phase.ENDED, "the guest \"panicked\"\n");
        assertThat(store.declare(List.of(full, DEMO))).containsExactly(full.of(1), DEMO.of(1));
        assertThat(anew().load()).containsExactly(DEMO.of(1), full.of(1));
        assertThat(store.revision()).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource
    void shouldKeepEveryPhase(Phase phase) throws IOException {
        store.save(DEMO.with(phase, "because"));
        assertThat(store.load()).containsExactly(DEMO.with(phase, "because"));
    }

    @Test
    void shouldGiveAVmThatIsMadeAgainAnotherGeneration() {
        store.declare(List.of(DEMO));
        store.delete("demo");
        assertThat(store.declare(List.of(DEMO))).containsExactly(DEMO.of(3));
    }

    @Test
    void shouldKeepTheGenerationWhateverBecomesOfTheVm() throws IOException {
        VmRecord declared = store.declare(List.of(DEMO)).getFirst();
        store.save(declared.with(Phase.ENDED, "QEMU died"));
        assertThat(store.load()).containsExactly(declared.with(Phase.ENDED, "QEMU died"));
        assertThat(store.revision()).isEqualTo(1);
    }

    @Test
    void shouldTakeOverTheFilesOfAnOlderHvmdOnce() throws IOException {
        Path old = Files.createDirectories(folder.resolve("demo")).resolve("vm.json");
        Files.writeString(old, OLD_RECORD);
        Layout layout = TestLayouts.withHost(
                TestLayouts.demo(2 * GIB, TestLayouts.hrt("hrt", 64 * MIB)), TestLayouts.onCores(0, 3));
        assertThat(store.load()).singleElement().satisfies(record -> {
            assertThat(record.layout()).isEqualTo(layout);
            assertThat(record.generation()).isEqualTo(1);
            assertThat(record.placement().vcpus()).containsExactly(0, 3);
            assertThat(record.placement().dedicated()).containsExactly(3);
        });
        assertThat(old).doesNotExist();
        assertThat(old.resolveSibling("vm.json.imported")).hasContent(OLD_RECORD);
        store.delete("demo");
        assertThat(store.load()).isEmpty();
    }

    @Test
    void shouldNotLetAnOldFileReplaceARecord() throws IOException {
        VmRecord declared = store.declare(List.of(DEMO)).getFirst();
        Files.writeString(Files.createDirectories(folder.resolve("demo")).resolve("vm.json"), OLD_RECORD);
        assertThat(store.load()).containsExactly(declared);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "null", "[]", "{\"layout\": {}}", "{\"layout\": 7}", "not JSON at all\n"})
    void shouldLeaveADamagedOldFileAlone(String text) throws IOException {
        store.save(DEMO);
        Path damaged = Files.createDirectory(folder.resolve("damaged")).resolve("vm.json");
        Files.writeString(damaged, text);
        assertThat(store.load()).containsExactly(DEMO);
        assertThat(damaged).hasContent(text);
        assertThat(log.list)
                .extracting(ILoggingEvent::getFormattedMessage)
                .containsExactly("a VM's record is damaged and left alone file=" + damaged);
    }

    @Test
    void shouldLeaveADamagedRecordAloneUntilItIsMovedAside() throws Exception {
        store.declare(List.of(DEMO));
        database.write(connection -> {
                    try (var statement = connection.createStatement()) {
                        return statement.executeUpdate("UPDATE vm SET record = 'other'");
                    }
                })
                .join();
        assertThat(store.load()).isEmpty();
        assertThat(log.list)
                .extracting(ILoggingEvent::getFormattedMessage)
                .containsExactly("a VM's record is damaged and left alone vm=demo mend=\"hvm daemon recover"
                        + " --quarantine\"");
        database.close();
        var recovery = new Recovery(temporary.resolve("hvm.db"), Clock.systemUTC());
        assertThat(recovery.look()).containsExactly("the record of VM demo is damaged");
        assertThat(recovery.quarantine())
                .singleElement()
                .asString()
                .startsWith("the damaged record of VM demo is now " + temporary.resolve("quarantine/vm-demo.txt"));
        assertThat(temporary.resolve("quarantine/vm-demo.txt")).hasContent("other\n");
        assertThat(recovery.look()).isEmpty();
    }

    @Test
    void shouldDeleteARecordWithAllThatIsInItsFolder() throws IOException {
        store.declare(List.of(DEMO));
        store.freshFolder("demo");
        Files.writeString(store.consoleOf("demo"), "Linux version 6.12\n");
        store.delete("demo");
        assertThat(store.folderOf("demo")).doesNotExist();
        assertThat(store.load()).isEmpty();
        assertThatCode(() -> store.delete("demo")).doesNotThrowAnyException();
    }

    @Test
    void shouldKeepTheConsoleInTheVmsFolder() {
        assertThat(store.consoleOf("demo")).isEqualTo(folder.resolve("demo/console.log"));
    }

    private VmStore anew() throws IOException {
        return new VmStore(folder, database);
    }

    private static VmRecord record(Layout layout, Phase phase, String reason) {
        return new VmRecord(
                layout,
                UUID.fromString("7d3f3e0a-6d6e-4a8c-9a57-0d6c1f2b3a4c"),
                Accelerator.TCG,
                new Placement(List.of(0, 3, 2), Set.of(2, 3), Set.of(5), Set.of(0, 1), Optional.of(1), List.of()),
                1_767_323_045_000L,
                0,
                phase,
                reason);
    }
}
