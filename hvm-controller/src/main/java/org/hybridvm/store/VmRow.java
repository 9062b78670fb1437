// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.store;

/**
 * A VM as it is kept.
 *
 * @param generation the revision at which it was declared as it is
 * @param record what is known of it, JSON
 */
public record VmRow(String name, long generation, String record) {}
