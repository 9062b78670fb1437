// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.hybridvm.JsonObject;

/** The parts {@code health} and {@code boot} of a layout. */
final class HealthReader {
    static final List<String> HEALTH_FIELDS = List.of("heartbeat", "hung-after", "on-hung", "ask");
    static final List<String> BOOT_FIELDS =
            Arrays.stream(BootPhase.values()).map(BootPhase::word).toList();

    static final Duration MIN_HEARTBEAT = Duration.ofMillis(200);
    static final Duration MAX_HEARTBEAT = Duration.ofMinutes(60);
    static final Duration MIN_BOOT_LIMIT = Duration.ofMillis(100);
    static final Duration MAX_BOOT_LIMIT = Duration.ofMinutes(60);

    private static final String OFF = "off";

    private HealthReader() {}

    /** As a layout writes it. */
    static Map<String, Object> fields(Health health) {
        var fields = new LinkedHashMap<String, Object>();
        fields.put("heartbeat", health.heartbeat().isZero() ? OFF : TimeSpan.format(health.heartbeat()));
        fields.put("hung-after", TimeSpan.format(health.hungAfter()));
        fields.put("on-hung", LayoutWords.of(health.onHung()));
        fields.put("ask", LayoutWords.of(health.ask()));
        return fields;
    }

    /** What {@link #fields(Health)} gave. */
    static Health health(JsonObject fields) {
        return new Health(
                fields.text("heartbeat").equals(OFF) ? Duration.ZERO : time(fields, "heartbeat"),
                time(fields, "hung-after"),
                LayoutWords.constant(Health.OnHung.class, fields.text("on-hung")),
                LayoutWords.constant(Health.Ask.class, fields.text("ask")));
    }

    static Map<String, Object> fields(Map<BootPhase, Duration> limits) {
        var fields = new LinkedHashMap<String, Object>();
        new EnumMap<>(limits.isEmpty() ? new EnumMap<>(BootPhase.class) : limits)
                .forEach((phase, limit) -> fields.put(phase.word(), TimeSpan.format(limit)));
        return fields;
    }

    static Map<BootPhase, Duration> bootLimits(JsonObject fields) {
        var limits = new EnumMap<BootPhase, Duration>(BootPhase.class);
        for (BootPhase phase : BootPhase.values()) {
            if (fields.has(phase.word())) {
                limits.put(phase, time(fields, phase.word()));
            }
        }
        return limits;
    }

    private static Duration time(JsonObject fields, String name) {
        String text = fields.text(name);
        return TimeSpan.parse(text).orElseThrow(() -> new IllegalArgumentException(name + " is no time: " + text));
    }

    /** @param inherited what holds for fields that are left out */
    static Health health(Optional<YamlObject> health, Health inherited) {
        return health.map(object -> read(object, inherited)).orElse(inherited);
    }

    private static Health read(YamlObject object, Health inherited) {
        Duration heartbeat = object.isText("heartbeat", OFF)
                ? Duration.ZERO
                : object.time("heartbeat", inherited.heartbeat(), MIN_HEARTBEAT, MAX_HEARTBEAT);
        Duration hungAfter = object.time("hung-after", inherited.hungAfter(), MIN_HEARTBEAT, MAX_HEARTBEAT);
        object.findings().ifSound(() -> requireOrder(object, heartbeat, hungAfter));
        return new Health(
                heartbeat,
                hungAfter,
                object.choice("on-hung", Health.OnHung.class, inherited.onHung()),
                object.choice("ask", Health.Ask.class, inherited.ask()));
    }

    private static void requireOrder(YamlObject object, Duration heartbeat, Duration hungAfter) {
        if (hungAfter.compareTo(heartbeat) < 0) {
            String field = object.has("hung-after") ? "hung-after" : "heartbeat";
            throw object.refuse("hung-after", field, "a core is HUNG before it was asked")
                    .value("heartbeat " + TimeSpan.format(heartbeat) + ", hung-after " + TimeSpan.format(hungAfter))
                    .allowed("hung-after at least as long as heartbeat")
                    .build();
        }
    }

    static Map<BootPhase, Duration> bootLimits(Optional<YamlObject> boot) {
        var limits = new EnumMap<BootPhase, Duration>(BootPhase.class);
        boot.ifPresent(object -> {
            for (BootPhase phase : BootPhase.values()) {
                if (object.has(phase.word())) {
                    limits.put(phase, object.time(phase.word(), phase.limit(), MIN_BOOT_LIMIT, MAX_BOOT_LIMIT));
                }
            }
        });
        return limits;
    }
}
