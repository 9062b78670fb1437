// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Map;
import java.util.Set;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;

/** A hvmd on TCP: TLS whose certificate is checked, and a token. */
final class TlsEndpoint implements Endpoint {
    /** Environment variable: a PEM file with the authorities to be trusted; else Java's own. */
    static final String AUTHORITIES = "HVM_CA";

    static final String TOKEN = "HVM_TOKEN";
    static final String TOKEN_FILE = "HVM_TOKEN_FILE";

    private static final int DEFAULT_PORT = 8443;

    private final URI url;
    private final String token;
    private final String authorities; // or null

    private TlsEndpoint(URI url, String token, String authorities) {
        this.url = url;
        this.token = token;
        this.authorities = authorities;
    }

    static TlsEndpoint of(String url, Map<String, String> environment) {
        return new TlsEndpoint(parse(url), token(environment), environment.get(AUTHORITIES));
    }

    @Override
    public HttpConnection connect() {
        int port = url.getPort() < 0 ? DEFAULT_PORT : url.getPort();
        try {
            var socket = (SSLSocket) context().getSocketFactory().createSocket(url.getHost(), port);
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS"); // the name must be the certificate's
            socket.setSSLParameters(parameters);
            socket.setTcpNoDelay(true);
            socket.startHandshake();
            return HttpConnection.of(new TlsChannel(socket), url.getHost(), token);
        } catch (SSLException | GeneralSecurityException e) {
            throw HvmException.of(ErrorCode.HOST_REQUIREMENT, "hvmd's certificate is not trusted, or it speaks no TLS")
                    .value(url + " (" + e.getMessage() + ")")
                    .hint("set " + AUTHORITIES + " to a PEM file with hvmd's certificate or its authority's")
                    .cause(e)
                    .build();
        } catch (IOException e) {
            throw HvmException.of(ErrorCode.HOST_REQUIREMENT, "No hvmd answers there")
                    .value(url + " (" + e.getMessage() + ")")
                    .hint("hvm daemon config on that host: does it listen?")
                    .cause(e)
                    .build();
        }
    }

    private static URI parse(String url) {
        try {
            URI parsed = URI.create(url);
            if (parsed.getHost() != null
                    && (parsed.getPath().isEmpty() || parsed.getPath().equals("/"))) {
                return parsed;
            }
        } catch (IllegalArgumentException e) {
            // refused below
        }
        throw HvmException.of(ErrorCode.INVALID_REQUEST, URL + " does not name a hvmd")
                .value(url)
                .allowed("https://HOST[:PORT]")
                .build();
    }

    private static String token(Map<String, String> environment) {
        String token = environment.get(TOKEN);
        String file = environment.get(TOKEN_FILE);
        if (token != null && !token.isBlank()) {
            return plain(token);
        }
        if (file != null && !file.isBlank()) {
            return plain(read(Path.of(file)));
        }
        throw HvmException.of(ErrorCode.UNAUTHENTICATED, "Over TCP every request needs a token")
                .allowed(TOKEN + " or " + TOKEN_FILE)
                .hint("hvm token create on hvmd's host")
                .build();
    }

    /** It becomes a line of the request: nothing in it may end that line. */
    private static String plain(String token) {
        String stripped = token.strip();
        if (!stripped.matches("[A-Za-z0-9._~+/=-]+")) {
            throw HvmException.of(ErrorCode.UNAUTHENTICATED, "This is no token")
                    .allowed("what hvm token create printed")
                    .build();
        }
        return stripped;
    }

    private static String read(Path file) {
        try {
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
            if (permissions.contains(PosixFilePermission.OTHERS_READ)) {
                throw HvmException.of(ErrorCode.UNAUTHENTICATED, "Everybody could read the token")
                        .value(file)
                        .hint("chmod 600 " + file)
                        .build();
            }
            return Files.readString(file);
        } catch (IOException e) {
            throw HvmException.of(ErrorCode.UNAUTHENTICATED, "The token's file cannot be read")
                    .value(file + " (" + e.getMessage() + ")")
                    .cause(e)
                    .build();
        }
    }

    private SSLContext context() throws GeneralSecurityException, IOException {
        if (authorities == null || authorities.isBlank()) {
            return SSLContext.getDefault();
        }
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        try (InputStream file = Files.newInputStream(Path.of(authorities))) {
            int number = 0;
            for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(file)) {
                trusted.setCertificateEntry("authority-" + number++, one);
            }
        } catch (IOException e) {
            throw HvmException.of(ErrorCode.HOST_REQUIREMENT, "The authorities' file cannot be read")
                    .value(AUTHORITIES + "=" + authorities)
                    .allowed("a PEM file")
                    .cause(e)
                    .build();
        }
        var managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        return context;
    }
}
