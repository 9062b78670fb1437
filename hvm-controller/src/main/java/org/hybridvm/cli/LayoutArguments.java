// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.Json;

/** The layouts, or the plan, that a command line names, as the body of a request. */
final class LayoutArguments {
    private static final String STDIN = "-";

    private LayoutArguments() {}

    static Map<String, Object> request(Context context, List<String> files, boolean prune) {
        var request = new LinkedHashMap<String, Object>();
        List<Map<String, Object>> layouts = new ArrayList<>();
        for (String file : files) {
            String text = read(context, file);
            Optional<Map<?, ?>> plan = plan(text);
            if (plan.isPresent() && files.size() > 1) {
                throw HvmException.of(ErrorCode.INVALID_REQUEST, "A plan stands for itself")
                        .value(file)
                        .allowed("one plan, or layouts")
                        .build();
            }
            if (plan.isPresent()) {
                request.put("plan", plan.get());
                return request;
            }
            layouts.add(Map.of("file", file, "layout", text));
        }
        request.put("folder", context.directory());
        request.put("prune", prune);
        request.put("layouts", layouts);
        return request;
    }

    /** @param file {@code -} is standard input */
    static String read(Context context, String file) {
        if (!file.equals(STDIN)) {
            return LaunchCommand.read(context.directory().resolve(file));
        }
        try {
            return new String(context.stdin().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "Standard input cannot be read")
                    .value(e.getMessage())
                    .cause(e)
                    .build();
        }
    }

    /** What hvm plan wrote is JSON that says so; all else is a layout. */
    private static Optional<Map<?, ?>> plan(String text) {
        try {
            return text.stripLeading().startsWith("{")
                            && Json.parse(text) instanceof Map<?, ?> object
                            && object.get("format") instanceof String format
                            && format.startsWith("hvm-plan/")
                    ? Optional.of(object)
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
