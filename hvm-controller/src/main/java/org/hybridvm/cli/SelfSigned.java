// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;

/** Makes a certificate that nobody but itself vouches for, and its key, by the JDK's keytool. */
final class SelfSigned {
    private static final FileAttribute<?> PRIVATE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    private static final String PASSWORD = "only-for-a-moment";
    private static final String ALIAS = "hvmd";
    private static final int LINE = 64;

    private SelfSigned() {}

    /**
     * Makes both files; the folder is made if it is not there.
     *
     * @param names those by which hvmd is reached; none: this host's and localhost
     * @throws HvmException if one is there already
     */
    static void make(Path certificate, Path key, List<String> names, int days) {
        refuseToReplace(certificate);
        refuseToReplace(key);
        try {
            Files.createDirectories(certificate.getParent());
            Path folder = Files.createTempDirectory(certificate.getParent(), "new");
            Path store = folder.resolve("store");
            try {
                keytool(store, names.isEmpty() ? ownNames() : names, days);
                KeyStore made = KeyStore.getInstance(store.toFile(), PASSWORD.toCharArray());
                write(
                        key,
                        "PRIVATE KEY",
                        made.getKey(ALIAS, PASSWORD.toCharArray()).getEncoded());
                write(certificate, "CERTIFICATE", made.getCertificate(ALIAS).getEncoded());
            } finally {
                Files.deleteIfExists(store);
                Files.deleteIfExists(folder);
            }
        } catch (IOException | GeneralSecurityException e) {
            throw HvmException.of(ErrorCode.HOST_PERMISSION, "The certificate cannot be made")
                    .value(certificate + " (" + e.getMessage() + ")")
                    .cause(e)
                    .build();
        }
    }

    private static void refuseToReplace(Path file) {
        if (Files.exists(file)) {
            throw HvmException.of(ErrorCode.WRONG_STATE, "There is a certificate or a key already")
                    .value(file)
                    .hint("mv " + file + " " + file + ".old")
                    .build();
        }
    }

    private static List<String> ownNames() throws IOException {
        return List.of(InetAddress.getLocalHost().getHostName(), "localhost", "127.0.0.1");
    }

    private static void keytool(Path store, List<String> names, int days) throws IOException {
        var alternatives = new ArrayList<String>();
        for (String name : names) {
            alternatives.add((name.matches("[0-9.]+|.*:.*") ? "ip:" : "dns:") + name);
        }
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        ALIAS,
                        "-keyalg",
                        "EC",
                        "-groupname",
                        "secp256r1",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        store.toString(),
                        "-storepass",
                        PASSWORD,
                        "-validity",
                        String.valueOf(days),
                        "-dname",
                        "CN=" + names.getFirst(),
                        "-ext",
                        "SAN=" + String.join(",", alternatives))
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        try {
            if (process.waitFor() != 0) {
                throw new IOException(said);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private static void write(Path file, String kind, byte[] content) throws IOException {
        String text = Base64.getMimeEncoder(LINE, new byte[] {'\n'}).encodeToString(content);
        Files.createFile(file, PRIVATE);
        Files.writeString(file, "-----BEGIN " + kind + "-----\n" + text + "\n-----END " + kind + "-----\n");
    }
}
