// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;

/** {@code hvm top}. */
final class TopCommand extends Command {
    private static final double INTERVAL = 2;
    private static final double LEAST = 0.3; // hvmd answers lookers of one moment with one look
    private static final double MOST = 3600;
    private static final long KEY_MILLIS = 50;

    TopCommand(Context context) {
        super(context, "top", "Show the load of host cores and partitions, and what runs there");
        option(Integer.class, "COUNT", "End after so many screens.", "-n", "--count");
        option(
                Double.class,
                "SECONDS",
                "Time between two screens (2); also what loads and rates are taken over.",
                "--interval");
        flag("One screen after the other instead of in place; so it is without a terminal, too.", "-b", "--batch");
        outputOption();
        explain(
                "",
                "A core's owner is the HRT partition that has it alone, 'housekeeping' (Linux partitions and QEMU's own",
                "threads share it), or free. LOAD of a partition is the time that its vCPUs had on the host's cores, a",
                "polling one included; BUSY counts HRT cores with a thread. No HRT core is interrupted for any figure.",
                "Keys: q ends. With -o json each screen is an object on a line of its own.");
        examples("hvm top", "hvm top -b -n 1", "hvm top -n 10 --interval 1 -o json");
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        double interval = interval();
        Integer count = number("--count");
        if (count != null && count < 1) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "No such number of screens")
                    .value(count)
                    .allowed("1 or more")
                    .build();
        }
        int left = count == null ? Integer.MAX_VALUE : count;
        Optional<Terminal> terminal = isSet("--batch") || wantsJson() ? Optional.empty() : Terminal.open(context.out());
        try {
            JsonObject before = client().get("/top");
            boolean first = true;
            while (left-- > 0 && !pause(terminal, first ? Math.min(interval, 1) : interval)) {
                JsonObject now = client().get("/top");
                show(terminal, TopRates.of(before, now), first);
                before = now;
                first = false;
            }
        } finally {
            terminal.ifPresent(Terminal::close);
        }
        return OK;
    }

    private double interval() {
        Double given = decimal("--interval");
        double interval = given == null ? INTERVAL : given;
        if (!(interval >= LEAST && interval <= MOST)) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "The interval does not fit")
                    .value(interval + " s")
                    .allowed(LEAST + " to " + MOST + " s")
                    .build();
        }
        return interval;
    }

    private void show(Optional<Terminal> terminal, Map<String, Object> facts, boolean first) {
        if (wantsJson()) {
            context.out().println(Json.write(facts));
            return;
        }
        String text = TopScreen.of(JsonObject.of(facts));
        if (terminal.isPresent()) {
            terminal.get().show(text);
        } else {
            context.out().print((first ? "" : "\n") + text);
        }
        context.out().flush();
    }

    /** True if the user wants to end. */
    private static boolean pause(Optional<Terminal> terminal, double seconds) throws IOException, InterruptedException {
        long end = System.nanoTime() + (long) (seconds * TimeUnit.SECONDS.toNanos(1));
        while (System.nanoTime() < end) {
            if (terminal.isPresent()) {
                int key = terminal.get().key();
                if (key == 'q' || key == 'Q') {
                    return true;
                }
            }
            long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            Thread.sleep(Math.max(1, terminal.isPresent() ? Math.min(KEY_MILLIS, left) : left));
        }
        return false;
    }
}
