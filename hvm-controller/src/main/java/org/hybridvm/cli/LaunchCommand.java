// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;

/** {@code hvm launch [LAYOUT]}. */
final class LaunchCommand extends Command {
    LaunchCommand(Context context) {
        super(context, "launch", "Make a VM from a layout and boot it");
        parameter(
                "LAYOUT",
                "0..1",
                "A layout file (YAML). Without one: the default VM, named 'default', which shows the guest "
                        + "this folder.");
        outputOption();
        examples(
                "hvm launch                       the default VM over this folder",
                "hvm launch layouts/demo.yaml     the VM that the file declares",
                "hvm validate layouts/demo.yaml   only check the file");
    }

    @Override
    public Integer call() {
        JsonObject vm = launch(context, client(), parameter(0), context.err());
        if (wantsJson()) {
            printJson(vm.asMap());
        } else {
            context.out().println(vm.text("name"));
        }
        return OK;
    }

    /** Launches a VM and shows the progress on {@code progress}. */
    static JsonObject launch(Context context, Client client, String layoutFile, PrintStream progress) {
        try (LaunchProgress shown = LaunchProgress.of(context, progress)) {
            client.linesOnce("/vms", request(context, layoutFile), shown::accept);
            return shown.vm()
                    .orElseThrow(() -> HvmException.of(ErrorCode.INTERNAL, "hvmd ended during the launch")
                            .hint("hvm logs hvmd")
                            .build());
        }
    }

    private static Map<String, Object> request(Context context, String layoutFile) {
        var request = new LinkedHashMap<String, Object>();
        request.put("folder", context.directory());
        if (layoutFile != null) {
            Path file = context.directory().resolve(layoutFile);
            request.put("file", layoutFile);
            request.put("layout", read(file));
        }
        return request;
    }

    static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            throw unreadable("No such layout file", file, e).build();
        } catch (IOException e) {
            throw unreadable("The layout file cannot be read", file + " (" + FileFailure.reason(e) + ")", e)
                    .build();
        }
    }

    private static HvmException.Builder unreadable(String what, Object value, IOException cause) {
        return HvmException.of(ErrorCode.INVALID_REQUEST, what)
                .value(value)
                .allowed("a readable YAML file in UTF-8")
                .cause(cause);
    }
}
