// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import org.hybridvm.JsonObject;

/** {@code hvm doctor}. */
final class DoctorCommand extends Command {
    DoctorCommand(Context context) {
        super(context, "doctor", "Check what hybrid VMs need on this host, and say how to mend what is missing");
        outputOption();
        explain("", "The exit status is 1 if something is missing without which no VM runs.");
        examples("hvm doctor", "hvm doctor -o json");
    }

    @Override
    public Integer call() {
        JsonObject answer = client().get("/doctor");
        if (wantsJson()) {
            printJson(answer.asMap());
        } else {
            print(answer);
        }
        return answer.flag("ok") ? OK : REFUSED;
    }

    private void print(JsonObject answer) {
        var table = new Table("CHECK", "STATUS", "FOUND");
        for (JsonObject check : answer.objects("checks")) {
            table.row(check.text("name"), check.text("status"), check.text("value", null));
        }
        context.out().print(table);
        for (JsonObject check : answer.objects("checks")) {
            check.optionalText("mend").ifPresent(mend -> context.out().println(check.text("name") + ": " + mend));
        }
    }
}
