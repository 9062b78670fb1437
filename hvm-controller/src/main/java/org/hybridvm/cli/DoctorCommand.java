// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.hybridvm.JsonObject;
import org.hybridvm.api.Version;

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
        JsonObject answer = JsonObject.of(withVersions(client().get("/doctor")));
        if (wantsJson()) {
            printJson(answer.asMap());
        } else {
            print(answer);
        }
        return answer.flag("ok") ? OK : REFUSED;
    }

    /** Only here both versions are known. */
    private Map<String, Object> withVersions(JsonObject answer) {
        String theirs = client().get("/version").text("version", "");
        String ours = Version.current();
        var check = new LinkedHashMap<String, Object>();
        check.put("name", "versions");
        check.put("status", ours.equals(theirs) ? "ok" : "warn");
        check.put("value", ours.equals(theirs) ? ours : "hvm " + ours + ", hvmd " + theirs);
        if (!ours.equals(theirs)) {
            check.put("mend", "hvm daemon stop; VMs go on, and the next hvmd is of hvm's version");
        }
        var all = new LinkedHashMap<>(answer.asMap());
        List<Object> checks = new ArrayList<>(
                answer.objects("checks").stream().map(JsonObject::asMap).toList());
        checks.add(check);
        all.put("checks", checks);
        return all;
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
