// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.hybridvm.vm.TestLayouts.GIB;
import static org.hybridvm.vm.TestLayouts.MIB;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.hybridvm.host.CoreLedger.Placement;
import org.hybridvm.layout.Layout;
import org.hybridvm.layout.Layout.Acceleration;
import org.hybridvm.layout.Layout.Machine;
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

    @TempDir
    private Path temporary;

    private final Logger logger = (Logger) LoggerFactory.getLogger(VmStore.class);
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private Path folder;
    private VmStore store;

    @BeforeEach
    void setUp() throws IOException {
        folder = temporary.resolve("state/vms");
        store = new VmStore(folder);
        logger.setAdditive(false);
        logger.addAppender(log);
        log.start();
    }

    @AfterEach
    void giveBackTheLog() {
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
    }

    @Test
    void shouldGiveBackWhatWasSavedInOrderOfNames() throws IOException {
        VmRecord full = record(TestLayouts.full(Machine.PC, Acceleration.TCG), Phase.ENDED, "the guest \"panicked\"\n");
        store.save(full);
        store.save(DEMO);
        assertThat(new VmStore(folder).load()).containsExactly(DEMO, full);
    }

    @ParameterizedTest
    @EnumSource
    void shouldKeepEveryPhase(Phase phase) throws IOException {
        store.save(DEMO.with(phase, "because"));
        assertThat(store.load()).containsExactly(DEMO.with(phase, "because"));
    }

    @Test
    void shouldLetTheLastRecordCount() throws IOException {
        store.save(DEMO);
        VmRecord ended = DEMO.with(Phase.ENDED, "destroyed");
        store.save(ended);
        assertThat(store.load()).containsExactly(ended);
        assertThat(store.folderOf("demo").resolve("vm.json.new")).doesNotExist();
    }

    @Test
    void shouldKeepTheOldRecordIfTheNewOneWasCutShort() throws IOException {
        store.save(DEMO);
        Files.writeString(store.folderOf("demo").resolve("vm.json.new"), "{\"layout\": {\"na");
        assertThat(store.load()).containsExactly(DEMO);
        VmRecord ended = DEMO.with(Phase.ENDED, "destroyed");
        store.save(ended);
        assertThat(store.load()).containsExactly(ended);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "null",
                "[]",
                "{\"name\": \"another program's\"}",
                "{\"layout\": {}}",
                "{\"layout\": 7}",
                "not JSON at all\n"
            })
    void shouldLeaveADamagedRecordAlone(String text) throws IOException {
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
    void shouldLeaveARecordAloneThatWasCutShort() throws IOException {
        store.save(DEMO);
        Path torn = store.folderOf("demo").resolve("vm.json");
        String whole = Files.readString(torn);
        for (int length = 0; length < whole.length(); length++) {
            Files.writeString(torn, whole.substring(0, length));
            assertThat(store.load())
                    .as("%d of %d bytes", length, whole.length())
                    .isEmpty();
        }
    }

    @Test
    void shouldLeaveBytesAloneThatAreNoText() throws IOException {
        store.save(DEMO);
        Path damaged = Files.createDirectory(folder.resolve("damaged")).resolve("vm.json");
        Files.write(damaged, new byte[] {(byte) 0xff, 0, (byte) 0xfe});
        assertThat(store.load()).containsExactly(DEMO);
        assertThat(damaged).hasBinaryContent(new byte[] {(byte) 0xff, 0, (byte) 0xfe});
    }

    @Test
    void shouldPassOverWhatIsNoRecord() throws IOException {
        store.save(DEMO);
        Files.createDirectory(folder.resolve("empty"));
        Files.writeString(folder.resolve("file"), "");
        Files.createDirectories(folder.resolve("folder/vm.json"));
        assertThat(store.load()).containsExactly(DEMO);
    }

    @Test
    void shouldDeleteARecordWithAllThatIsInItsFolder() throws IOException {
        store.save(DEMO);
        Files.writeString(store.consoleOf("demo"), "Linux version 6.12\n");
        store.delete("demo");
        assertThat(store.folderOf("demo")).doesNotExist();
        assertThat(store.load()).isEmpty();
    }

    @Test
    void shouldHaveNothingToDeleteOfAVmThatIsNotThere() {
        assertThatCode(() -> store.delete("demo")).doesNotThrowAnyException();
    }

    @Test
    void shouldSayWhichRecordCannotBeWritten() throws IOException {
        Files.writeString(store.folderOf("demo"), "a file where the folder belongs");
        assertThatThrownBy(() -> store.save(DEMO))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessage("the record of VM demo cannot be written");
    }

    @Test
    void shouldKeepTheConsoleInTheVmsFolder() {
        assertThat(store.consoleOf("demo")).isEqualTo(folder.resolve("demo/console.log"));
    }

    private static VmRecord record(Layout layout, Phase phase, String reason) {
        return new VmRecord(
                layout,
                UUID.fromString("7d3f3e0a-6d6e-4a8c-9a57-0d6c1f2b3a4c"),
                Accelerator.TCG,
                new Placement(List.of(0, 3, 2), Set.of(0, 1), List.of()),
                1_767_323_045_000L,
                phase,
                reason);
    }
}
