// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** The description of the interface, {@code openapi.yaml} (OpenAPI 3.1). */
final class OpenApi {
    /** Read when it is first asked for. */
    private static final class Holder {
        private static final Map<?, ?> DOCUMENT = read();
    }

    private OpenApi() {}

    static Map<?, ?> document() {
        return Holder.DOCUMENT;
    }

    private static Map<?, ?> read() {
        try (InputStream file = OpenApi.class.getResourceAsStream("openapi.yaml")) {
            return (Map<?, ?>) new Load(LoadSettings.builder().build()).loadFromInputStream(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
