// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.hybridvm.JsonObject;

/**
 * What of a batch job is needed only to start it.
 *
 * @param identity whom it runs as, with the groups that he had when he handed it in; what earlier versions kept has none
 * @param command the program and its arguments as the guest is told them
 * @param places where programs may be, for one that the guest does not find
 */
record BatchSpec(
        Optional<GuestCommand.Identity> identity, List<String> command, List<String> environment, String places) {
    Map<String, Object> toJson() {
        var json = new LinkedHashMap<String, Object>();
        identity.ifPresent(one -> {
            json.put("user_id", one.user());
            json.put("group_id", one.group());
            json.put("groups", one.groups().stream().map(String::valueOf).toList());
        });
        json.put("command", command);
        json.put("environment", environment);
        json.put("places", places);
        return json;
    }

    static BatchSpec fromJson(JsonObject json) {
        return new BatchSpec(identity(json), json.texts("command"), json.texts("environment"), json.text("places"));
    }

    private static Optional<GuestCommand.Identity> identity(JsonObject json) {
        if (!json.has("user_id")) {
            return Optional.empty();
        }
        return Optional.of(new GuestCommand.Identity(
                (int) json.number("user_id"),
                (int) json.number("group_id"),
                json.texts("groups").stream().map(Integer::parseInt).toList()));
    }
}
