// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.store;

/**
 * A token as the database has it.
 *
 * @param hash SHA-256 of the token
 * @param created milliseconds since 1970, as {@code expires}
 */
public record TokenRow(String id, byte[] hash, String user, String role, String note, long created, long expires) {}
