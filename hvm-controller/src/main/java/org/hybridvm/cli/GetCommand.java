// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.List;
import java.util.Map;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.hybridvm.layout.LayoutWriter;

/** {@code hvm get VM|--all -o yaml}. */
final class GetCommand extends Command {
    GetCommand(Context context) {
        super(context, "get", "Print the layouts of VMs, as hvm apply takes them");
        rest("VM", "0..*", "Names of VMs.");
        flag("All VMs.", "--all");
        option(String.class, "FORMAT", "yaml, the default, or json.", "-o", "--output");
        examples(
                "hvm get demo -o yaml > demo.yaml",
                "hvm get --all -o yaml | hvm apply -      does nothing",
                "hvm get demo -o json");
    }

    @Override
    public Integer call() {
        List<Map<String, Object>> layouts = names().stream()
                .map(name -> client().get("/vms/" + Client.segment(name) + "/layout")
                        .object("layout")
                        .asMap())
                .toList();
        switch (text("-o") == null ? "yaml" : text("-o")) {
            case "yaml" -> context.out().print(LayoutWriter.writeFields(layouts));
            case "json" -> layouts.forEach(layout -> context.out().println(Json.writePretty(layout)));
            default ->
                throw HvmException.of(ErrorCode.INVALID_REQUEST, "No such format")
                        .value(text("-o"))
                        .allowed("yaml, json")
                        .build();
        }
        return OK;
    }

    private List<String> names() {
        if (isSet("--all")) {
            return client().get("/vms").objects("vms").stream()
                    .map((JsonObject vm) -> vm.text("name"))
                    .toList();
        }
        if (rest(0).isEmpty()) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "No VM is named")
                    .allowed("names of VMs, or --all")
                    .hint("hvm list")
                    .build();
        }
        return rest(0);
    }
}
