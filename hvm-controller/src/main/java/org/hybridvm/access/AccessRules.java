// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.access;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.hybridvm.host.Accounts;

/**
 * Who has which role on this host. Root and hvmd's own user are administrators, whatever the rules say. An hvmd that is not
 * root's can act for nobody but its own user, so others are viewers of it at most. Calls may wait for a network (LDAP), so
 * never from an event loop.
 */
public final class AccessRules {
    /** Nobody but root and hvmd's own user. */
    public static final AccessRules OWN_USER_ONLY = new AccessRules(Map.of());

    private static final int ROOT = 0;

    /** Who has a role: accounts and groups by name. */
    public record Members(List<String> users, List<String> groups) {
        public Members {
            users = List.copyOf(users);
            groups = List.copyOf(groups);
        }

        /** Whether an account is one of them, by its name or its groups' numbers. */
        boolean include(String name, Collection<Integer> its) {
            return users.contains(name)
                    || groups.stream()
                            .anyMatch(group ->
                                    Accounts.group(group).filter(its::contains).isPresent());
        }

        /** Whether the caller is one of them. Groups are asked for anew: who is put into one counts at once. */
        public boolean include(Caller caller) {
            return include(caller.name(), caller.groups());
        }
    }

    private final Map<Role, Members> members;
    private final Caller self;

    public AccessRules(Map<Role, Members> members) {
        this(members, OwnIdentity.ofThisProcess());
    }

    AccessRules(Map<Role, Members> members, Caller self) {
        this.members = Map.copyOf(members);
        this.self = self;
    }

    /**
     * The caller at the other end of a Unix socket.
     *
     * @param name the account's, or its number if it has none
     * @return empty: somebody whom hvmd does not serve
     */
    public Optional<Caller> caller(int uid, int gid, String name) {
        if (uid == self.uid() || (uid == ROOT && self.uid() != ROOT)) {
            return Optional.of(self);
        }
        List<Integer> groups = Accounts.groups(name, gid);
        return role(uid, name, groups).map(role -> new Caller(uid, gid, groups, name, role));
    }

    /** The account of that name as a caller; empty: there is none, or hvmd does not serve it. */
    public Optional<Caller> account(String name) {
        return Accounts.byName(name).flatMap(account -> caller(account.uid(), account.gid(), account.name()));
    }

    private Optional<Role> role(int uid, String name, Collection<Integer> groups) {
        if (uid == ROOT) {
            return Optional.of(Role.ADMIN);
        }
        Role most = self.uid() == ROOT ? Role.ADMIN : Role.VIEWER;
        return members.entrySet().stream()
                .filter(entry -> entry.getValue().include(name, groups))
                .map(entry -> most.includes(entry.getKey()) ? entry.getKey() : most)
                .max(Role::compareTo);
    }
}
