// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.event;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.hybridvm.HvmException;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.hybridvm.store.EventRow;

/**
 * Something that happened.
 *
 * @param number its place in the order of all events of this node; never given twice. 0 while it is not kept
 * @param kind and subject: see {@link Events#publish}
 */
public record Event(long number, Instant time, String kind, String subject, Map<String, Object> facts) {
    /** One that is to be kept. */
    public static Event now(Instant time, String kind, String subject, Map<String, Object> facts) {
        return new Event(0, time, kind, subject, facts);
    }

    public Map<String, Object> toJson() {
        var json = new LinkedHashMap<String, Object>();
        json.put("number", number);
        json.put("time", time);
        json.put("kind", kind);
        json.put("subject", subject);
        json.put("facts", facts);
        return json;
    }

    EventRow toRow() {
        return new EventRow(number, time.toEpochMilli(), kind, subject, Json.write(facts));
    }

    static Event of(EventRow row) {
        return new Event(row.number(), Instant.ofEpochMilli(row.time()), row.kind(), row.subject(), facts(row.facts()));
    }

    /** A damaged row must not hide the others. */
    private static Map<String, Object> facts(String text) {
        try {
            return JsonObject.parse(text).asMap();
        } catch (HvmException e) {
            return Map.of("damaged", true);
        }
    }
}
