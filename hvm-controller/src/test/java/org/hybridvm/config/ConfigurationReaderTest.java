// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.hybridvm.ErrorCode;
import org.hybridvm.Home;
import org.hybridvm.HvmException;
import org.hybridvm.Json;
import org.hybridvm.access.AccessRules.Members;
import org.hybridvm.access.Quotas;
import org.hybridvm.access.Role;
import org.hybridvm.layout.LayoutWords;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigurationReaderTest {
    @TempDir
    private Path folder;

    private Home home;
    private ConfigurationReader reader;

    @BeforeEach
    void setUp() {
        home = new Home(folder, folder.resolve("run"));
        reader = new ConfigurationReader(home);
    }

    @Test
    void shouldServeOnlyOnesOwnUserWithoutAFile() {
        assertThat(reader.read())
                .isEqualTo(new Configuration(
                        new Configuration.Socket(Optional.empty(), 0600),
                        Map.of(),
                        Optional.empty(),
                        new Configuration.Audit(16L << 20, 8),
                        Configuration.Quota.NONE,
                        Limits.STANDARD,
                        new LogSettings(LogSettings.Format.TEXT, LogSettings.Level.INFO)));
        assertThat(Limits.STANDARD)
                .isEqualTo(new Limits(4 << 20, 32 << 10, 8 << 10, 2000, 4000, 256, 64 << 10, Duration.ofSeconds(30)));
    }

    @Test
    void shouldReadAllThatCanBeChosen() throws IOException {
        writeKeyPair();
        assertThat(read("""
                        socket: {group: daemon, mode: "0640"}
                        roles:
                          viewer: {users: [eve]}
                          operator: {users: [ada, oda], groups: [staff]}
                        listen: {address: 0.0.0.0, port: 9000, certificate: c.pem, key: c.key}
                        audit: {size: 1MiB, files: 2}
                        quotas: {default: {jobs: 100, running: 4, submits_per_minute: 60}, users: {ada: {cores: 0}}}
                        limits: {body: 1MiB, headers: 8KiB, rate: 10, burst: 20, streams: 3}
                        log: {format: json, level: debug}
                        """))
                .isEqualTo(new Configuration(
                        new Configuration.Socket(Optional.of("daemon"), 0640),
                        Map.of(
                                Role.VIEWER, new Members(List.of("eve"), List.of()),
                                Role.OPERATOR, new Members(List.of("ada", "oda"), List.of("staff"))),
                        Optional.of(new Configuration.Listen(
                                "0.0.0.0", 9000, folder.resolve("c.pem"), folder.resolve("c.key"))),
                        new Configuration.Audit(1 << 20, 2),
                        new Configuration.Quota(
                                new Quotas.Limits(Optional.of(100), Optional.of(4), Optional.empty(), Optional.of(60)),
                                Map.of(
                                        "ada",
                                        new Quotas.Limits(
                                                Optional.empty(), Optional.empty(), Optional.of(0), Optional.empty()))),
                        new Limits(1 << 20, 8 << 10, 8 << 10, 10, 20, 3, 64 << 10, Duration.ofSeconds(30)),
                        new LogSettings(LogSettings.Format.JSON, LogSettings.Level.DEBUG)));
    }

    @Test
    void shouldListenOnThisHostOnlyUnlessToldOtherwise() throws IOException {
        Files.createDirectories(home.key().getParent());
        Files.writeString(home.certificate(), "");
        Files.writeString(home.key(), "");
        Files.setPosixFilePermissions(home.key(), PosixFilePermissions.fromString("rw-------"));
        assertThat(read("listen: {}").listen())
                .contains(new Configuration.Listen("127.0.0.1", 8443, home.certificate(), home.key()));
    }

    @ParameterizedTest
    @CsvSource({"'socket: {group: daemon}', 432", "'roles: {user: {users: [ada]}}', 438", "'{}', 384"})
    void shouldAdmitToTheSocketThoseWhomTheRolesMayName(String text, int mode) throws IOException {
        assertThat(read(text).socket().mode()).isEqualTo(mode);
    }

    @Test
    void shouldPrintWhatItReadsBack() throws IOException {
        writeKeyPair();
        Configuration read = read(
                "socket: {group: daemon}\nroles: {user: {groups: [staff]}}\n"
                        + "listen: {certificate: c.pem, key: c.key}\naudit: {files: 3}\nquotas: {users: {ada: {jobs: 1, submits_per_minute: 6}, bob: {}}}\nlimits: {rate: 7, body: 96KiB}\nlog: {level: warn}");
        assertThat(reader.read("printed", Json.write(read.toJson()))).isEqualTo(read);
        assertThat(reader.read("printed", Json.write(reader.standard().toJson())))
                .isEqualTo(reader.standard());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            sockets: {}                      | F:1:1: unknown field [unknown-field]: sockets. Allowed: socket, roles, listen, audit, quotas, limits, log. Try: did you mean socket?
            socket: {mode: "0999"}           | F:1:16: permission bits are expected [mode]: socket.mode: 0999. Allowed: three octal digits, e.g. "0660".
            socket: {group: nosuchgroup}     | F:1:17: no such group [group]: socket.group: nosuchgroup. Try: groupadd --system nosuchgroup
            roles: {user: [ada]}             | F:1:15: fields are expected here [type]: a list. Allowed: users, groups.
            roles: {boss: {}}                | F:1:9: unknown field [unknown-field]: roles.boss. Allowed: viewer, user, operator, admin.
            listen: {port: 0}                | F has 3 mistakes
            audit: {size: 1KiB}              | F:1:15: a file of the audit log is of another size [audit-size]: audit.size: 1KiB. Allowed: 64KiB to 1GiB.
            quotas: {users: [ada]}           | F:1:17: names with fields are expected [type]: quotas.users: a list.
            quotas: {users: {ada: {job: 1}}} | F:1:24: unknown field [unknown-field]: quotas.users.ada.job. Allowed: jobs, running, cores, submits_per_minute.
            limits: {body: 1KiB}             | F:1:16: a limit is of another size [limit-size]: limits.body: 1KiB. Allowed: 64KiB to 64MiB.
            limits: {rate: 0}                | F:1:16: a number is expected [number]: limits.rate: 0. Allowed: 1 to 1000000.
            log: {format: xml}               | F:1:15: unknown value [choice]: log.format: xml. Allowed: text, json.
            log: {level: loud}               | F:1:14: unknown value [choice]: log.level: loud. Allowed: error, warn, info, debug.
            audit: {files: 0}                | F:1:16: a number is expected [number]: audit.files: 0. Allowed: 1 to 100.
            """)
    void shouldSayWhereWhatIsWrongAndHowToMendIt(String text, String message) {
        assertThatThrownBy(() -> reader.read("F", text)).satisfies(failure -> {
            var refusal = (HvmException) failure;
            assertThat(refusal.code()).isEqualTo(ErrorCode.INVALID_CONFIGURATION);
            assertThat(refusal.getMessage()).startsWith(message);
            assertThat(refusal.findings()).isNotEmpty().allSatisfy(one -> {
                assertThat(one.line()).isEqualTo(1);
                assertThat(one.rule()).isNotBlank();
            });
        });
    }

    @Test
    void shouldRefuseAFileThatOthersMayWrite() throws IOException {
        Files.writeString(home.configuration(), "{}");
        Files.setPosixFilePermissions(home.configuration(), PosixFilePermissions.fromString("rw-rw-r--"));
        assertThatThrownBy(reader::read)
                .hasMessageContaining("others could write the file")
                .hasMessageEndingWith("Try: chmod go-w " + home.configuration());
    }

    @Test
    void shouldRefuseAKeyThatEverybodyMayRead() throws IOException {
        writeKeyPair();
        Files.setPosixFilePermissions(folder.resolve("c.key"), PosixFilePermissions.fromString("rw-r--r--"));
        assertThatThrownBy(() -> read("listen: {certificate: c.pem, key: c.key}"))
                .hasMessageContaining("everybody could read the key")
                .hasMessageEndingWith("Try: chmod 600 " + folder.resolve("c.key"));
    }

    @Test
    void shouldMakeUsersOfTheSocketsGroupUnlessItHasAnotherRole() throws IOException {
        assertThat(read("socket: {group: daemon}").members())
                .isEqualTo(Map.of(Role.USER, new Members(List.of(), List.of("daemon"))));
        assertThat(read("socket: {group: daemon}\nroles: {viewer: {groups: [daemon]}}")
                        .members())
                .isEqualTo(Map.of(Role.VIEWER, new Members(List.of(), List.of("daemon"))));
    }

    @Test
    void shouldPublishASchemaWithTheReadersFieldsDefaultsAndLimits() throws IOException {
        Object schema;
        try (InputStream file = ConfigurationReader.class.getResourceAsStream("hvmd.schema.json")) {
            schema = Json.parse(new String(file.readAllBytes(), StandardCharsets.UTF_8));
        }
        assertThat(fields(schema, "")).isEqualTo(ConfigurationReader.FIELDS);
        assertThat(fields(schema, "/properties/socket")).isEqualTo(ConfigurationReader.SOCKET_FIELDS);
        assertThat(fields(schema, "/properties/roles")).isEqualTo(ConfigurationReader.ROLE_FIELDS);
        assertThat(fields(schema, "/properties/listen")).isEqualTo(ConfigurationReader.LISTEN_FIELDS);
        assertThat(fields(schema, "/properties/audit")).isEqualTo(ConfigurationReader.AUDIT_FIELDS);
        assertThat(fields(schema, "/properties/quotas")).isEqualTo(ConfigurationReader.QUOTAS_FIELDS);
        assertThat(fields(schema, "/properties/limits")).isEqualTo(LimitsReader.FIELDS);
        assertThat(at(schema, "/properties/limits/properties/body/default"))
                .isEqualTo(Limits.STANDARD.toJson().get("body"));
        assertThat(at(schema, "/properties/limits/properties/body/maximum")).isEqualTo((long) LimitsReader.MAX_BODY);
        assertThat(at(schema, "/properties/limits/properties/headers/default"))
                .isEqualTo(Limits.STANDARD.toJson().get("headers"));
        assertThat(fields(schema, "/properties/log")).isEqualTo(ConfigurationReader.LOG_FIELDS);
        LogSettings.STANDARD
                .toJson()
                .forEach((field, standard) -> assertThat(at(schema, "/properties/log/properties/" + field + "/default"))
                        .isEqualTo(standard));
        assertThat(at(schema, "/properties/log/properties/format/enum")).isEqualTo(words(LogSettings.Format.class));
        assertThat(at(schema, "/properties/log/properties/level/enum")).isEqualTo(words(LogSettings.Level.class));
        for (String number : List.of("rate", "burst", "streams")) {
            assertThat(((Number) at(schema, "/properties/limits/properties/" + number + "/default")).intValue())
                    .isEqualTo(Limits.STANDARD.toJson().get(number));
        }
        assertThat(fields(schema, "/$defs/limits")).isEqualTo(ConfigurationReader.LIMITS_FIELDS);
        assertThat(fields(schema, "/$defs/members")).isEqualTo(ConfigurationReader.MEMBERS_FIELDS);
        assertThat(at(schema, "/properties/socket/properties/mode/default")).isEqualTo("0600");
        assertThat(at(schema, "/properties/listen/properties/address/default"))
                .isEqualTo(Configuration.DEFAULT_ADDRESS);
        assertThat(at(schema, "/properties/listen/properties/port/default"))
                .isEqualTo((long) Configuration.DEFAULT_PORT);
        assertThat(at(schema, "/properties/audit/properties/size/default")).isEqualTo("16MiB");
        assertThat(at(schema, "/properties/audit/properties/size/minimum"))
                .isEqualTo(ConfigurationReader.MIN_AUDIT_SIZE);
        assertThat(at(schema, "/properties/audit/properties/size/maximum"))
                .isEqualTo(ConfigurationReader.MAX_AUDIT_SIZE);
        assertThat(at(schema, "/properties/audit/properties/files/default"))
                .isEqualTo((long) Configuration.DEFAULT_AUDIT_FILES);
        assertThat(at(schema, "/properties/audit/properties/files/maximum"))
                .isEqualTo((long) ConfigurationReader.MAX_AUDIT_FILES);
    }

    private Configuration read(String text) throws IOException {
        Files.writeString(home.configuration(), text);
        Files.setPosixFilePermissions(home.configuration(), PosixFilePermissions.fromString("rw-r--r--"));
        return reader.read();
    }

    private void writeKeyPair() throws IOException {
        Files.writeString(folder.resolve("c.pem"), "");
        Files.writeString(folder.resolve("c.key"), "");
        Files.setPosixFilePermissions(folder.resolve("c.key"), PosixFilePermissions.fromString("rw-------"));
    }

    private static List<String> words(Class<? extends Enum<?>> type) {
        return Arrays.stream(type.getEnumConstants()).map(LayoutWords::of).toList();
    }

    private static List<String> fields(Object schema, String path) {
        return ((Map<?, ?>) at(schema, path + "/properties"))
                .keySet().stream().map(Object::toString).toList();
    }

    private static Object at(Object value, String path) {
        Object found = value;
        for (String part : path.substring(1).split("/")) {
            found = ((Map<?, ?>) found).get(part);
        }
        return found;
    }
}
