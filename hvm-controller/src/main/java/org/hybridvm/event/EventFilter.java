// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.event;

import java.util.List;
import java.util.OptionalLong;

/**
 * Which events somebody wants.
 *
 * @param kinds each stands for itself and what begins with it and a dot: {@code job} for {@code job.state}; empty: all
 * @param subjects each stands for itself and what begins with it and a slash: {@code vm/demo} for {@code vm/demo/hrt};
 *     empty: all
 * @param jobsOf of jobs, only those of the user with this number; empty: all
 */
public record EventFilter(List<String> kinds, List<String> subjects, OptionalLong jobsOf) {
    public static final EventFilter ALL = new EventFilter(List.of(), List.of());

    /** Of all users. */
    public EventFilter(List<String> kinds, List<String> subjects) {
        this(kinds, subjects, OptionalLong.empty());
    }
}
