// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.access.AccessRules;
import org.snakeyaml.engine.v2.nodes.Node;

/**
 * Reads layouts. All that is wrong is refused at once, each mistake with file, line, column, the rule's name, the value, and
 * what is allowed there.
 *
 * <p>The fields are published as a JSON Schema beside this class ({@code layout.schema.json}); a test holds the two against
 * each other.
 */
public final class LayoutReader {
    static final List<String> FIELDS = List.of(
            "name",
            "memory",
            "linux",
            "partitions",
            "host",
            "mounts",
            "machine",
            "acceleration",
            "console",
            "window",
            "health",
            "boot",
            "access");
    static final List<String> LINUX_FIELDS = List.of("cores", "kernel", "initramfs", "rootfs", "cmdline");
    static final List<String> MOUNT_FIELDS = List.of("source", "readonly");
    static final List<String> CONSOLE_FIELDS = List.of("limit");
    static final List<String> ACCESS_FIELDS = List.of("users", "groups");

    static final String NAME_FORM = "[a-zA-Z][a-zA-Z0-9-]{0,30}";

    /** How words of the kernel's command line begin that hvmd sets itself. */
    static final String RESERVED_WORDS = "(maxcpus|memmap|hvm\\.[a-z]+)=";

    static final int MAX_LINUX_CORES = 255;
    static final long MIN_MEMORY = 512L << 20;
    static final long MIN_LINUX_MEMORY = 384L << 20;
    static final long MIN_CONSOLE = 64L << 10;
    static final long MAX_CONSOLE = 1L << 30;

    private final String file;
    private final LayoutFiles files;
    private final YamlText text;

    /**
     * @param file the layout's name, for messages
     * @param folder what relative paths start from, and the default mount
     */
    public LayoutReader(String file, Path folder) {
        this.file = file;
        this.files = new LayoutFiles(folder);
        this.text = new YamlText(ErrorCode.INVALID_LAYOUT, file, "the layout", FIELDS);
    }

    /** The layout of a VM that nobody described: one Linux core, one HRT core, the caller's folder. */
    public Layout standard() {
        return read("name: " + Layout.DEFAULT_NAME + "\n");
    }

    /**
     * Reads a file with one layout.
     *
     * @throws HvmException {@link ErrorCode#INVALID_LAYOUT} if something is wrong with it
     */
    public Layout read(String yaml) {
        return readNodes(List.of(text.one(yaml))).getFirst();
    }

    /**
     * Reads a file with a layout in each of its YAML documents.
     *
     * @throws HvmException {@link ErrorCode#INVALID_LAYOUT} if something is wrong with one of them
     */
    public List<Layout> readAll(String yaml) {
        return readNodes(text.all(yaml));
    }

    private List<Layout> readNodes(List<Node> nodes) {
        var findings = new Findings();
        var layouts = new ArrayList<Layout>();
        for (Node node : nodes) {
            findings.or(Optional.<Layout>empty(), () -> Optional.of(read(node, findings)))
                    .ifPresent(layouts::add);
        }
        findings.throwIfAny();
        return layouts;
    }

    private Layout read(Node node, Findings findings) {
        YamlObject top = YamlObject.of(file, "", node, FIELDS, findings);
        List<Layout.Hrt> partitions = new PartitionReader(files).read(top);
        var layout = new Layout(
                name(top, Layout.DEFAULT_NAME),
                top.size("memory", Layout.DEFAULT_MEMORY),
                linux(top.object("linux", LINUX_FIELDS)),
                partitions,
                HostReader.read(top),
                files.mounts(top),
                top.choice("machine", Layout.Machine.class, Layout.Machine.AUTO),
                top.choice("acceleration", Layout.Acceleration.class, Layout.Acceleration.AUTO),
                console(top.object("console", CONSOLE_FIELDS)),
                window(top),
                HealthReader.bootLimits(top.object("boot", HealthReader.BOOT_FIELDS)),
                top.object("access", ACCESS_FIELDS).map(LayoutReader::access));
        findings.ifSound(() -> requireMemory(top, layout));
        findings.ifSound(() -> HostReader.check(top, layout));
        return layout;
    }

    static String name(YamlObject object, String fallback) {
        return object.findings().or(fallback, () -> {
            String name = object.text("name").orElse(fallback);
            if (!name.matches(NAME_FORM)) {
                throw object.refuse("name", "name", "a name is expected")
                        .allowed("a letter, then at most 30 letters, digits and hyphens")
                        .build();
            }
            return name;
        });
    }

    private Layout.Linux linux(Optional<YamlObject> linux) {
        return linux.map(this::linux)
                .orElse(new Layout.Linux(
                        Layout.DEFAULT_LINUX_CORES, Optional.empty(), Optional.empty(), Layout.RootFs.AUTO, ""));
    }

    private Layout.Linux linux(YamlObject object) {
        Findings findings = object.findings();
        return new Layout.Linux(
                object.number("cores", Layout.DEFAULT_LINUX_CORES, 1, MAX_LINUX_CORES),
                findings.or(Optional.empty(), () -> files.file(object, "kernel")),
                findings.or(Optional.empty(), () -> files.file(object, "initramfs")),
                findings.or(Layout.RootFs.AUTO, () -> files.rootFs(object)),
                findings.or("", () -> commandLine(object)));
    }

    private static String commandLine(YamlObject object) {
        String words = object.text("cmdline").orElse("");
        for (String word : words.split("\\s+")) {
            if (word.matches(RESERVED_WORDS + ".*")) {
                throw object.refuse("reserved-word", "cmdline", "hvmd sets this word itself")
                        .value(word)
                        .build();
            }
        }
        return words.strip();
    }

    private static void requireMemory(YamlObject top, Layout layout) {
        long memory = layout.memory();
        long hrt = layout.partitions().stream().mapToLong(Layout.Hrt::memory).sum();
        if (memory < Math.max(MIN_MEMORY, hrt + MIN_LINUX_MEMORY) || memory % Layout.HRT_MEMORY_UNIT != 0) {
            throw top.refuse("memory", "memory", "the VM's memory does not suffice for Linux and its HRT partitions")
                    .value(ByteSize.format(memory))
                    .allowed("at least " + ByteSize.format(Math.max(MIN_MEMORY, hrt + MIN_LINUX_MEMORY))
                            + ", in steps of 2MiB")
                    .build();
        }
    }

    /** A list that is left out is empty: who writes {@code access} means those whom he names. */
    private static AccessRules.Members access(YamlObject object) {
        return new AccessRules.Members(names(object, "users"), names(object, "groups"));
    }

    /** Names that no account has are no error: a directory service may be away just now. */
    private static List<String> names(YamlObject object, String field) {
        return object.list(field, element -> {
                    if (element.text().isBlank()) {
                        throw element.refuse("name", "a name is expected").build();
                    }
                    return element.text();
                })
                .orElse(List.of());
    }

    private static long window(YamlObject top) {
        long window = top.size("window", Layout.DEFAULT_WINDOW);
        return top.findings().or(Layout.DEFAULT_WINDOW, () -> {
            if (window < Layout.MIN_WINDOW || window > Layout.MAX_WINDOW || Long.bitCount(window) != 1) {
                throw top.refuse("window", "window", "the memory that host and guest share is of another size")
                        .allowed("1MiB to 1GiB, a power of two")
                        .build();
            }
            return window;
        });
    }

    private static long console(Optional<YamlObject> console) {
        return console.map(LayoutReader::console).orElse(Layout.DEFAULT_CONSOLE_LIMIT);
    }

    private static long console(YamlObject object) {
        long limit = object.size("limit", Layout.DEFAULT_CONSOLE_LIMIT);
        return object.findings().or(Layout.DEFAULT_CONSOLE_LIMIT, () -> {
            if (limit < MIN_CONSOLE || limit > MAX_CONSOLE) {
                throw object.refuse("console", "limit", "the console's log is of another size")
                        .allowed("64KiB to 1GiB")
                        .build();
            }
            return limit;
        });
    }
}
