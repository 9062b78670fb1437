// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;
import org.hybridvm.api.RunFrame;
import org.hybridvm.job.JobResult;
import org.hybridvm.job.RunOption;

/** {@code hvm run -- PROGRAM ARGS...}. */
final class RunCommand extends Command {
    private static final Set<String> PASSED = Set.of(
            "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TERM", "TZ", "PWD", "TRACEPARENT", "TRACESTATE");
    private static final List<String> PASSED_PREFIXES = List.of("LC_", "OMP_", "GOMP_", "KMP_", "OPENBLAS_");

    /** Ends that the caller has brought about and that shells do not mention either. */
    private static final Set<Integer> QUIET_SIGNALS = Set.of(Signals.INT, Signals.PIPE);

    RunCommand(Context context) {
        super(context, "run", "Run a program on HRT cores, as if it ran here");
        option(
                String.class,
                "VM",
                "The VM; may be left out if only one is up. If none is, the default VM is launched.",
                "--vm");
        option(String.class, "NAME", "The partition; default: the first HRT partition.", "--partition");
        option(Integer.class, "N", "HRT cores for the program; default 1.", "-n", "--cores");
        flag("Run it in the Linux partition instead.", "--linux");
        flag(
                "Afterwards, print each system call's count and time, and those of page faults, interrupts, shootdowns.",
                "--stats");
        flag("Have its memory there before it is touched: no page fault while it computes.", "--populate");
        flag("Give it 4 KiB pages only; large mappings have 2 MiB pages otherwise.", "--no-huge-pages");
        flag(
                "Take its large mappings from the partition's own memory, as long as that lasts (hvm info tells).",
                "--partition-memory");
        option(Integer.class, "SECONDS", "End the job after this time (SIGTERM, then SIGKILL).", "--time");
        option(
                Integer.class,
                "N",
                "If it has to wait: higher starts earlier; default 0, above for operators only.",
                "--priority");
        option(Integer.class, "N", "The same, lower: 10 is priority -10.", "--nice");
        option(String.class, "FOLDER", "Working directory; default: this one.", "-C", "--cwd");
        repeated("NAME[=VALUE]", "Set a variable, or pass one of yours; may be repeated.", "-e", "--env");
        flag("Pass all your environment variables.", "--env-all");
        rest("PROGRAM [ARGS...]", "1..*", "The program and its arguments.");
        explain(
                "",
                "Standard input, output, error and signals are connected; the exit status is the program's own,",
                "128+N if signal N ended it, 127 if there is no such program, 126 if it cannot be run, 125 if hvm",
                "or the VM failed. Ctrl-C reaches the program; twice within a second kills it. If hvmd ends the program",
                "goes on, and so does this command with the next hvmd.",
                "",
                "The guest sees host folders only through the VM's mounts, at the same path. A program below a",
                "mount is that file; any other path is the guest's own: Debian's busybox, and if the layout gives it",
                "a root file system, Debian's programs and shared libraries. A bare name is looked for along PATH",
                "as far as it is mounted, then in the guest's /bin.",
                "",
                "Passed from your environment: PATH HOME USER LOGNAME LANG LANGUAGE LC_* TERM TZ OMP_* GOMP_* KMP_*",
                "OPENBLAS_* TRACEPARENT TRACESTATE. OMP_WAIT_POLICY=passive is set for several cores where vCPUs share host cores.");
        examples(
                "hvm run -- /bin/busybox sha256sum data.bin",
                "hvm run -- python3 analyse.py",
                "hvm run --cores 2 --env OMP_NUM_THREADS=2 -- ./solver mesh.dat > result.txt",
                "cat words | hvm run -- sort | head",
                "hvm run --linux -- /bin/busybox uname -a");
    }

    /** The exit status for a program that was not run. */
    static int statusOf(ErrorCode code) {
        return switch (code) {
            case PROGRAM_NOT_FOUND -> JobResult.NOT_FOUND;
            case PROGRAM_NOT_RUNNABLE -> JobResult.NOT_RUNNABLE;
            default -> JobResult.NOT_THE_PROGRAM;
        };
    }

    @Override
    public Integer call() {
        Map<String, Object> request = request();
        Client client = client();
        try {
            return run(client, request);
        } catch (HvmException e) {
            if (e.code() != ErrorCode.NO_VM) {
                throw e;
            }
        }
        launchDefault(context, client);
        return run(client, request);
    }

    private int run(Client client, Map<String, Object> request) {
        var observer = new Observer(new ReportText(isSet("--stats")));
        var session = new RunSession(
                () -> client.open("/jobs/run", RunFrame.PROTOCOL),
                context.stdin(),
                context.stdout(),
                context.stderr(),
                observer);
        try (var _ = SignalForwarder.to(session::signal)) {
            return exitStatus(session.run(request));
        } catch (IOException e) {
            throw HvmException.of(ErrorCode.INTERNAL, "hvmd went away while the job ran, and did not come back")
                    .value(e.getMessage())
                    .hint("hvm logs hvmd; hvm jobs")
                    .cause(e)
                    .build();
        }
    }

    /** Launches the default VM if none is up and none was named. */
    static void requireVm(Context context, Client client, String named) {
        if (named == null && client.get("/vms").objects("vms").isEmpty()) {
            launchDefault(context, client);
        }
    }

    private static void launchDefault(Context context, Client client) {
        context.err().println("hvm: no VM is up, launching the default VM over " + context.directory());
        LaunchCommand.launch(context, client, null, context.err());
    }

    private Map<String, Object> request() {
        List<String> words = rest(0);
        var request = new LinkedHashMap<String, Object>();
        request.put("vm", text("--vm") == null ? context.environment().get("HVM_VM") : text("--vm"));
        request.put("partition", text("--partition"));
        request.put("kind", isSet("--linux") ? "linux" : "hrt");
        request.put("cores", number("--cores") == null ? 1 : number("--cores"));
        request.put("options", options());
        request.put("program", words.getFirst());
        request.put("arguments", words.subList(1, words.size()));
        request.put(
                "directory",
                text("--cwd") == null
                        ? context.directory()
                        : context.directory().resolve(text("--cwd")).normalize());
        request.put("environment", environment());
        request.put("search_path", context.environment().getOrDefault("PATH", ""));
        request.put("time_limit_s", number("--time"));
        request.put("priority", priority());
        return request;
    }

    private long priority() {
        Integer nice = number("--nice");
        Integer priority = number("--priority");
        if (nice != null && priority != null) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "A priority is said twice")
                    .value("--nice " + nice + " --priority " + priority)
                    .allowed("one of the two")
                    .build();
        }
        return nice != null ? -(long) nice : priority != null ? priority : 0;
    }

    private List<String> options() {
        return Arrays.stream(RunOption.values())
                .map(RunOption::word)
                .filter(word -> isSet("--" + word))
                .toList();
    }

    /** What of the caller's environment a program gets. */
    static List<String> environment(Map<String, String> environment, boolean all) {
        var list = new ArrayList<String>();
        chosen(environment, all).forEach((name, value) -> list.add(name + "=" + value));
        return list;
    }

    private static TreeMap<String, String> chosen(Map<String, String> environment, boolean all) {
        var chosen = new TreeMap<String, String>();
        environment.forEach((name, value) -> {
            if (all || PASSED.contains(name) || PASSED_PREFIXES.stream().anyMatch(name::startsWith)) {
                chosen.put(name, value);
            }
        });
        return chosen;
    }

    private List<String> environment() {
        TreeMap<String, String> chosen = chosen(context.environment(), isSet("--env-all"));
        for (String setting : texts("--env")) {
            int equals = setting.indexOf('=');
            String name = equals < 0 ? setting : setting.substring(0, equals);
            String value = equals < 0 ? context.environment().get(name) : setting.substring(equals + 1);
            if (name.isEmpty()) {
                throw HvmException.of(ErrorCode.INVALID_REQUEST, "A variable without a name")
                        .value(setting)
                        .allowed("NAME=VALUE or NAME")
                        .build();
            }
            if (value != null) {
                chosen.put(name, value);
            }
        }
        var list = new ArrayList<String>();
        chosen.forEach((name, value) -> list.add(name + "=" + value));
        return list;
    }

    private int exitStatus(JsonObject result) {
        String reason = result.text("reason", null);
        int signal = (int) result.number("signal");
        if (reason != null && result.number("status") != 0) {
            context.err().println("hvm: " + reason);
        } else if (signal > 0 && !QUIET_SIGNALS.contains(signal)) {
            context.err().println("hvm: ended by " + Signals.name(signal));
        }
        return (int) result.number("status");
    }

    private final class Observer implements RunSession.Observer {
        private final ReportText report;

        private Observer(ReportText report) {
            this.report = report;
        }

        @Override
        public void job(JsonObject job) {
            if (isSet("--stats")) {
                context.err()
                        .println("hvm: job %d on %s/%s"
                                .formatted(job.number("job"), job.text("vm"), job.text("partition")));
            }
        }

        @Override
        public void pending(String reason) {
            context.err().println("hvm: " + reason);
        }

        @Override
        public void report(String line) {
            report.of(line).stream()
                    .flatMap(String::lines)
                    .forEach(text -> context.err().println("hvm: " + text));
        }
    }
}
