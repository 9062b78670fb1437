// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.event;

import java.util.Map;

/** Where things that happened are told. */
public interface Events {
    /** Nobody listens. */
    Events NONE = (kind, subject, facts) -> {};

    /**
     * Tells that something happened. May be called from any thread, under locks and on event loops: it waits for nothing.
     * Events of one thread keep their order. Followers hear of an event once it is on disk.
     *
     * @param kind what happened, words joined by dots: {@code vm.state}, {@code partition.hung}
     * @param subject to what: {@code vm/VM}, {@code vm/VM/PARTITION}, {@code job/NUMBER}
     * @param facts values that {@link org.hybridvm.Json} can write
     */
    void publish(String kind, String subject, Map<String, Object> facts);
}
