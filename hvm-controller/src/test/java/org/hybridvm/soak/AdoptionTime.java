// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.soak;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How long an hvmd took until it had the jobs of all its VMs again, and answered.
 *
 * @param sinceExec milliseconds since its process began
 * @param sinceServing milliseconds since it answered
 */
record AdoptionTime(long sinceExec, long sinceServing) {
    private static final Pattern MET = Pattern.compile(" jobs met vm=(\\S+) ");
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final int LOOK_MILLIS = 10;
    private static final int TICKS_PER_SECOND = 100; // USER_HZ of x86
    private static final int START_TIME = 19; // of /proc/PID/stat, behind the command's name

    /**
     * Waits until its log tells.
     *
     * @param from where in the log its lines begin
     */
    static AdoptionTime await(Path log, long from, long pid, int vms) throws IOException, InterruptedException {
        Instant executed = executed(pid);
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (true) {
            Optional<AdoptionTime> found = find(tail(log, from), executed, vms);
            if (found.isPresent()) {
                return found.get();
            }
            if (System.nanoTime() > deadline || ProcessHandle.of(pid).isEmpty()) {
                throw new IOException("hvmd (pid " + pid + ") did not find its VMs' jobs again in " + LIMIT.toSeconds()
                        + " s; its log:\n" + tail(log, from));
            }
            Thread.sleep(LOOK_MILLIS);
        }
    }

    private static Optional<AdoptionTime> find(String log, Instant executed, int vms) {
        Set<String> met = new HashSet<>();
        Instant serving = null;
        Instant last = null;
        for (String line : log.lines().toList()) {
            Matcher matcher = MET.matcher(line);
            if (line.contains(" hvmd serves pid=")) {
                serving = time(line);
            } else if (matcher.find() && met.add(matcher.group(1))) {
                last = time(line);
            }
        }
        if (serving == null || met.size() < vms) {
            return Optional.empty();
        }
        Instant ready = last.isAfter(serving) ? last : serving;
        return Optional.of(new AdoptionTime(
                Duration.between(executed, ready).toMillis(),
                Duration.between(serving, ready).toMillis()));
    }

    private static Instant time(String line) {
        return Instant.parse(line.substring(0, line.indexOf(' ')));
    }

    /** What was written since; all of it if the log has begun anew. */
    private static String tail(Path log, long from) throws IOException {
        try (SeekableByteChannel channel = Files.newByteChannel(log)) {
            channel.position(channel.size() < from ? 0 : from);
            ByteBuffer bytes = ByteBuffer.allocate((int) (channel.size() - channel.position()));
            while (bytes.hasRemaining() && channel.read(bytes) >= 0) {}
            String text = new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
            return text.substring(0, text.lastIndexOf('\n') + 1);
        }
    }

    /** To a hundredth of a second, which ProcessHandle does not tell. */
    private static Instant executed(long pid) throws IOException {
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
        long ticks = Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[START_TIME]);
        double up = Double.parseDouble(Files.readString(Path.of("/proc/uptime")).split(" ")[0]);
        return Instant.now().minusMillis(Math.round(1000 * (up - (double) ticks / TICKS_PER_SECOND)));
    }
}
