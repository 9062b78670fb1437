// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

/** The version of this build. */
public final class Version {
    private static final String UNPACKED = "development";

    private Version() {}

    /** As the jar's manifest has it; classes that lie in a folder have none. */
    public static String current() {
        String version = Version.class.getPackage().getImplementationVersion();
        return version == null ? UNPACKED : version;
    }
}
