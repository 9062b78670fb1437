// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.OutputStreamAppender;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.rolling.FixedWindowRollingPolicy;
import ch.qos.logback.core.rolling.RollingFileAppender;
import ch.qos.logback.core.rolling.SizeBasedTriggeringPolicy;
import ch.qos.logback.core.spi.ContextAwareBase;
import ch.qos.logback.core.util.FileSize;
import java.util.Arrays;
import java.util.Optional;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.config.LogSettings;
import org.hybridvm.config.LogSettings.Format;
import org.hybridvm.layout.LayoutWords;
import org.slf4j.LoggerFactory;

/**
 * Logging, configured in code: reading an XML file would take longer than all else of hvmd's start. With the property
 * {@value #FILE_PROPERTY} to that file, of which one older part is kept; without it warnings to standard error. hvmd's
 * configuration is not yet read then: {@link #apply} changes what it chooses.
 *
 * <p>Logback finds this class by {@code META-INF/services}.
 */
public final class LogSetup extends ContextAwareBase implements Configurator {
    static final String FILE_PROPERTY = "hvm.daemon.log";

    /** System property and environment variable: {@code text} or {@code json}; they go before the configuration. */
    static final String FORMAT_PROPERTY = "hvm.log.format";

    static final String FORMAT_VARIABLE = "HVM_LOG_FORMAT";

    /** Labels of a request or a job follow the message, as its own values do. */
    private static final String LINE =
            "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level %logger{0} %msg%replace( %replace(%mdc){', ', ' '}){' $', ''}%n";

    private static final long PART_SIZE = 4 * FileSize.MB_COEFFICIENT;

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        configure(context, System.getProperty(FILE_PROPERTY));
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    /** @param file null: standard error */
    static void configure(LoggerContext context, String file) {
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(file == null ? Level.WARN : Level.INFO);
        root.addAppender(file == null ? toStandardError(context) : toFile(context, file));
    }

    /**
     * From now on log as the configuration says. Before any line is logged, or it may get lost.
     *
     * @throws HvmException if the environment asks for a format that is none
     */
    static void apply(LogSettings settings) {
        apply((LoggerContext) LoggerFactory.getILoggerFactory(), chosen(settings));
    }

    /** The environment goes before the configuration. */
    static LogSettings chosen(LogSettings settings) {
        return new LogSettings(chosenFormat().map(LogSetup::requireFormat).orElse(settings.format()), settings.level());
    }

    static void apply(LoggerContext context, LogSettings settings) {
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.valueOf(settings.level().name()));
        root.iteratorForAppenders()
                .forEachRemaining(appender ->
                        encode(context, (OutputStreamAppender<ILoggingEvent>) appender, encoder(settings.format())));
    }

    private static Appender<ILoggingEvent> toStandardError(LoggerContext context) {
        var appender = new ConsoleAppender<ILoggingEvent>();
        appender.setTarget("System.err");
        return start(context, appender);
    }

    private static Appender<ILoggingEvent> toFile(LoggerContext context, String file) {
        var appender = new RollingFileAppender<ILoggingEvent>();
        appender.setFile(file);

        var rolling = new FixedWindowRollingPolicy();
        rolling.setContext(context);
        rolling.setParent(appender);
        rolling.setFileNamePattern(file + ".%i");
        rolling.setMinIndex(1);
        rolling.setMaxIndex(1);
        rolling.start();

        var triggering = new SizeBasedTriggeringPolicy<ILoggingEvent>();
        triggering.setContext(context);
        triggering.setMaxFileSize(new FileSize(PART_SIZE));
        triggering.start();

        appender.setRollingPolicy(rolling);
        appender.setTriggeringPolicy(triggering);
        return start(context, appender);
    }

    private static Appender<ILoggingEvent> start(LoggerContext context, OutputStreamAppender<ILoggingEvent> appender) {
        appender.setContext(context);
        encode(
                context,
                appender,
                encoder(chosenFormat().flatMap(LogSetup::format).orElse(Format.TEXT)));
        appender.start();
        return appender;
    }

    private static void encode(
            LoggerContext context, OutputStreamAppender<ILoggingEvent> appender, Encoder<ILoggingEvent> encoder) {
        encoder.setContext(context);
        encoder.start();
        appender.setEncoder(encoder);
    }

    private static Encoder<ILoggingEvent> encoder(Format format) {
        return switch (format) {
            case TEXT -> plain();
            case JSON -> new LogLines();
        };
    }

    private static PatternLayoutEncoder plain() {
        var encoder = new PatternLayoutEncoder();
        encoder.setPattern(LINE);
        return encoder;
    }

    private static Optional<String> chosenFormat() {
        return Optional.ofNullable(System.getProperty(FORMAT_PROPERTY, System.getenv(FORMAT_VARIABLE)));
    }

    private static Optional<Format> format(String word) {
        return Arrays.stream(Format.values())
                .filter(format -> LayoutWords.of(format).equals(word))
                .findFirst();
    }

    private static Format requireFormat(String word) {
        return format(word)
                .orElseThrow(() -> HvmException.of(ErrorCode.INVALID_CONFIGURATION, "hvmd's log has no such format")
                        .field(FORMAT_VARIABLE)
                        .value(FORMAT_VARIABLE + "=" + word)
                        .allowed("text, json")
                        .hint("unset " + FORMAT_VARIABLE + "; 'log: {format: ...}' of hvmd.yaml chooses then")
                        .build());
    }
}
