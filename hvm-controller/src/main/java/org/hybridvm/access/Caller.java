// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.access;

import java.util.List;
import java.util.function.Supplier;
import org.hybridvm.host.FileRights;

/**
 * Who asks hvmd for something.
 *
 * @param uid as the kernel has it, unsigned; whom his jobs run as
 * @param groups supplementary groups
 * @param name the account's name, or the number of one that has none
 */
public record Caller(int uid, int gid, List<Integer> groups, String name, Role role) {
    public Caller {
        groups = List.copyOf(groups);
    }

    public Owner owner() {
        return new Owner(uid, name);
    }

    public boolean has(Role asked) {
        return role.includes(asked);
    }

    /** The same with no more than {@code most}. */
    Caller atMost(Role most) {
        return most.includes(role) ? this : new Caller(uid, gid, groups, name, most);
    }

    /** What {@code look} finds of files with his rights and not hvmd's. Blocks. */
    public <T> T look(Supplier<T> look) {
        return FileRights.as(OwnIdentity.ofThisProcess().uid(), uid, gid, groups, look);
    }

    /** Whether he may know of something that is {@code owner}'s. */
    public boolean sees(Owner owner) {
        return has(Role.OPERATOR) || (has(Role.USER) && owner.uid() == uid);
    }
}
