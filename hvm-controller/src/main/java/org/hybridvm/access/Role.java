// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.access;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** What somebody may do, each role all that those before it may. */
public enum Role {
    /** Looks at VMs and at this host; has no jobs. */
    VIEWER,
    /** Runs jobs, and sees, signals and reads only his own. */
    USER,
    /** Sees and changes all VMs and all jobs. Whoever may mount folders into VMs has the rights of hvmd's user. */
    OPERATOR,
    /** Also stops hvmd, and gives tokens to others. */
    ADMIN;

    public boolean includes(Role other) {
        return compareTo(other) >= 0;
    }

    public static Optional<Role> of(String word) {
        return Arrays.stream(values()).filter(role -> role.word().equals(word)).findFirst();
    }

    /** The word in configurations, tokens and messages. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
