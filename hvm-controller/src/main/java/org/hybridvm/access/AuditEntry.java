// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.access;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One line of the audit log: who asked for what, and what the answer was.
 *
 * @param caller null if it is not known who asked
 * @param source {@code unix}, or address and port
 * @param subject what it concerned: {@code vm/demo}, {@code job/12}, {@code token/3f9a}; empty: nothing in particular
 * @param code null for what was done, else the error's
 */
public record AuditEntry(
        Caller caller, String source, String method, String path, String subject, int status, String code) {

    Map<String, Object> toJson(long sequence, Instant time) {
        var json = new LinkedHashMap<String, Object>();
        json.put("sequence", sequence);
        json.put("time", time);
        json.put("caller", caller == null ? null : caller.name());
        json.put("uid", caller == null ? null : Integer.toUnsignedLong(caller.uid()));
        json.put("role", caller == null ? null : caller.role().word());
        json.put("source", source);
        json.put("method", method);
        json.put("path", path);
        json.put("subject", subject);
        json.put("status", status);
        json.put("code", code);
        return json;
    }
}
