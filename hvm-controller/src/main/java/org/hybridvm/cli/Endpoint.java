// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.hybridvm.ErrorCode;
import org.hybridvm.Home;
import org.hybridvm.HvmException;

/** Where hvmd is asked. */
interface Endpoint {
    /** Environment variable: {@code https://HOST[:PORT]} or {@code unix:PATH}. */
    String URL = "HVM_URL";

    /** The socket of the hvmd that serves a whole host. */
    Path SYSTEM_SOCKET = Path.of("/run/hvm/hvmd.sock");

    HttpConnection connect() throws IOException;

    /**
     * The hvmd that {@code HVM_URL} names; else one's own, which is started when it is needed; unless there is none of one's
     * own, and the host's admits this user.
     */
    static Endpoint of(Context context) {
        String url = context.environment().get(URL);
        if (url != null && !url.isEmpty()) {
            return named(url, context);
        }
        Home home = context.home();
        boolean chosen = context.environment().containsKey(Home.VARIABLE) || !home.equals(Home.ofThisUser());
        if (!chosen && !Files.exists(home.socket()) && Files.isWritable(SYSTEM_SOCKET)) {
            return socket(SYSTEM_SOCKET);
        }
        return new Daemon(home)::connect;
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
