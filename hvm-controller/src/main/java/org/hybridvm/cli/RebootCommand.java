// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.LinkedHashMap;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;

/** {@code hvm reboot VM/PARTITION}. */
final class RebootCommand extends Command {
    RebootCommand(Context context) {
        super(context, "reboot", "Boot an HRT partition anew while Linux goes on");
        parameter("VM/PARTITION", "1", "The partition, see hvm info VM.");
        flag("Even if jobs run on it; they end.", "-f", "--force");
        outputOption();
        examples("hvm reboot demo/hrt", "hvm reboot --force demo/hrt");
    }

    @Override
    public Integer call() {
        String[] parts = parameter(0).split("/", 2);
        if (parts.length != 2 || parts[0].isEmpty() || parts[1].isEmpty()) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "No partition")
                    .value(parameter(0))
                    .allowed("VM/PARTITION")
                    .hint("hvm list")
                    .build();
        }
        var request = new LinkedHashMap<String, Object>();
        request.put("force", isSet("--force"));
        JsonObject answer = client().post(
                        "/vms/" + Client.segment(parts[0]) + "/partitions/" + Client.segment(parts[1]) + "/reboot",
                        request);
        if (wantsJson()) {
            printJson(answer.asMap());
        } else {
            context.out()
                    .println("%s %s after %.1f ms"
                            .formatted(parameter(0), answer.text("state"), answer.number("ready_us") / 1000.0));
        }
        return OK;
    }
}
