// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Which of the caller's variables a job gets, by sbatch(1)'s {@code --export}. */
final class Exports {
    /** What a login would set. */
    private static final Set<String> LOGIN = Set.of("HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG", "TERM", "TZ");

    private Exports() {}

    /**
     * @param list {@code ALL}, {@code NONE}, or names with or without a value, of which {@code ALL} may be one; null:
     *     those of {@code hvm run}
     * @return settings {@code NAME=VALUE}
     */
    static List<String> of(String list, Map<String, String> environment) {
        if (list == null) {
            return RunCommand.environment(environment, false);
        }
        List<String> words = SlurmFilter.words(list);
        var chosen = new LinkedHashMap<String, String>();
        environment.forEach((name, value) -> {
            if (words.contains("ALL") || LOGIN.contains(name)) {
                chosen.put(name, value);
            }
        });
        for (String word : words) {
            int equals = word.indexOf('=');
            String name = equals < 0 ? word : word.substring(0, equals);
            String value = equals < 0 ? environment.get(name) : word.substring(equals + 1);
            if (value != null
                    && !name.isEmpty()
                    && !Set.of("ALL", "NONE", "NIL").contains(word)) {
                chosen.put(name, value);
            }
        }
        var settings = new ArrayList<String>();
        chosen.forEach((name, value) -> settings.add(name + "=" + value));
        return settings;
    }
}
