// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.store;

/**
 * An event as it is kept.
 *
 * @param number its place in the order of all events; 0 while it has none
 * @param time milliseconds since 1970 in UTC
 * @param facts JSON
 */
public record EventRow(long number, long time, String kind, String subject, String facts) {}
