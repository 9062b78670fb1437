// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

/** The two output streams of a program. */
public enum OutputStreamKind {
    STDOUT,
    STDERR
}
