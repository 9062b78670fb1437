// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import org.hybridvm.ipc.AbiDescriptor;

/** Reads the fields of a layout that name files and folders of the host, and looks whether they are what they have to be. */
final class LayoutFiles {
    /** How a squashfs image begins (Linux, Documentation/filesystems/squashfs.rst: SQUASHFS_MAGIC). */
    private static final byte[] SQUASHFS = {'h', 's', 'q', 's'};

    /** How an image of an aerokernel begins (hvm/image.h: HVM_IMAGE_MAGIC); the ABI's revision follows, 32 bits. */
    private static final byte[] AEROKERNEL = {'M', 'V', 'I', 'M', 'A', 'G', 'E', '1'};

    private final Path folder;

    /** @param folder what relative paths start from, and the default mount */
    LayoutFiles(Path folder) {
        this.folder = folder;
    }

    /** A refusal of the field in question: of a rule, in words. */
    private interface Refuse extends BiFunction<String, String, Refusal.Builder> {}

    /** The file that a field names; it is there. */
    Optional<Path> file(YamlObject object, String field) {
        return object.text(field).map(text -> {
            Path path = path(text, (rule, what) -> object.refuse(rule, field, what));
            if (!Files.isRegularFile(path)) {
                throw object.refuse("file", field, "no such file").value(path).build();
            }
            return path;
        });
    }

    Layout.RootFs rootFs(YamlObject object) {
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
        if (!Arrays.equals(begin(object, "rootfs", image, SQUASHFS.length), SQUASHFS)) {
            throw object.refuse("squashfs", "rootfs", "the file is no squashfs image")
                    .value(image)
                    .allowed("auto, standard, none, a squashfs image")
                    .mend("mksquashfs FOLDER FILE")
                    .build();
        }
    }

    /** A partition's aerokernel; hvm.ko would refuse it only at boot. */
    Optional<Path> aerokernel(YamlObject object, String field) {
        Optional<Path> image = file(object, field);
        image.ifPresent(file -> requireAerokernel(object, field, file));
        return image;
    }

    private static void requireAerokernel(YamlObject object, String field, Path file) {
        byte[] head = Arrays.copyOf(
                begin(object, field, file, AEROKERNEL.length + Integer.BYTES), AEROKERNEL.length + Integer.BYTES);
        if (!Arrays.equals(Arrays.copyOf(head, AEROKERNEL.length), AEROKERNEL)) {
            throw object.refuse("aerokernel", field, "the file is no image of an aerokernel")
                    .value(file)
                    .allowed("a flat binary as hvm/image.h describes it")
                    .mend("leave the field out for the project's own")
                    .build();
        }
        int revision = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN).getInt(AEROKERNEL.length);
        if (revision != AbiDescriptor.ABI_REVISION) {
            throw object.refuse(
                            "aerokernel-revision", field, "the aerokernel was built for another revision of the ABI")
                    .value(file + " (revision " + revision + ")")
                    .allowed("revision " + AbiDescriptor.ABI_REVISION)
                    .mend("build it anew")
                    .build();
        }
    }

    private static byte[] begin(YamlObject object, String field, Path file, int bytes) {
        try (InputStream stream = Files.newInputStream(file)) {
            return stream.readNBytes(bytes);
        } catch (IOException e) {
            throw object.refuse("file", field, "the file cannot be read")
                    .value(file)
                    .cause(e)
                    .build();
        }
    }

    List<Layout.Mount> mounts(YamlObject top) {
        return top.list("mounts", element -> {
                    if (element.isText()) {
                        return mount(element.text(), false, element::refuse);
                    }
                    YamlObject object = element.object(LayoutReader.MOUNT_FIELDS);
                    return mount(
                            object.text("source").orElse(""),
                            object.flag("readonly", false),
                            (rule, what) -> object.refuse(rule, "source", what));
                })
                .orElseGet(() -> standardMount(top));
    }

    private List<Layout.Mount> standardMount(YamlObject top) {
        return top.findings()
                .or(List.of(), () -> List.of(mount(".", false, (rule, what) -> top.refuse(rule, "mounts", what))));
    }

    private Layout.Mount mount(String text, boolean readOnly, Refuse refuse) {
        if (text.isEmpty()) {
            throw refuse.apply("mount", "a mount is a folder of the host").build();
        }
        Path source = path(text, refuse);
        if (!Files.isDirectory(source)) {
            throw refuse.apply("mount", "a mount is a folder of the host")
                    .value(source)
                    .build();
        }
        try {
            return new Layout.Mount(source.toRealPath(), readOnly);
        } catch (IOException e) {
            throw refuse.apply("mount", "the folder cannot be reached")
                    .value(source)
                    .cause(e)
                    .build();
        }
    }

    private Path path(String text, Refuse refuse) {
        try {
            return folder.resolve(text).normalize();
        } catch (InvalidPathException e) {
            throw refuse.apply("path", "this is no path").cause(e).build();
        }
    }
}
