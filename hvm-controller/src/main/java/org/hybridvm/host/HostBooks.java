// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.hybridvm.HvmException;
import org.hybridvm.layout.Layout;

/**
 * Who has what of the host, at one moment. Immutable: a plan turns its pages without anybody noticing.
 *
 * @param claims by the VM's name
 * @param freed bytes of memory that VMs have which are to go before others come
 */
public record HostBooks(HostTopology host, Map<String, Claim> claims, long freed) {
    public HostBooks {
        claims = Collections.unmodifiableMap(new TreeMap<>(claims));
    }

    public static HostBooks of(HostTopology host) {
        return new HostBooks(host, Map.of(), 0);
    }

    /** After the VM has gone. */
    public HostBooks without(String vm) {
        Claim claim = claims.get(vm);
        if (claim == null) {
            return this;
        }
        var rest = new TreeMap<>(claims);
        rest.remove(vm);
        return new HostBooks(host, rest, freed + claim.memory());
    }

    public HostBooks with(Claim claim) {
        var more = new TreeMap<>(claims);
        more.put(claim.vm(), claim);
        return new HostBooks(host, more, freed);
    }

    public HostBooks with(HostTopology present) {
        return new HostBooks(present, claims, 0);
    }

    /**
     * Finds a place for a VM that is not there yet.
     *
     * @throws HvmException {@code HOST_RESOURCES}: who has what it needs, what is free, and what would help
     */
    public Claim place(Layout layout) {
        return Claim.of(layout, new CorePlacer(this, layout).place());
    }

    /** The VM that a core is closed for, if there is one. */
    public Optional<Claim> closedBy(int core) {
        return claims.values().stream()
                .filter(claim -> claim.placement().closed().contains(core))
                .findFirst();
    }

    /** A VM that uses a core or keeps it from others, if there is one. */
    public Optional<Claim> claimedBy(int core) {
        return claims.values().stream()
                .filter(claim -> claim.placement().claimed().contains(core))
                .findFirst();
    }

    /** The VM that has a host core for itself, by core. */
    public Map<Integer, String> owners() {
        var owners = new TreeMap<Integer, String>();
        claims.values().forEach(claim -> claim.placement().dedicated().forEach(core -> owners.put(core, claim.vm())));
        return owners;
    }

    String ownersInWords() {
        return owners().entrySet().stream()
                .map(entry -> "core " + entry.getKey() + ": VM " + entry.getValue())
                .collect(Collectors.joining(", "));
    }
}
