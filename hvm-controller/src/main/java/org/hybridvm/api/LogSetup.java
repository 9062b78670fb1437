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

/**
 * Logging, configured in code: reading an XML file would take longer than all else of hvmd's start. With the property
 * {@value #FILE_PROPERTY} to that file, of which one older part is kept; without it warnings to standard error.
 *
 * <p>Logback finds this class by {@code META-INF/services}.
 */
public final class LogSetup extends ContextAwareBase implements Configurator {
    static final String FILE_PROPERTY = "hvm.daemon.log";

    /** System property and environment variable: {@code text} (key=value, the default) or {@code json}. */
    static final String FORMAT_PROPERTY = "hvm.log.format";

    static final String FORMAT_VARIABLE = "HVM_LOG_FORMAT";

    /** Labels of a request or a job follow the message, as its own values do. */
    private static final String LINE =
            "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level %logger{0} %msg%replace( %replace(%mdc){', ', ' '}){' $', ''}%n";

    private static final long PART_SIZE = 4 * FileSize.MB_COEFFICIENT;

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        String file = System.getProperty(FILE_PROPERTY);
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(file == null ? Level.WARN : Level.INFO);
        root.addAppender(file == null ? toStandardError(context) : toFile(context, file));
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
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
        Encoder<ILoggingEvent> encoder = wantsJson() ? new LogLines() : plain();
        encoder.setContext(context);
        encoder.start();
        appender.setContext(context);
        appender.setEncoder(encoder);
        appender.start();
        return appender;
    }

    private static PatternLayoutEncoder plain() {
        var encoder = new PatternLayoutEncoder();
        encoder.setPattern(LINE);
        return encoder;
    }

    private static boolean wantsJson() {
        String format = System.getProperty(FORMAT_PROPERTY, System.getenv(FORMAT_VARIABLE));
        return "json".equals(format);
    }
}
