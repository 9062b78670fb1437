// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Dumps of HRT partitions that hung or failed, one numbered folder each: {@value #FACTS}, and texts. Only the newest are kept,
 * and each text has a largest size, so that a guest cannot fill the disk. Thread-safe.
 */
public final class DumpStore {
    /** How many are kept. */
    public static final int MOST = 20;

    static final int LONGEST_TEXT = 1 << 20;
    private static final String FACTS = "dump.json";
    private static final Logger LOG = LoggerFactory.getLogger(DumpStore.class);

    private final Path folder;
    private int last;

    DumpStore(Path folder) throws IOException {
        this.folder = Files.createDirectories(folder);
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
        this.last = numbers().stream().max(Comparator.naturalOrder()).orElse(0);
    }

    /** The number of the next dump, whose folder is there when this returns: nobody else gets it, not even after a crash. */
    synchronized int reserve() {
        try {
            Files.createDirectory(folder.resolve(String.valueOf(last + 1)));
            dropOldest();
        } catch (IOException e) {
            LOG.error("a dump has no folder number={}", last + 1, e);
        }
        return ++last;
    }

    /**
     * Keeps a dump.
     *
     * @param texts by file name
     */
    void keep(int number, Map<String, Object> facts, Map<String, String> texts) {
        Path place = folder.resolve(String.valueOf(number));
        try {
            for (Map.Entry<String, String> text : texts.entrySet()) {
                Files.writeString(place.resolve(text.getKey()), end(text.getValue()));
            }
            Path draft = place.resolve(FACTS + ".new");
            Files.writeString(draft, Json.writePretty(facts));
            Files.move(draft, place.resolve(FACTS), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            LOG.error("a dump is not kept number={}", number, e);
        }
    }

    /** The facts of all dumps that are whole, oldest first. */
    public List<Map<String, Object>> list() {
        var dumps = new ArrayList<Map<String, Object>>();
        for (int number : numbers()) {
            facts(number).ifPresent(dumps::add);
        }
        return dumps;
    }

    /**
     * A dump's facts, and its texts by file name under {@code files}.
     *
     * @throws HvmException {@link ErrorCode#NO_SUCH_DUMP}
     */
    public Map<String, Object> read(int number) {
        Map<String, Object> facts = facts(number)
                .orElseThrow(() -> HvmException.of(ErrorCode.NO_SUCH_DUMP, "There is no such dump")
                        .value(number)
                        .allowed(
                                numbers().isEmpty()
                                        ? "none was kept"
                                        : numbers().toString())
                        .hint("hvm dump")
                        .build());
        var files = new java.util.TreeMap<String, Object>();
        try (Stream<Path> all = Files.list(folder.resolve(String.valueOf(number)))) {
            for (Path file : all.toList()) {
                if (!file.getFileName().toString().startsWith(FACTS)) {
                    files.put(
                            file.getFileName().toString(),
                            new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        facts.put("files", files);
        return facts;
    }

    private Optional<Map<String, Object>> facts(int number) {
        Path file = folder.resolve(String.valueOf(number)).resolve(FACTS);
        try {
            return Files.exists(file)
                    ? Optional.of(new java.util.LinkedHashMap<>(
                            JsonObject.parse(Files.readString(file)).asMap()))
                    : Optional.empty();
        } catch (IOException | RuntimeException e) {
            LOG.warn("a dump cannot be read file={}", file, e);
            return Optional.empty();
        }
    }

    private List<Integer> numbers() {
        try (Stream<Path> folders = Files.list(folder)) {
            return folders.map(each -> each.getFileName().toString())
                    .filter(name -> name.matches("[0-9]{1,9}"))
                    .map(Integer::valueOf)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            LOG.warn("dumps cannot be listed folder={}", folder, e);
            return List.of();
        }
    }

    private void dropOldest() throws IOException {
        List<Integer> all = numbers();
        for (int number : all.subList(0, Math.max(0, all.size() - MOST))) {
            try (Stream<Path> files = Files.walk(folder.resolve(String.valueOf(number)))) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    /** What was said last is what counts. */
    private static String end(String text) {
        return text.length() <= LONGEST_TEXT ? text : text.substring(text.length() - LONGEST_TEXT);
    }
}
