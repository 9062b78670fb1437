// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.nio.file.Path;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;

/** Where hvmd is asked. */
interface Endpoint {
    /** Environment variable: {@code https://HOST[:PORT]} or {@code unix:PATH}. */
    String URL = "HVM_URL";

    HttpConnection connect() throws IOException;

    /** The hvmd that {@code HVM_URL} names; else that of the home, which is started when it is needed. */
    static Endpoint of(Context context) {
        String url = context.environment().get(URL);
        if (url != null && !url.isEmpty()) {
            return named(url, context);
        }
        return new Daemon(context.home())::connect;
    }

    private static Endpoint named(String url, Context context) {
        if (url.startsWith("unix:/")) {
            return socket(Path.of(url.substring("unix:".length())));
        }
        if (url.startsWith("https://")) {
            return TlsEndpoint.of(url, context.environment());
        }
        throw HvmException.of(ErrorCode.INVALID_REQUEST, URL + " does not name a hvmd")
                .value(url)
                .allowed("https://HOST[:PORT], unix:/PATH")
                .build();
    }

    private static Endpoint socket(Path socket) {
        return () -> {
            try {
                return HttpConnection.connect(socket);
            } catch (IOException e) {
                throw HvmException.of(ErrorCode.HOST_REQUIREMENT, "No hvmd answers there")
                        .value(socket + " (" + e.getMessage() + ")")
                        .owner("the administrator of this host")
                        .hint("unset " + URL + ", for a hvmd of your own")
                        .cause(e)
                        .build();
            }
        };
    }
}
