// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.ReaderException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;

/**
 * Reads layouts. What is wrong is refused with file, line, column, the value, and what is allowed there.
 *
 * <p>The fields are published as a JSON Schema beside this class ({@code layout.schema.json}); a test holds the two against
 * each other.
 */
public final class LayoutReader {
    static final List<String> FIELDS = List.of(
            "name", "memory", "linux", "partitions", "host", "mounts", "machine", "acceleration", "console", "window");
    static final List<String> LINUX_FIELDS = List.of("cores", "kernel", "initramfs", "rootfs", "cmdline");
    static final List<String> PARTITION_FIELDS = List.of("name", "cores", "memory");
    static final List<String> HOST_FIELDS = List.of("cores");
    static final List<String> MOUNT_FIELDS = List.of("source", "readonly");
    static final List<String> CONSOLE_FIELDS = List.of("limit");

    static final String NAME_FORM = "[a-zA-Z][a-zA-Z0-9-]{0,30}";

    /** How words of the kernel's command line begin that hvmd sets itself. */
    static final String RESERVED_WORDS = "(maxcpus|memmap|hvm\\.[a-z]+)=";

    /** How a squashfs image begins (Linux, Documentation/filesystems/squashfs.rst: SQUASHFS_MAGIC). */
    static final byte[] SQUASHFS = {'h', 's', 'q', 's'};

    static final int MAX_PARTITIONS = 8;
    static final int MAX_LINUX_CORES = 255;
    static final long MIN_MEMORY = 512L << 20;
    static final long MIN_LINUX_MEMORY = 384L << 20;
    static final long MIN_CONSOLE = 64L << 10;
    static final long MAX_CONSOLE = 1L << 30;

    private static final int MAX_TEXT = 256 * 1024;

    private final String file;
    private final Path folder;

    /**
     * @param file the layout's name, for messages
     * @param folder what relative paths start from, and the default mount
     */
    public LayoutReader(String file, Path folder) {
        this.file = file;
        this.folder = folder;
    }

    /** The layout of a VM that nobody described: one Linux core, one HRT core, the caller's folder. */
    public Layout standard() {
        return read("name: " + Layout.DEFAULT_NAME + "\n");
    }

    /** @throws HvmException {@link ErrorCode#INVALID_LAYOUT} if something is wrong with it */
    public Layout read(String yaml) {
        YamlObject top = YamlObject.of(file, "", parse(yaml), FIELDS);
        String name = name(top, Layout.DEFAULT_NAME);
        Layout.Linux linux = linux(top.object("linux", LINUX_FIELDS));
        List<Layout.Hrt> partitions = partitions(top);
        long memory = memory(top, partitions);
        var layout = new Layout(
                name,
                memory,
                linux,
                partitions,
                hostCores(top),
                mounts(top),
                top.choice("machine", Layout.Machine.class, Layout.Machine.AUTO),
                top.choice("acceleration", Layout.Acceleration.class, Layout.Acceleration.AUTO),
                console(top.object("console", CONSOLE_FIELDS)),
                window(top));
        requireOneHostCoreEach(top, layout);
        return layout;
    }

    private Node parse(String yaml) {
        if (yaml.length() > MAX_TEXT) {
            throw HvmException.of(ErrorCode.INVALID_LAYOUT, file + ": the layout is too long")
                    .value(yaml.length() + " characters")
                    .allowed("at most " + MAX_TEXT)
                    .build();
        }
        try {
            return new Compose(LoadSettings.builder()
                            .setLabel(file)
                            .setAllowNonScalarKeys(true) // YamlObject refuses them, and says where they are
                            .build())
                    .composeString(yaml)
                    .orElseThrow(() -> HvmException.of(ErrorCode.INVALID_LAYOUT, file + ": the layout is empty")
                            .allowed(String.join(", ", FIELDS))
                            .build());
        } catch (MarkedYamlEngineException e) {
            String position = e.getProblemMark()
                    .map(mark -> ":%d:%d".formatted(mark.getLine() + 1, mark.getColumn() + 1))
                    .orElse("");
            throw HvmException.of(ErrorCode.INVALID_LAYOUT, file + position + ": not YAML: " + e.getProblem())
                    .cause(e)
                    .build();
        } catch (ReaderException e) {
            throw unprintable(yaml, e);
        } catch (YamlEngineException e) {
            throw HvmException.of(ErrorCode.INVALID_LAYOUT, file + ": not YAML: " + e.getMessage())
                    .cause(e)
                    .build();
        }
    }

    /** The reader's exception counts code points of its buffer; the character's place is looked up anew. */
    private HvmException unprintable(String yaml, ReaderException cause) {
        String before = yaml.substring(0, yaml.indexOf(Character.toString(cause.getCodePoint())));
        long line = before.chars().filter(c -> c == '\n').count() + 1;
        int start = before.lastIndexOf('\n') + 1;
        return HvmException.of(
                        ErrorCode.INVALID_LAYOUT,
                        "%s:%d:%d: not YAML: an unprintable character"
                                .formatted(file, line, before.codePointCount(start, before.length()) + 1))
                .value("U+%04X".formatted(cause.getCodePoint()))
                .cause(cause)
                .build();
    }

    private static String name(YamlObject object, String fallback) {
        String name = object.text("name").orElse(fallback);
        if (!name.matches(NAME_FORM)) {
            throw object.refuse("name", "a name is expected")
                    .allowed("a letter, then at most 30 letters, digits and hyphens")
                    .build();
        }
        return name;
    }

    private Layout.Linux linux(Optional<YamlObject> linux) {
        return linux.map(object -> new Layout.Linux(
                        object.number("cores", Layout.DEFAULT_LINUX_CORES, 1, MAX_LINUX_CORES),
                        file(object, "kernel"),
                        file(object, "initramfs"),
                        rootFs(object),
                        commandLine(object)))
                .orElse(new Layout.Linux(
                        Layout.DEFAULT_LINUX_CORES, Optional.empty(), Optional.empty(), Layout.RootFs.AUTO, ""));
    }

    private static String commandLine(YamlObject object) {
        String words = object.text("cmdline").orElse("");
        for (String word : words.split("\\s+")) {
            if (word.matches(RESERVED_WORDS + ".*")) {
                throw object.refuse("cmdline", "hvmd sets this word itself")
                        .value(word)
                        .build();
            }
        }
        return words.strip();
    }

    private Layout.RootFs rootFs(YamlObject object) {
        return switch (object.text("rootfs").orElse("auto")) {
            case "auto" -> Layout.RootFs.AUTO;
            case "standard" -> Layout.RootFs.STANDARD;
            case "none" -> Layout.RootFs.NONE;
            default -> {
                Path image = file(object, "rootfs").orElseThrow();
                requireSquashfs(object, image);
                yield Layout.RootFs.of(image);
            }
        };
    }

    /** What else a guest would find out only when it boots. */
    private static void requireSquashfs(YamlObject object, Path image) {
        try (InputStream bytes = Files.newInputStream(image)) {
            if (!Arrays.equals(bytes.readNBytes(SQUASHFS.length), SQUASHFS)) {
                throw object.refuse("rootfs", "the file is no squashfs image")
                        .value(image)
                        .allowed("auto, standard, none, a squashfs image (mksquashfs FOLDER FILE)")
                        .build();
            }
        } catch (IOException e) {
            throw object.refuse("rootfs", "the file cannot be read")
                    .value(image)
                    .cause(e)
                    .build();
        }
    }

    private Optional<Path> file(YamlObject object, String field) {
        Optional<Path> path = object.text(field).map(text -> path(text, what -> object.refuse(field, what)));
        path.filter(file -> !Files.isRegularFile(file)).ifPresent(file -> {
            throw object.refuse(field, "no such file").value(file).build();
        });
        return path;
    }

    private Path path(String text, Function<String, HvmException.Builder> refuse) {
        try {
            return folder.resolve(text).normalize();
        } catch (InvalidPathException e) {
            throw refuse.apply("this is no path").cause(e).build();
        }
    }

    private static List<Layout.Hrt> partitions(YamlObject top) {
        List<Layout.Hrt> partitions = top.list("partitions", element -> partition(element.object(PARTITION_FIELDS)))
                .orElse(List.of(
                        new Layout.Hrt(Layout.DEFAULT_PARTITION, Layout.DEFAULT_HRT_CORES, Layout.DEFAULT_HRT_MEMORY)));
        if (partitions.isEmpty() || partitions.size() > MAX_PARTITIONS) {
            throw top.refuse("partitions", "a VM has other numbers of HRT partitions")
                    .value(partitions.size())
                    .allowed("1 to " + MAX_PARTITIONS)
                    .build();
        }
        Set<String> names = new HashSet<>();
        for (Layout.Hrt partition : partitions) {
            if (!names.add(partition.name()) || partition.name().equals("linux")) {
                throw top.refuse("partitions", "the name of a partition is taken")
                        .value(partition.name())
                        .build();
            }
        }
        return partitions;
    }

    private static Layout.Hrt partition(YamlObject object) {
        long memory = object.size("memory", Layout.DEFAULT_HRT_MEMORY);
        if (memory < Layout.MIN_HRT_MEMORY || memory > Layout.MAX_HRT_MEMORY || memory % Layout.HRT_MEMORY_UNIT != 0) {
            throw object.refuse("memory", "a partition's memory is of another size")
                    .allowed("16MiB to 256GiB, in steps of 2MiB")
                    .build();
        }
        return new Layout.Hrt(
                name(object, Layout.DEFAULT_PARTITION),
                object.number("cores", Layout.DEFAULT_HRT_CORES, 1, Layout.MAX_HRT_CORES),
                memory);
    }

    private static long memory(YamlObject top, List<Layout.Hrt> partitions) {
        long memory = top.size("memory", Layout.DEFAULT_MEMORY);
        long hrt = partitions.stream().mapToLong(Layout.Hrt::memory).sum();
        if (memory < Math.max(MIN_MEMORY, hrt + MIN_LINUX_MEMORY) || memory % Layout.HRT_MEMORY_UNIT != 0) {
            throw top.refuse("memory", "the VM's memory does not suffice for Linux and its HRT partitions")
                    .value(ByteSize.format(memory))
                    .allowed("at least " + ByteSize.format(Math.max(MIN_MEMORY, hrt + MIN_LINUX_MEMORY))
                            + ", in steps of 2MiB")
                    .build();
        }
        return memory;
    }

    private static List<Integer> hostCores(YamlObject top) {
        Optional<YamlObject> host = top.object("host", HOST_FIELDS);
        if (host.isEmpty() || host.get().isText("cores", "auto")) {
            return List.of();
        }
        return host.get().list("cores", element -> element.number(0, 65535)).orElse(List.of());
    }

    private static void requireOneHostCoreEach(YamlObject top, Layout layout) {
        if (!layout.hostCores().isEmpty() && layout.hostCores().size() != layout.vcpus()) {
            throw top.refuse("host", "one host core for each vCPU is expected, Linux's first")
                    .value(layout.hostCores())
                    .allowed("auto, or a list of " + layout.vcpus())
                    .build();
        }
    }

    private List<Layout.Mount> mounts(YamlObject top) {
        return top.list("mounts", element -> {
                    if (element.isText()) {
                        return mount(element.text(), false, element::refuse);
                    }
                    YamlObject object = element.object(MOUNT_FIELDS);
                    return mount(
                            object.text("source").orElse(""),
                            object.flag("readonly", false),
                            what -> object.refuse("source", what));
                })
                .orElseGet(() -> List.of(mount(".", false, what -> top.refuse("mounts", what))));
    }

    private Layout.Mount mount(String text, boolean readOnly, Function<String, HvmException.Builder> refuse) {
        if (text.isEmpty()) {
            throw refuse.apply("a mount is a folder of the host").build();
        }
        Path source = path(text, refuse);
        if (!Files.isDirectory(source)) {
            throw refuse.apply("a mount is a folder of the host").value(source).build();
        }
        try {
            return new Layout.Mount(source.toRealPath(), readOnly);
        } catch (IOException e) {
            throw refuse.apply("the folder cannot be reached")
                    .value(source)
                    .cause(e)
                    .build();
        }
    }

    private static long window(YamlObject top) {
        long window = top.size("window", Layout.DEFAULT_WINDOW);
        if (window < Layout.MIN_WINDOW || window > Layout.MAX_WINDOW || Long.bitCount(window) != 1) {
            throw top.refuse("window", "the memory that host and guest share is of another size")
                    .allowed("1MiB to 1GiB, a power of two")
                    .build();
        }
        return window;
    }

    private static long console(Optional<YamlObject> console) {
        return console.map(object -> {
                    long limit = object.size("limit", Layout.DEFAULT_CONSOLE_LIMIT);
                    if (limit < MIN_CONSOLE || limit > MAX_CONSOLE) {
                        throw object.refuse("limit", "the console's log is of another size")
                                .allowed("64KiB to 1GiB")
                                .build();
                    }
                    return limit;
                })
                .orElse(Layout.DEFAULT_CONSOLE_LIMIT);
    }
}
