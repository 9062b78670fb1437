// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;

/** Values as YAML for people. */
final class YamlPrint {
    private YamlPrint() {}

    static String of(Object value) {
        return new Dump(DumpSettings.builder()
                        .setDefaultFlowStyle(FlowStyle.BLOCK)
                        .setDumpComments(false)
                        .build())
                .dumpToString(value);
    }
}
