// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;
import org.hybridvm.config.LogSettings;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogSetupTest {
    @TempDir
    private Path folder;

    private final LoggerContext context = new LoggerContext();

    @BeforeEach
    void logToAFile() {
        context.setMDCAdapter(new LogbackMDCAdapter());
        LogSetup.configure(context, folder.resolve("hvmd.log").toString());
    }

    @AfterEach
    void tearDown() {
        System.clearProperty(LogSetup.FORMAT_PROPERTY);
        context.stop();
    }

    @Test
    void shouldWriteWordsFromInformationOnUnlessToldOtherwise() throws IOException {
        assertThat(logged()).hasSize(2).first().asString().endsWith("INFO  test began vm=demo");
    }

    @Test
    void shouldWriteWhatTheConfigurationChooses() throws IOException {
        LogSetup.apply(context, new LogSettings(LogSettings.Format.JSON, LogSettings.Level.WARN));
        assertThat(logged())
                .singleElement()
                .satisfies(line ->
                        assertThat(JsonObject.parse(line).text("message")).isEqualTo("failed"));
        LogSetup.apply(context, new LogSettings(LogSettings.Format.TEXT, LogSettings.Level.DEBUG));
        assertThat(logged()).hasSize(1 + 3);
    }

    @Test
    void shouldTakeTheEnvironmentsFormatFirst() {
        System.setProperty(LogSetup.FORMAT_PROPERTY, "json");
        assertThat(LogSetup.chosen(LogSettings.STANDARD))
                .isEqualTo(new LogSettings(LogSettings.Format.JSON, LogSettings.Level.INFO));
    }

    @Test
    void shouldRefuseAFormatOfTheEnvironmentThatIsNone() {
        System.setProperty(LogSetup.FORMAT_PROPERTY, "xml");
        assertThatThrownBy(() -> LogSetup.chosen(LogSettings.STANDARD))
                .isInstanceOfSatisfying(
                        HvmException.class,
                        refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.INVALID_CONFIGURATION))
                .hasMessageContaining("HVM_LOG_FORMAT=xml")
                .hasMessageContaining("Allowed: text, json.");
    }

    /** The file after three more messages of different gravity. */
    private List<String> logged() throws IOException {
        var log = context.getLogger("test");
        log.debug("looks");
        log.info("began vm={}", "demo");
        log.warn("failed");
        return Files.readAllLines(folder.resolve("hvmd.log"));
    }
}
