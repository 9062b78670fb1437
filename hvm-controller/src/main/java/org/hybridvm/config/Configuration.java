// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.hybridvm.access.AccessRules;
import org.hybridvm.access.Quotas;
import org.hybridvm.access.Role;
import org.hybridvm.layout.ByteSize;

/**
 * What the administrator may choose about hvmd, defaults filled in. It is read once, when hvmd starts.
 *
 * @param listen present if hvmd shall listen on TCP
 */
public record Configuration(
        Socket socket,
        Map<Role, AccessRules.Members> roles,
        Optional<Listen> listen,
        Audit audit,
        Quota quotas,
        Limits limits,
        LogSettings log) {
    public static final int DEFAULT_PORT = 8443;
    public static final String DEFAULT_ADDRESS = "127.0.0.1";
    public static final long DEFAULT_AUDIT_SIZE = 16L << 20;
    public static final int DEFAULT_AUDIT_FILES = 8;

    static final int OWN_USER_ONLY = 0600;
    static final int GROUP_TOO = 0660;
    static final int EVERYBODY = 0666;

    public Configuration {
        roles = Map.copyOf(roles);
    }

    /**
     * The Unix socket. Who may connect is not yet served: {@code roles} tells whom.
     *
     * @param mode permission bits
     */
    public record Socket(Optional<String> group, int mode) {}

    /** The TCP socket: TLS 1.3 or 1.2, and a token in every request. */
    public record Listen(String address, int port, Path certificate, Path key) {}

    /**
     * The audit log.
     *
     * @param size at which a file is put aside, bytes
     * @param files how many are kept, the present one included
     */
    public record Audit(long size, int files) {}

    /**
     * How much users may have of the jobs.
     *
     * @param standard of those who are not named
     */
    public record Quota(Quotas.Limits standard, Map<String, Quotas.Limits> users) {
        public static final Quota NONE = new Quota(Quotas.Limits.NONE, Map.of());

        public Quota {
            users = Collections.unmodifiableMap(new LinkedHashMap<>(users));
        }
    }

    /** The quotas of users who have their roles by {@code rules}. */
    public Quotas quotas(AccessRules rules) {
        return new Quotas(
                quotas.standard(),
                quotas.users(),
                owner -> rules.account(owner.name())
                        .filter(caller -> caller.has(Role.ADMIN))
                        .isPresent());
    }

    /** Who may do what. */
    public AccessRules rules() {
        return new AccessRules(members());
    }

    /** The members of the socket's group are users, unless that group is given another role. */
    Map<Role, AccessRules.Members> members() {
        var members = new EnumMap<Role, AccessRules.Members>(Role.class);
        members.putAll(roles);
        socket.group()
                .filter(group ->
                        roles.values().stream().noneMatch(role -> role.groups().contains(group)))
                .ifPresent(group -> members.merge(
                        Role.USER, new AccessRules.Members(List.of(), List.of(group)), Configuration::both));
        return members;
    }

    private static AccessRules.Members both(AccessRules.Members one, AccessRules.Members other) {
        return new AccessRules.Members(together(one.users(), other.users()), together(one.groups(), other.groups()));
    }

    private static List<String> together(List<String> one, List<String> other) {
        var all = new ArrayList<>(one);
        all.addAll(other);
        return all;
    }

    /** As the file would say it. */
    public Map<String, Object> toJson() {
        var json = new LinkedHashMap<String, Object>();
        var socketFacts = new LinkedHashMap<String, Object>();
        socket.group().ifPresent(group -> socketFacts.put("group", group));
        socketFacts.put("mode", "%04o".formatted(socket.mode()));
        json.put("socket", socketFacts);
        var roleFacts = new LinkedHashMap<String, Object>();
        for (Role role : Role.values()) {
            AccessRules.Members members = roles.get(role);
            if (members != null) {
                roleFacts.put(role.word(), Map.of("users", members.users(), "groups", members.groups()));
            }
        }
        json.put("roles", roleFacts);
        listen.ifPresent(tcp -> {
            var facts = new LinkedHashMap<String, Object>();
            facts.put("address", tcp.address());
            facts.put("port", tcp.port());
            facts.put("certificate", tcp.certificate().toString());
            facts.put("key", tcp.key().toString());
            json.put("listen", facts);
        });
        var auditFacts = new LinkedHashMap<String, Object>();
        auditFacts.put("size", ByteSize.format(audit.size()));
        auditFacts.put("files", audit.files());
        json.put("audit", auditFacts);
        if (!quotas.equals(Quota.NONE)) {
            var users = new LinkedHashMap<String, Object>();
            quotas.users().forEach((name, limits) -> users.put(name, json(limits)));
            json.put("quotas", Map.of("default", json(quotas.standard()), "users", users));
        }
        json.put("limits", limits.toJson());
        json.put("log", log.toJson());
        return json;
    }

    private static Map<String, Object> json(Quotas.Limits limits) {
        var json = new LinkedHashMap<String, Object>();
        limits.jobs().ifPresent(jobs -> json.put("jobs", jobs));
        limits.running().ifPresent(running -> json.put("running", running));
        limits.cores().ifPresent(cores -> json.put("cores", cores));
        limits.submitsPerMinute().ifPresent(submits -> json.put("submits_per_minute", submits));
        return json;
    }
}
