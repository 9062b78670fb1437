// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

/** The operating-system personality of a partition. */
public enum PartitionKind {
    LINUX,
    HRT
}
