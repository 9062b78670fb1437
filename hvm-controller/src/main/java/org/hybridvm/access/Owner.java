// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.access;

/**
 * Whose a thing is.
 *
 * @param uid as the kernel has it, unsigned
 * @param name as the host's accounts had it when the thing was made
 */
public record Owner(int uid, String name) {
    @Override
    public String toString() {
        return name + "(" + Integer.toUnsignedString(uid) + ")";
    }
}
