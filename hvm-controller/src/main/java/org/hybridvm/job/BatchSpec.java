// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.util.List;
import java.util.Map;
import org.hybridvm.JsonObject;

/**
 * What of a batch job is needed only to start it.
 *
 * @param command the program and its arguments as the guest is told them
 * @param places where programs may be, for one that the guest does not find
 */
record BatchSpec(List<String> command, List<String> environment, String places) {
    Map<String, Object> toJson() {
        return Map.of("command", command, "environment", environment, "places", places);
    }

    static BatchSpec fromJson(JsonObject json) {
        return new BatchSpec(json.texts("command"), json.texts("environment"), json.text("places"));
    }
}
