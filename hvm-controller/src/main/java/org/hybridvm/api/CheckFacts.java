// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.hybridvm.host.HostChecks;

/** What was looked at on a host and found there, as a JSON object. */
final class CheckFacts {
    private CheckFacts() {}

    /** {@code {"ok": ..., "checks": [{name, status, value, mend}]}}. */
    static Map<String, Object> of(List<HostChecks.Check> checks) {
        return Map.of(
                "ok",
                checks.stream().noneMatch(check -> check.status() == HostChecks.Status.FAIL),
                "checks",
                checks.stream().map(CheckFacts::of).toList());
    }

    private static Map<String, Object> of(HostChecks.Check check) {
        var json = new LinkedHashMap<String, Object>();
        json.put("name", check.name());
        json.put("status", check.status().name().toLowerCase(Locale.ROOT));
        json.put("value", check.value());
        check.mend().ifPresent(mend -> json.put("mend", mend));
        return json;
    }
}
