// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Set;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.config.Configuration;

/** The sockets that hvmd listens on: the Unix socket, and TCP with TLS if the configuration says so. */
final class Listeners {
    private static final Set<String> PROTOCOLS = Set.of("TLSv1.3", "TLSv1.2");

    private Listeners() {}

    /**
     * Listens on a Unix socket; a file that is left from a hvmd before is replaced.
     *
     * @param connected hears of each connection before its first request
     */
    static Future<HttpServer> unix(
            Vertx vertx,
            HttpServerOptions options,
            Path file,
            Configuration.Socket socket,
            Handler<HttpConnection> connected,
            Handler<HttpServerRequest> requests)
            throws IOException {
        Files.deleteIfExists(file);
        return vertx.createHttpServer(options)
                .connectionHandler(connected)
                .requestHandler(requests)
                .invalidRequestHandler(Refusals::unreadable)
                .listen(SocketAddress.domainSocketAddress(file.toString()))
                .map(server -> {
                    admit(file, socket);
                    return server;
                });
    }

    /** Listens on TCP. Never without TLS; who asks is told by the token of each request. */
    static Future<HttpServer> tcp(
            Vertx vertx, HttpServerOptions options, Configuration.Listen listen, Handler<HttpServerRequest> requests) {
        var secure = new HttpServerOptions(options)
                .setSsl(true)
                .setUseAlpn(false) // HTTP/1.1 alone: job streams switch protocols
                .setEnabledSecureTransportProtocols(PROTOCOLS)
                .setKeyCertOptions(new PemKeyCertOptions()
                        .setCertPath(listen.certificate().toString())
                        .setKeyPath(listen.key().toString()));
        return vertx.createHttpServer(secure)
                .requestHandler(requests)
                .invalidRequestHandler(Refusals::unreadable)
                .listen(listen.port(), listen.address())
                .recover(failure -> Future.failedFuture(refused(listen, failure)));
    }

    private static void admit(Path file, Configuration.Socket socket) {
        try {
            if (socket.group().isPresent()) {
                Files.getFileAttributeView(file, PosixFileAttributeView.class)
                        .setGroup(FileSystems.getDefault()
                                .getUserPrincipalLookupService()
                                .lookupPrincipalByGroupName(socket.group().get()));
            }
            Files.setPosixFilePermissions(file, permissions(socket.mode()));
        } catch (IOException e) {
            throw HvmException.of(ErrorCode.HOST_PERMISSION, "The socket's group or permissions cannot be set")
                    .value(file + " (" + e.getMessage() + ")")
                    .cause(e)
                    .build();
        }
    }

    private static Set<PosixFilePermission> permissions(int mode) {
        PosixFilePermission[] all = PosixFilePermission.values(); // from the owner's reading to the others' executing
        var permissions = EnumSet.noneOf(PosixFilePermission.class);
        for (int bit = 0; bit < all.length; bit++) {
            if ((mode & (0400 >> bit)) != 0) {
                permissions.add(all[bit]);
            }
        }
        return permissions;
    }

    private static HvmException refused(Configuration.Listen listen, Throwable cause) {
        return HvmException.of(ErrorCode.INVALID_CONFIGURATION, "hvmd cannot listen there with TLS")
                .value("%s:%d, %s (%s)"
                        .formatted(listen.address(), listen.port(), listen.certificate(), cause.getMessage()))
                .allowed("an address of this host, a free port, a certificate and its key as PEM files")
                .hint("hvm daemon certificate; ss -ltn")
                .cause(cause)
                .build();
    }
}
