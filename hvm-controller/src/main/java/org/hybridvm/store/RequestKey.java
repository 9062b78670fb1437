// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.store;

/**
 * What makes a request known again: its Idempotency-Key (draft-ietf-httpapi-idempotency-key-header).
 *
 * @param caller the number of the user whose key it is
 * @param digest of all that was asked for
 */
public record RequestKey(int caller, String key, String digest) {}
