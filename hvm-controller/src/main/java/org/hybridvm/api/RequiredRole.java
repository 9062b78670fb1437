// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.http.HttpMethod;
import java.util.regex.Pattern;
import org.hybridvm.access.Role;

/** Which role a request takes. What is not named here takes an operator, so that a new route is closed at first. */
final class RequiredRole {
    private static final Pattern LOOK = Pattern.compile(
            "/metrics|/v1/(version|doctor|host|metrics|top|health/(live|ready)|events|openapi\\.json|vms(/[^/]+(/layout|/partitions/[^/]+/modules)?)?)");
    private static final Pattern JOBS = Pattern.compile("/v1/(jobs(/.*)?|layouts/validate)");

    /** Everybody's own. */
    private static final Pattern TOKENS = Pattern.compile("/v1/tokens(/.*)?");

    private static final Pattern DAEMON = Pattern.compile("/v1/daemon(/.*)?");

    private RequiredRole() {}

    static Role of(HttpMethod method, String path) {
        if (DAEMON.matcher(path).matches()) {
            return Role.ADMIN;
        }
        if (JOBS.matcher(path).matches()) {
            return Role.USER;
        }
        if (TOKENS.matcher(path).matches()) {
            return Role.VIEWER;
        }
        boolean reads = method == HttpMethod.GET || method == HttpMethod.HEAD;
        return reads && LOOK.matcher(path).matches() ? Role.VIEWER : Role.OPERATOR;
    }
}
