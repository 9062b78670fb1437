// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.LinkedHashMap;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;

/** {@code hvm module list|load|unload VM[/PARTITION] [FILE|MODULE]}. */
final class ModuleCommand extends Command {
    private static final String LINUX = "linux";

    ModuleCommand(Context context) {
        super(context, "module", "Load functions into an HRT partition, for all programs on its cores");
        parameter("list|load|unload", "1", "What to do.");
        parameter("VM[/PARTITION]", "1", "The HRT partition; the VM's first one may be left out.");
        parameter("FILE|MODULE", "0..1", "load: the module's file, below a mount of the VM. unload: its name.");
        outputOption();
        explain(
                "",
                "A module is a shared object that needs nothing but itself; its name is its file's, without .so:",
                "  gcc -shared -fPIC -ffreestanding -nostdlib -O2 -o counter.so counter.c",
                "Its global functions can be called by every process on the partition's cores, with data that all of",
                "them share. A reboot of the partition lays it down again with its initial data. It is unloaded only",
                "while no job runs on the partition.");
        examples("hvm module load demo ./counter.so", "hvm module list demo/hrt", "hvm module unload demo/hrt counter");
    }

    @Override
    public Integer call() {
        String[] parts = parameter(1).split("/", 2);
        String partition = parts.length == 2 ? parts[1] : firstPartition(parts[0]);
        String path = "/vms/" + Client.segment(parts[0]) + "/partitions/" + Client.segment(partition) + "/modules";
        switch (parameter(0)) {
            case "list" -> print(client().get(path));
            case "load" -> {
                var request = new LinkedHashMap<String, Object>();
                request.put(
                        "file",
                        context.directory().resolve(subject("a module's file")).toString());
                print(client().post(path, request));
            }
            case "unload" -> client().delete(path + "/" + Client.segment(subject("a module's name")));
            default ->
                throw HvmException.of(ErrorCode.INVALID_REQUEST, "No such action")
                        .value(parameter(0))
                        .allowed("list, load, unload")
                        .hint("hvm module --help")
                        .build();
        }
        return OK;
    }

    private String subject(String what) {
        if (parameter(2) == null) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "Nothing to " + parameter(0))
                    .allowed(what)
                    .hint("hvm module --help")
                    .build();
        }
        return parameter(2);
    }

    private String firstPartition(String vm) {
        return client().get("/vms/" + Client.segment(vm)).objects("partitions").stream()
                .map(partition -> partition.text("name"))
                .filter(name -> !name.equals(LINUX))
                .findFirst()
                .orElse("");
    }

    private void print(JsonObject answer) {
        if (wantsJson()) {
            printJson(answer.asMap());
            return;
        }
        if (answer.objects("modules").isEmpty()) {
            context.out()
                    .println("No modules in %s/%s. Try: hvm module load %1$s/%2$s FILE"
                            .formatted(answer.text("vm"), answer.text("partition")));
            return;
        }
        var table = new Table("MODULE", "ADDRESS", "BYTES", "FUNCTIONS");
        for (JsonObject module : answer.objects("modules")) {
            table.row(module.text("name"), module.text("address"), module.number("size"), functions(module));
        }
        context.out().print(table);
    }

    /** The first few; all of them are in the JSON. */
    private static String functions(JsonObject module) {
        final int shown = 6;
        var names = module.texts("names");
        long more = module.number("functions") - Math.min(shown, names.size());
        return String.join(" ", names.subList(0, Math.min(shown, names.size())))
                + (more > 0 ? " and " + more + " more" : "");
    }
}
