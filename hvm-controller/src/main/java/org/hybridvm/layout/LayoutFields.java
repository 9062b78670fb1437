// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.hybridvm.JsonObject;
import org.hybridvm.access.AccessRules;

/**
 * A layout as the fields of its file, every one of them, in the schema's order: what {@code hvm get} writes, what plans
 * compare, and what hvmd keeps. Files and folders are absolute.
 */
public final class LayoutFields {
    private static final String AUTO = "auto";

    private LayoutFields() {}

    public static Map<String, Object> of(Layout layout) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("name", layout.name());
        fields.put("memory", ByteSize.format(layout.memory()));
        fields.put("linux", linux(layout.linux()));
        fields.put(
                "partitions",
                layout.partitions().stream().map(LayoutFields::partition).toList());
        fields.put("host", host(layout.host()));
        fields.put("mounts", layout.mounts().stream().map(LayoutFields::mount).toList());
        fields.put("machine", LayoutWords.of(layout.machine()));
        fields.put("acceleration", LayoutWords.of(layout.acceleration()));
        fields.put("console", Map.of("limit", ByteSize.format(layout.consoleLimit())));
        fields.put("window", ByteSize.format(layout.window()));
        if (!layout.bootLimits().isEmpty()) {
            fields.put("boot", HealthReader.fields(layout.bootLimits()));
        }
        layout.access().ifPresent(members -> fields.put("access", access(members)));
        return fields;
    }

    private static Map<String, Object> access(AccessRules.Members members) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("users", members.users());
        fields.put("groups", members.groups());
        return fields;
    }

    private static Map<String, Object> linux(Layout.Linux linux) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("cores", linux.cores());
        linux.kernel().ifPresent(kernel -> fields.put("kernel", kernel.toString()));
        linux.initramfs().ifPresent(initramfs -> fields.put("initramfs", initramfs.toString()));
        fields.put(
                "rootfs",
                linux.rootFs()
                        .file()
                        .map(Path::toString)
                        .orElseGet(() -> LayoutWords.of(linux.rootFs().choice())));
        fields.put("cmdline", linux.commandLine());
        return fields;
    }

    private static Map<String, Object> partition(Layout.Hrt partition) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("name", partition.name());
        fields.put("cores", partition.cores());
        fields.put("memory", ByteSize.format(partition.memory()));
        partition.image().ifPresent(image -> fields.put("image", image.toString()));
        fields.put("privilege", LayoutWords.of(partition.privilege()));
        fields.put("health", HealthReader.fields(partition.health()));
        return fields;
    }

    private static Map<String, Object> host(Layout.Host host) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("policy", LayoutWords.of(host.policy()));
        fields.put("cores", host.cores().isEmpty() ? AUTO : host.cores());
        fields.put("numa", host.numa().<Object>map(node -> node).orElse(AUTO));
        fields.put("hugepages", LayoutWords.of(host.hugepages()));
        fields.put("siblings", LayoutWords.of(host.siblings()));
        fields.put("housekeeping", host.housekeeping().isEmpty() ? AUTO : host.housekeeping());
        return fields;
    }

    private static Map<String, Object> mount(Layout.Mount mount) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("source", mount.source().toString());
        fields.put("readonly", mount.readOnly());
        return fields;
    }

    /** What {@link #of} gave, or an hvmd before it kept; the host's files are not looked at, they may be gone. */
    public static Layout layout(JsonObject fields) {
        return new Layout(
                fields.text("name"),
                size(fields, "memory", Layout.DEFAULT_MEMORY),
                linux(fields.object("linux")),
                fields.objects("partitions").stream()
                        .map(LayoutFields::partition)
                        .toList(),
                fields.has("host_cores") ? hostOfOld(fields) : host(fields.object("host")),
                fields.objects("mounts").stream()
                        .map(mount -> new Layout.Mount(Path.of(mount.text("source")), mount.flag("readonly")))
                        .toList(),
                LayoutWords.constant(Layout.Machine.class, fields.text("machine")),
                LayoutWords.constant(Layout.Acceleration.class, fields.text("acceleration")),
                fields.has("console_limit")
                        ? fields.number("console_limit")
                        : size(fields.object("console"), "limit", Layout.DEFAULT_CONSOLE_LIMIT),
                size(fields, "window", Layout.MIN_WINDOW),
                fields.has("boot") ? HealthReader.bootLimits(fields.object("boot")) : Map.of(),
                fields.has("access") ? Optional.of(access(fields.object("access"))) : Optional.empty());
    }

    private static AccessRules.Members access(JsonObject fields) {
        return new AccessRules.Members(fields.texts("users"), fields.texts("groups"));
    }

    private static Layout.Linux linux(JsonObject fields) {
        return new Layout.Linux(
                (int) fields.number("cores"),
                fields.optionalText("kernel").map(Path::of),
                fields.optionalText("initramfs").map(Path::of),
                fields.optionalText("rootfs").map(LayoutFields::rootFs).orElse(Layout.RootFs.NONE),
                fields.text("cmdline"));
    }

    /** A file's path is absolute, so it is none of the words. */
    private static Layout.RootFs rootFs(String text) {
        return text.startsWith("/")
                ? Layout.RootFs.of(Path.of(text))
                : new Layout.RootFs(LayoutWords.constant(Layout.RootFs.Choice.class, text), Optional.empty());
    }

    private static Layout.Hrt partition(JsonObject fields) {
        return new Layout.Hrt(
                fields.text("name"),
                (int) fields.number("cores"),
                size(fields, "memory", Layout.DEFAULT_HRT_MEMORY),
                fields.optionalText("image").map(Path::of),
                fields.optionalText("privilege")
                        .map(word -> LayoutWords.constant(Layout.Privilege.class, word))
                        .orElse(Layout.Privilege.KERNEL),
                fields.has("health") ? HealthReader.health(fields.object("health")) : Health.DEFAULT);
    }

    private static Layout.Host host(JsonObject fields) {
        return new Layout.Host(
                LayoutWords.constant(Layout.Policy.class, fields.text("policy")),
                numbers(fields, "cores"),
                fields.asMap().get("numa") instanceof Number node ? Optional.of(node.intValue()) : Optional.empty(),
                LayoutWords.constant(Layout.Hugepages.class, fields.text("hugepages")),
                LayoutWords.constant(Layout.Siblings.class, fields.text("siblings")),
                numbers(fields, "housekeeping"));
    }

    private static Layout.Host hostOfOld(JsonObject fields) {
        Layout.Host auto = Layout.Host.AUTO;
        return new Layout.Host(
                auto.policy(),
                numbers(fields, "host_cores"),
                auto.numa(),
                auto.hugepages(),
                auto.siblings(),
                List.of());
    }

    private static long size(JsonObject fields, String name, long fallback) {
        Object size = fields.asMap().get(name);
        return size == null
                ? fallback
                : ByteSize.parse(size.toString())
                        .orElseThrow(() -> new IllegalArgumentException(name + " is no size: " + size));
    }

    private static List<Integer> numbers(JsonObject fields, String name) {
        return fields.asMap().get(name) instanceof List<?> list
                ? list.stream().map(number -> ((Number) number).intValue()).toList()
                : List.of();
    }
}
