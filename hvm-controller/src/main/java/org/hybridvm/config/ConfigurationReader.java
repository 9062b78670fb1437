// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.hybridvm.ErrorCode;
import org.hybridvm.Home;
import org.hybridvm.HvmException;
import org.hybridvm.access.AccessRules.Members;
import org.hybridvm.access.OwnIdentity;
import org.hybridvm.access.Quotas;
import org.hybridvm.access.Role;
import org.hybridvm.host.Accounts;
import org.hybridvm.layout.Findings;
import org.hybridvm.layout.YamlObject;
import org.hybridvm.layout.YamlText;
import org.snakeyaml.engine.v2.nodes.Node;

/**
 * Reads hvmd's configuration. All that is wrong is refused at once, each mistake with file, line, column, rule and mend. No
 * file is the same as one that chooses nothing.
 *
 * <p>The fields are published as a JSON Schema beside this class ({@code hvmd.schema.json}); a test holds the two against
 * each other.
 */
public final class ConfigurationReader {
    static final List<String> FIELDS = List.of("socket", "roles", "listen", "audit", "quotas", "limits", "log");
    static final List<String> SOCKET_FIELDS = List.of("group", "mode");
    static final List<String> ROLE_FIELDS = List.of("viewer", "user", "operator", "admin");
    static final List<String> MEMBERS_FIELDS = List.of("users", "groups");
    static final List<String> LISTEN_FIELDS = List.of("address", "port", "certificate", "key");
    static final List<String> QUOTAS_FIELDS = List.of("default", "users");
    static final List<String> LIMITS_FIELDS = List.of("jobs", "running", "cores", "submits_per_minute");
    static final int MAX_QUOTA = 1_000_000;
    static final List<String> AUDIT_FIELDS = List.of("size", "files");
    static final List<String> LOG_FIELDS = List.of("format", "level");

    static final String MODE_FORM = "0?[0-7]{3}";
    static final int MAX_PORT = 65535;
    static final long MIN_AUDIT_SIZE = 64L << 10;
    static final long MAX_AUDIT_SIZE = 1L << 30;
    static final int MAX_AUDIT_FILES = 100;

    private final Home home;

    /** @param home whose configuration it is; what the file leaves out lies there */
    public ConfigurationReader(Home home) {
        this.home = home;
    }

    /** @throws HvmException {@link ErrorCode#INVALID_CONFIGURATION} */
    public Configuration read() {
        Path file = home.configuration();
        try {
            requireTrusted(file);
            return read(file.toString(), Files.readString(file));
        } catch (NoSuchFileException e) {
            return standard();
        } catch (IOException e) {
            throw refuse(file + ": the file cannot be read")
                    .value(e.toString())
                    .cause(e)
                    .build();
        }
    }

    /** What holds without a file. */
    Configuration standard() {
        return read(home.configuration().toString(), "{}");
    }

    Configuration read(String file, String yaml) {
        var text = new YamlText(ErrorCode.INVALID_CONFIGURATION, file, "the configuration", FIELDS);
        var findings = new Findings(ErrorCode.INVALID_CONFIGURATION);
        Node node = text.one(yaml);
        Optional<Configuration> read =
                findings.or(Optional.empty(), () -> Optional.of(read(YamlObject.of(file, "", node, FIELDS, findings))));
        findings.throwIfAny();
        return read.orElseThrow();
    }

    private Configuration read(YamlObject top) {
        Map<Role, Members> roles = roles(top);
        return new Configuration(
                socket(top, !roles.isEmpty()),
                roles,
                top.object("listen", LISTEN_FIELDS).map(this::listen),
                audit(top.object("audit", AUDIT_FIELDS)),
                top.object("quotas", QUOTAS_FIELDS)
                        .map(ConfigurationReader::quotas)
                        .orElse(Configuration.Quota.NONE),
                LimitsReader.read(top.object("limits", LimitsReader.FIELDS)),
                top.object("log", LOG_FIELDS).map(ConfigurationReader::log).orElse(LogSettings.STANDARD));
    }

    private static Configuration.Quota quotas(YamlObject quotas) {
        var users = new LinkedHashMap<String, Quotas.Limits>();
        quotas.objects("users", LIMITS_FIELDS).forEach((name, object) -> users.put(name, limits(object)));
        return new Configuration.Quota(
                quotas.object("default", LIMITS_FIELDS)
                        .map(ConfigurationReader::limits)
                        .orElse(Quotas.Limits.NONE),
                users);
    }

    private static Quotas.Limits limits(YamlObject limits) {
        return new Quotas.Limits(
                limit(limits, "jobs"),
                limit(limits, "running"),
                limit(limits, "cores"),
                limit(limits, "submits_per_minute"));
    }

    private static Optional<Integer> limit(YamlObject limits, String field) {
        int number = limits.number(field, -1, 0, MAX_QUOTA);
        return number < 0 ? Optional.empty() : Optional.of(number);
    }

    /** Who may write it decides who may do what. */
    private static void requireTrusted(Path file) throws IOException {
        PosixFileAttributes facts = Files.readAttributes(file, PosixFileAttributes.class);
        Set<PosixFilePermission> permissions = facts.permissions();
        boolean open = permissions.contains(PosixFilePermission.GROUP_WRITE)
                || permissions.contains(PosixFilePermission.OTHERS_WRITE);
        int owner = (Integer) Files.getAttribute(file, "unix:uid");
        if (open || (owner != 0 && owner != OwnIdentity.ofThisProcess().uid())) {
            throw refuse(file + ": others could write the file")
                    .value(facts.owner().getName() + ", " + PosixFilePermissions.toString(permissions))
                    .allowed("root's or hvmd's own user's file, writable only for him")
                    .hint("chmod go-w " + file)
                    .build();
        }
    }

    private static Configuration.Socket socket(YamlObject top, boolean others) {
        Optional<YamlObject> socket = top.object("socket", SOCKET_FIELDS);
        Optional<String> group = socket.flatMap(object -> object.findings().or(Optional.empty(), () -> group(object)));
        int standard = group.isPresent()
                ? Configuration.GROUP_TOO
                : others ? Configuration.EVERYBODY : Configuration.OWN_USER_ONLY;
        return new Configuration.Socket(
                group,
                socket.map(object -> object.findings().or(standard, () -> mode(object, standard)))
                        .orElse(standard));
    }

    private static Optional<String> group(YamlObject socket) {
        Optional<String> group = socket.text("group");
        group.filter(name -> Accounts.group(name).isEmpty()).ifPresent(name -> {
            throw socket.refuse("group", "group", "no such group")
                    .mend("groupadd --system " + name)
                    .build();
        });
        return group;
    }

    private static int mode(YamlObject socket, int standard) {
        return socket.text("mode")
                .map(text -> {
                    if (!text.matches(MODE_FORM)) {
                        throw socket.refuse("mode", "mode", "permission bits are expected")
                                .allowed("three octal digits, e.g. \"0660\"")
                                .build();
                    }
                    return Integer.parseInt(text, 8);
                })
                .orElse(standard);
    }

    private static Map<Role, Members> roles(YamlObject top) {
        var roles = new EnumMap<Role, Members>(Role.class);
        top.object("roles", ROLE_FIELDS).ifPresent(object -> {
            for (Role role : Role.values()) {
                object.object(role.word(), MEMBERS_FIELDS)
                        .ifPresent(members ->
                                roles.put(role, new Members(names(members, "users"), names(members, "groups"))));
            }
        });
        return roles;
    }

    /** Names that no account has are no error: a directory service may be away just now. */
    private static List<String> names(YamlObject members, String field) {
        return members.list(field, element -> {
                    if (element.text().isBlank()) {
                        throw element.refuse("name", "a name is expected").build();
                    }
                    return element.text();
                })
                .orElse(List.of());
    }

    private Configuration.Listen listen(YamlObject listen) {
        return new Configuration.Listen(
                listen.text("address").orElse(Configuration.DEFAULT_ADDRESS),
                listen.number("port", Configuration.DEFAULT_PORT, 1, MAX_PORT),
                listen.findings().or(home.certificate(), () -> file(listen, "certificate", home.certificate())),
                listen.findings().or(home.key(), () -> key(listen)));
    }

    private Path key(YamlObject listen) {
        Path key = file(listen, "key", home.key());
        try {
            if (Files.getPosixFilePermissions(key).contains(PosixFilePermission.OTHERS_READ)) {
                throw listen.refuse("key-mode", "key", "everybody could read the key")
                        .value(key)
                        .mend("chmod 600 " + key)
                        .build();
            }
        } catch (IOException e) {
            throw listen.refuse("file", "key", "the file cannot be read")
                    .value(key)
                    .cause(e)
                    .build();
        }
        return key;
    }

    private Path file(YamlObject listen, String field, Path standard) {
        Path file = listen.text(field)
                .map(text -> home.configuration().resolveSibling(text).normalize())
                .orElse(standard);
        if (!Files.isReadable(file)) {
            throw listen.refuse("file", field, "no such file, or it cannot be read")
                    .value(file)
                    .allowed("a PEM file")
                    .mend("hvm daemon certificate")
                    .build();
        }
        return file;
    }

    private static Configuration.Audit audit(Optional<YamlObject> audit) {
        long size = audit.map(object -> object.findings().or(Configuration.DEFAULT_AUDIT_SIZE, () -> size(object)))
                .orElse(Configuration.DEFAULT_AUDIT_SIZE);
        int files = audit.map(object -> object.number("files", Configuration.DEFAULT_AUDIT_FILES, 1, MAX_AUDIT_FILES))
                .orElse(Configuration.DEFAULT_AUDIT_FILES);
        return new Configuration.Audit(size, files);
    }

    private static long size(YamlObject audit) {
        long size = audit.size("size", Configuration.DEFAULT_AUDIT_SIZE);
        if (size < MIN_AUDIT_SIZE || size > MAX_AUDIT_SIZE) {
            throw audit.refuse("audit-size", "size", "a file of the audit log is of another size")
                    .allowed("64KiB to 1GiB")
                    .build();
        }
        return size;
    }

    private static LogSettings log(YamlObject log) {
        LogSettings standard = LogSettings.STANDARD;
        return new LogSettings(
                log.choice("format", LogSettings.Format.class, standard.format()),
                log.choice("level", LogSettings.Level.class, standard.level()));
    }

    private static HvmException.Builder refuse(String what) {
        return HvmException.of(ErrorCode.INVALID_CONFIGURATION, what);
    }
}
