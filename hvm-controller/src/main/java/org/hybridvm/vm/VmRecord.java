// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.hybridvm.JsonObject;
import org.hybridvm.host.CoreLedger;
import org.hybridvm.layout.Layout;

/**
 * What must be known of a VM by a hvmd that did not start it: kept on disk from before QEMU starts until it is destroyed.
 *
 * @param phase how far its launch or end has come
 * @param reason why it ended, empty while it runs
 */
record VmRecord(
        Layout layout,
        UUID uuid,
        Accelerator accelerator,
        CoreLedger.Placement placement,
        long created,
        Phase phase,
        String reason) {
    enum Phase {
        /** Its launch was begun and not finished. */
        STARTING,
        RUNNING,
        /** QEMU is gone. */
        ENDED
    }

    VmRecord with(Phase newPhase, String newReason) {
        return new VmRecord(layout, uuid, accelerator, placement, created, newPhase, newReason);
    }

    Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("layout", layoutToJson(layout));
        json.put("uuid", uuid.toString());
        json.put("accelerator", accelerator.word());
        json.put("vcpus", new ArrayList<>(placement.vcpus()));
        json.put("housekeeping", new ArrayList<>(placement.housekeeping()));
        json.put("created", created);
        json.put("phase", phase.name());
        json.put("reason", reason);
        return json;
    }

    static VmRecord fromJson(JsonObject json) {
        return new VmRecord(
                layoutFromJson(json.object("layout")),
                UUID.fromString(json.text("uuid")),
                Accelerator.valueOf(json.text("accelerator").toUpperCase(Locale.ROOT)),
                new CoreLedger.Placement(
                        numbers(json, "vcpus"), new HashSet<>(numbers(json, "housekeeping")), List.of()),
                json.number("created"),
                Phase.valueOf(json.text("phase")),
                json.text("reason"));
    }

    static Map<String, Object> layoutToJson(Layout layout) {
        Map<String, Object> linux = new LinkedHashMap<>();
        linux.put("cores", layout.linux().cores());
        layout.linux().kernel().ifPresent(kernel -> linux.put("kernel", kernel.toString()));
        layout.linux().initramfs().ifPresent(initramfs -> linux.put("initramfs", initramfs.toString()));
        linux.put("rootfs", rootFsToText(layout.linux().rootFs()));
        linux.put("cmdline", layout.linux().commandLine());
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", layout.name());
        json.put("memory", layout.memory());
        json.put("linux", linux);
        json.put(
                "partitions",
                layout.partitions().stream()
                        .map(hrt -> Map.<String, Object>of(
                                "name", hrt.name(), "cores", hrt.cores(), "memory", hrt.memory()))
                        .toList());
        json.put("host_cores", layout.hostCores());
        json.put(
                "mounts",
                layout.mounts().stream()
                        .map(mount -> Map.<String, Object>of(
                                "source", mount.source().toString(), "readonly", mount.readOnly()))
                        .toList());
        json.put("machine", layout.machine().name().toLowerCase(Locale.ROOT));
        json.put("acceleration", layout.acceleration().name().toLowerCase(Locale.ROOT));
        json.put("console_limit", layout.consoleLimit());
        json.put("window", layout.window());
        return json;
    }

    private static Layout layoutFromJson(JsonObject json) {
        JsonObject linux = json.object("linux");
        return new Layout(
                json.text("name"),
                json.number("memory"),
                new Layout.Linux(
                        (int) linux.number("cores"),
                        linux.optionalText("kernel").map(Path::of),
                        linux.optionalText("initramfs").map(Path::of),
                        linux.optionalText("rootfs")
                                .map(VmRecord::rootFsFromText)
                                .orElse(Layout.RootFs.NONE),
                        linux.text("cmdline")),
                json.objects("partitions").stream()
                        .map(hrt -> new Layout.Hrt(hrt.text("name"), (int) hrt.number("cores"), hrt.number("memory")))
                        .toList(),
                numbers(json, "host_cores"),
                json.objects("mounts").stream()
                        .map(mount -> new Layout.Mount(Path.of(mount.text("source")), mount.flag("readonly")))
                        .toList(),
                Layout.Machine.valueOf(json.text("machine").toUpperCase(Locale.ROOT)),
                Layout.Acceleration.valueOf(json.text("acceleration").toUpperCase(Locale.ROOT)),
                json.number("console_limit"),
                json.number("window", Layout.MIN_WINDOW));
    }

    /** As in a layout; a file's path is absolute, so it is none of the words. */
    private static String rootFsToText(Layout.RootFs rootFs) {
        return rootFs.file()
                .map(Path::toString)
                .orElseGet(() -> rootFs.choice().name().toLowerCase(Locale.ROOT));
    }

    private static Layout.RootFs rootFsFromText(String text) {
        return text.startsWith("/")
                ? Layout.RootFs.of(Path.of(text))
                : new Layout.RootFs(Layout.RootFs.Choice.valueOf(text.toUpperCase(Locale.ROOT)), Optional.empty());
    }

    private static List<Integer> numbers(JsonObject json, String field) {
        return Optional.ofNullable((List<?>) json.asMap().get(field)).orElse(List.of()).stream()
                .map(number -> ((Number) number).intValue())
                .toList();
    }
}
