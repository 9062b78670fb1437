// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.store;

import java.util.Optional;

/**
 * A job as it is kept.
 *
 * @param record what is known of it, JSON
 * @param spec what it needs to be started, JSON; of batch jobs only, and only where it was asked for
 */
public record JobRow(int number, String record, Optional<String> spec) {}
