// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.hybridvm.JsonObject;

/** All jobs that the caller sees, asked page by page: one answer has a thousand at most. */
final class JobPages {
    static final int PAGE = 1000;

    private JobPages() {}

    /** @param live only those that wait or run */
    static List<JsonObject> all(Client client, boolean live) {
        JsonObject page = page(client, live, 0);
        var jobs = new ArrayList<>(page.objects("jobs"));
        while (page.has("next")) {
            page = page(client, live, page.number("next"));
            jobs.addAll(page.objects("jobs"));
        }
        return jobs;
    }

    /** The same as a client of REST would print it. */
    static Map<String, Object> json(List<JsonObject> jobs) {
        return Map.of("jobs", jobs.stream().map(JsonObject::asMap).toList());
    }

    /** @param after the number after which to go on; 0: from the oldest */
    static JsonObject page(Client client, boolean live, long after) {
        return client.get("/jobs?limit=" + PAGE + "&live=" + live + "&cursor=" + after);
    }
}
