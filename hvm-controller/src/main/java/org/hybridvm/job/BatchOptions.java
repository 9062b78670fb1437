// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.hybridvm.HvmException;

/**
 * What may be asked of a batch job, by sbatch(1)'s names. The same words come from lines of a script, from the command
 * line, and over REST; a later setting replaces an earlier one.
 */
final class BatchOptions {
    static final int MAX_TASKS = 1000;

    private static final Map<Character, String> SHORT = Map.ofEntries(
            Map.entry('J', "job-name"),
            Map.entry('o', "output"),
            Map.entry('e', "error"),
            Map.entry('i', "input"),
            Map.entry('t', "time"),
            Map.entry('c', "cpus-per-task"),
            Map.entry('n', "ntasks"),
            Map.entry('N', "nodes"),
            Map.entry('a', "array"),
            Map.entry('d', "dependency"),
            Map.entry('H', "hold"),
            Map.entry('b', "begin"),
            Map.entry('p', "partition"),
            Map.entry('D', "chdir"),
            Map.entry('A', "account"),
            Map.entry('q', "qos"));
    private static final Set<String> FLAGS = Set.of("hold", "linux", "requeue", "no-requeue", "exclusive");

    /** Slurm's words without a meaning here; they are named in the answer. */
    private static final Set<String> IGNORED = Set.of(
            "mail-type",
            "mail-user",
            "account",
            "qos",
            "comment",
            "requeue",
            "no-requeue",
            "exclusive",
            "mem-per-cpu",
            "constraint",
            "ntasks-per-node",
            "gres",
            "licenses",
            "get-user-env");

    private static final Set<String> KNOWN = Set.of(
            "job-name",
            "output",
            "error",
            "input",
            "time",
            "cpus-per-task",
            "ntasks",
            "nodes",
            "cores",
            "array",
            "dependency",
            "hold",
            "begin",
            "partition",
            "chdir",
            "signal",
            "priority",
            "nice",
            "open-mode",
            "vm",
            "linux",
            "mem",
            "export",
            "run-option");

    private final Clock clock;
    private int cpusPerTask = 1;
    private int tasks = 1;

    Optional<String> name = Optional.empty();
    Optional<String> output = Optional.empty();
    Optional<String> error = Optional.empty();
    Optional<String> input = Optional.empty();
    Optional<String> directory = Optional.empty();
    Optional<String> vm = Optional.empty();
    Optional<String> partition = Optional.empty();
    Optional<Duration> timeLimit = Optional.empty();
    Optional<Instant> begin = Optional.empty();
    int signal;
    Duration signalAhead = Duration.ofSeconds(60);
    String dependency = "";
    boolean held;
    boolean append;
    boolean linux;
    int priority;
    boolean coresAsked;
    long memory;
    List<Integer> array = List.of();
    int arrayLimit;
    final List<String> runOptions = new ArrayList<>();
    final List<String> warnings = new ArrayList<>();

    BatchOptions(Clock clock) {
        this.clock = clock;
    }

    /** @param name with its dashes */
    static boolean takesValue(String name) {
        String full = full(name);
        return !FLAGS.contains(full) && (KNOWN.contains(full) || IGNORED.contains(full));
    }

    int cores() {
        return Math.multiplyExact(cpusPerTask, tasks);
    }

    /** @throws HvmException that names where, if the option is unknown or its value does not fit */
    void set(BatchScript.Setting setting) {
        String option = full(setting.name());
        if (IGNORED.contains(option)) {
            warnings.add(setting.where() + ": --" + option + " has no meaning here and is ignored");
            return;
        }
        if (!KNOWN.contains(option)) {
            throw BatchScript.refuse(setting.where(), "Unknown option", setting.name())
                    .allowed(String.join(", ", new TreeSet<>(KNOWN)))
                    .build();
        }
        try {
            set(option, setting.value() == null ? "" : setting.value());
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw BatchScript.refuse(setting.where(), "--" + option + " does not fit", setting.value())
                    .allowed(e instanceof NumberFormatException ? "a number" : e.getMessage())
                    .build();
        }
    }

    private void set(String option, String value) {
        switch (option) {
            case "job-name" -> name = Optional.of(value);
            case "output" -> output = Optional.of(value);
            case "error" -> error = Optional.of(value);
            case "input" -> input = Optional.of(value);
            case "chdir" -> directory = Optional.of(value);
            case "vm" -> vm = Optional.of(value);
            case "partition" -> partition = Optional.of(value);
            case "time" -> timeLimit = Optional.of(BatchTime.duration(value));
            case "begin" -> begin = Optional.of(BatchTime.begin(value, clock));
            case "cpus-per-task", "cores" -> {
                cpusPerTask = positive(value);
                coresAsked = true;
            }
            case "ntasks" -> {
                tasks = positive(value);
                coresAsked = true;
            }
            case "mem" -> memory = memory(value);
            case "nodes" -> require(value.equals("1") || value.equals("1-1"), "1, a job has the cores of one VM");
            case "signal" -> signal(value);
            case "dependency" -> dependency = Dependency.parse(value).text();
            case "hold" -> held = true;
            case "linux" -> linux = true;
            case "priority" -> priority = Integer.parseInt(value);
            case "nice" -> priority = -Integer.parseInt(value);
            case "array" -> array(value);
            case "export" -> {} // the client's: the variables come with the request
            case "run-option" -> {
                RunOption.ofWords(List.of(value));
                runOptions.add(value);
            }
            case "open-mode" -> {
                require(value.equals("append") || value.equals("truncate"), "append, truncate");
                append = value.equals("append");
            }
            default -> throw new IllegalStateException(option);
        }
    }

    /** {@code SIZE[K|M|G|T]}, without a unit MiB, as sbatch(1) has it; 0 is all that there is. */
    private static long memory(String value) {
        String form = value.toUpperCase(Locale.ROOT);
        require(form.matches("[0-9]{1,9}[KMGT]?B?"), "a size, e.g. 512M or 2G");
        String number = form.replaceAll("[^0-9]", "");
        int unit = form.length() == number.length() ? 1 : "KMGT".indexOf(form.charAt(number.length()));
        require(unit >= 0, "a size, e.g. 512M or 2G");
        return Math.multiplyExact(Long.parseLong(number), 1L << (10 * (unit + 1)));
    }

    /** {@code [B:]SIGNAL[@SECONDS]}. */
    private void signal(String value) {
        String[] parts = (value.startsWith("B:") ? value.substring(2) : value).split("@", 2);
        signal = SignalNames.number(parts[0]);
        require(signal > 0, "SIGNAL[@SECONDS], a name like USR1 or a number");
        if (parts.length == 2) {
            signalAhead = Duration.ofSeconds(positive(parts[1]));
        }
    }

    /** {@code 0-9:3,17%2}: ranges with a step, and how many may run at a time. */
    private void array(String value) {
        String[] parts = value.split("%", 2);
        var indices = new TreeSet<Integer>();
        for (String part : parts[0].split(",", -1)) {
            String[] stepped = part.split(":", 2);
            String[] ends = stepped[0].split("-", 2);
            int first = Integer.parseInt(ends[0]);
            int last = ends.length == 2 ? Integer.parseInt(ends[1]) : first;
            int step = stepped.length == 2 ? positive(stepped[1]) : 1;
            require(
                    first >= 0 && last >= first && (last - first) / step < MAX_TASKS,
                    "FIRST-LAST[:STEP][,...][%LIMIT], at most " + MAX_TASKS + " indices");
            for (long index = first; index <= last; index += step) {
                indices.add((int) index);
            }
        }
        require(indices.size() <= MAX_TASKS, "FIRST-LAST[:STEP][,...][%LIMIT], at most " + MAX_TASKS + " indices");
        array = List.copyOf(indices);
        arrayLimit = parts.length == 2 ? positive(parts[1]) : 0;
    }

    private static int positive(String value) {
        int number = Integer.parseInt(value);
        require(number > 0, "1 or more");
        return number;
    }

    private static void require(boolean fits, String allowed) {
        if (!fits) {
            throw new IllegalArgumentException(allowed);
        }
    }

    /** What is neither {@code --NAME} nor {@code -X} becomes no option's name. */
    private static String full(String name) {
        if (name.startsWith("--")) {
            return name.substring(2);
        }
        return name.length() == 2 && name.startsWith("-") ? SHORT.getOrDefault(name.charAt(1), name) : "-" + name;
    }
}
