// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.event;

import java.util.List;

/**
 * Which events somebody wants.
 *
 * @param kinds each stands for itself and what begins with it and a dot: {@code job} for {@code job.state}; empty: all
 * @param subjects each stands for itself and what begins with it and a slash: {@code vm/demo} for {@code vm/demo/hrt};
 *     empty: all
 */
public record EventFilter(List<String> kinds, List<String> subjects) {
    public static final EventFilter ALL = new EventFilter(List.of(), List.of());
}
