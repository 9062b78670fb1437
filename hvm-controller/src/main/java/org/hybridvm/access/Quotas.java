// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.access;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/**
 * How much each user may have of the jobs. Who is named has his own limits; administrators who are not named have none. Calls
 * may wait for a network (LDAP), so never from an event loop.
 */
public final class Quotas {
    /** Nobody has a limit. */
    public static final Quotas NONE = new Quotas(Limits.NONE, Map.of(), owner -> true);

    /**
     * One user's limits; those left out do not limit.
     *
     * @param jobs that wait or run at a time; 0: none at all
     * @param running jobs at a time
     * @param cores HRT cores of those that run
     * @param submitsPerMinute submissions, arrays as one, and runs; 0: none at all
     */
    public record Limits(
            Optional<Integer> jobs,
            Optional<Integer> running,
            Optional<Integer> cores,
            Optional<Integer> submitsPerMinute) {
        public static final Limits NONE =
                new Limits(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
    }

    private final Limits standard;
    private final Map<String, Limits> users;
    private final Predicate<Owner> exempt;
    private final Map<Owner, Limits> known = new ConcurrentHashMap<>(); // the configuration does not change

    /**
     * @param users limits of some, by name
     * @param exempt who has no limits unless he is named
     */
    public Quotas(Limits standard, Map<String, Limits> users, Predicate<Owner> exempt) {
        this.standard = standard;
        this.users = Map.copyOf(users);
        this.exempt = exempt;
    }

    public Limits of(Owner owner) {
        if (users.isEmpty() && standard.equals(Limits.NONE)) {
            return Limits.NONE;
        }
        return known.computeIfAbsent(owner, this::find);
    }

    private Limits find(Owner owner) {
        Limits own = users.get(owner.name());
        return own != null ? own : exempt.test(owner) ? Limits.NONE : standard;
    }
}
