// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.hybridvm.config.Configuration;
import org.hybridvm.layout.Layout;
import picocli.CommandLine;

/** Writes the manual pages that are made from what the program itself knows: {@code ManPages FOLDER}, a part of the build. */
public final class ManPages {
    private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern("MMMM d, uuuu", Locale.ENGLISH);

    private ManPages() {}

    public static void main(String[] arguments) throws IOException {
        Path folder = Files.createDirectories(Path.of(arguments[0]));
        Instant date = Optional.ofNullable(System.getenv("SOURCE_DATE_EPOCH"))
                .map(seconds -> Instant.ofEpochSecond(Long.parseLong(seconds)))
                .orElseGet(Instant::now);
        for (var page : all(date).entrySet()) {
            Files.writeString(folder.resolve(page.getKey()), page.getValue().toString());
        }
    }

    /** Pages by file name. */
    static Map<String, ManPage> all(Instant date) throws IOException {
        String day = DATE.format(date.atZone(ZoneOffset.UTC));
        var pages = new LinkedHashMap<String, ManPage>();
        addCommands(pages, Hvm.commandLine(Context.ofThisProcess()), day);
        pages.put("hvm.layout.5", new LayoutPage(resource(Layout.class, "layout.schema.json"), day).page());
        pages.put("hvmd.yaml.5", new ConfigurationPage(resource(Configuration.class, "hvmd.schema.json"), day).page());
        return pages;
    }

    private static String resource(Class<?> owner, String name) throws IOException {
        try (InputStream stream = owner.getResourceAsStream(name)) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static void addCommands(Map<String, ManPage> pages, CommandLine command, String day) {
        pages.put(CommandPage.nameOf(command) + ".1", new CommandPage(command, day).page());
        CommandPage.below(command).forEach(one -> addCommands(pages, one, day));
    }
}
