// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.List;
import java.util.Map;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;

/** {@code hvm info VM|JOB}. */
final class InfoCommand extends Command {
    InfoCommand(Context context) {
        super(context, "info", "Show all that is known of a VM or a job");
        parameter("VM|JOB", "1", "A VM's name or a job's number.");
        outputOption();
        examples("hvm info demo", "hvm info 17 -o json");
    }

    @Override
    public Integer call() {
        String subject = parameter(0);
        JsonObject facts = client().get(isJob(subject) ? "/jobs/" + subject : "/vms/" + Client.segment(subject));
        if (wantsJson()) {
            printJson(facts.asMap());
        } else {
            print("", facts.asMap());
        }
        return OK;
    }

    /** Job numbers are numbers, those of an array's tasks 12_3; names of VMs begin with a letter. */
    static boolean isJob(String subject) {
        return subject.matches("[0-9]{1,9}(_[0-9]{1,9})?");
    }

    private void print(String indent, Map<?, ?> facts) {
        int width = facts.keySet().stream()
                .mapToInt(key -> key.toString().length())
                .max()
                .orElse(0);
        facts.forEach((key, value) -> {
            String name = key.toString().replace('_', ' ');
            if (value instanceof Map<?, ?> group) {
                context.out().println(indent + name + ":");
                print(indent + "  ", group);
            } else if (value instanceof List<?> list && list.stream().anyMatch(Map.class::isInstance)) {
                context.out().println(indent + name + ":");
                list.forEach(element -> printElement(indent + "  ", element));
            } else if (value != null) {
                context.out().println(indent + name + " ".repeat(width - name.length() + 2) + plain(value));
            }
        });
    }

    private void printElement(String indent, Object element) {
        if (element instanceof Map<?, ?> group) {
            var line = new StringBuilder(indent);
            group.forEach((key, value) -> {
                if (value != null) {
                    line.append(key).append(' ').append(plain(value)).append("  ");
                }
            });
            context.out().println(line.toString().stripTrailing());
        } else {
            context.out().println(indent + plain(element));
        }
    }

    private static String plain(Object value) {
        return switch (value) {
            case List<?> list ->
                String.join(" ", list.stream().map(String::valueOf).toList());
            case Map<?, ?> map -> Json.write(map);
            default -> value.toString();
        };
    }
}
