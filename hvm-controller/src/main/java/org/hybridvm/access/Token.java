// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.access;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A token as one may know of it; the secret itself is told once, when it is made.
 *
 * @param user the account whose rights it has
 * @param role the highest that it gives; never more than the account has when it is used
 * @param note what its owner calls it
 */
public record Token(String id, String user, Role role, String note, Instant created, Instant expires) {
    public Map<String, Object> toJson() {
        var json = new LinkedHashMap<String, Object>();
        json.put("token", id);
        json.put("user", user);
        json.put("role", role.word());
        json.put("note", note);
        json.put("created", created);
        json.put("expires", expires);
        return json;
    }
}
