// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.store.Database;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class EventLogTest {
    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05.678Z");
    private static final Clock CLOCK = Clock.fixed(NOW, ZoneOffset.UTC);
    private static final int KILLS = 4;

    @TempDir
    private Path folder;

    private Database database;
    private EventLog log;
    private final Semaphore news = new Semaphore(0);

    @BeforeEach
    void setUp() {
        open(EventLog.KEPT);
    }

    @AfterEach
    void tearDown() {
        close();
    }

    @Test
    void shouldGiveNumbersInTheOrderOfPublishing() throws Exception {
        log.publish("vm.state", "vm/demo", Map.of("state", "STARTING"));
        log.publish("vm.state", "vm/demo", Map.of("state", "READY"));
        assertThat(await(2))
                .containsExactly(
                        new Event(1, NOW, "vm.state", "vm/demo", Map.of("state", "STARTING")),
                        new Event(2, NOW, "vm.state", "vm/demo", Map.of("state", "READY")));
    }

    @Test
    void shouldKeepTheOrderOfEachOfManyThreads() throws Exception {
        var threads = new ArrayList<Thread>();
        for (int thread = 0; thread < 8; thread++) {
            String subject = "vm/" + thread;
            threads.add(Thread.ofVirtual().start(() -> {
                for (int i = 0; i < 500; i++) {
                    log.publish("test", subject, Map.of("i", i));
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        var last = new HashMap<String, Long>();
        long number = 0;
        for (Event event : await(4000)) {
            assertThat(event.number()).isEqualTo(++number);
            long i = (Long) event.facts().get("i");
            assertThat(i).isEqualTo(last.getOrDefault(event.subject(), -1L) + 1);
            last.put(event.subject(), i);
        }
    }

    @Test
    void shouldGoOnWithItsNumbersAfterARestart() throws Exception {
        publish(3);
        await(3);
        close();
        open(EventLog.KEPT);
        publish(1);
        assertThat(await(4).getLast().number()).isEqualTo(4);
    }

    @Test
    void shouldKeepWhatWaitsWhenItIsClosed() {
        publish(2000);
        close();
        open(EventLog.KEPT);
        assertThat(log.range().newest()).isEqualTo(2000);
    }

    @Test
    void shouldDropTheOldestAndSaySoToWhoeverAsksForThem() throws Exception {
        close();
        open(10);
        publish(25);
        await(25);
        assertThat(log.range().oldest()).isEqualTo(16);
        assertThat(log.read(15, 100, EventFilter.ALL).events()).hasSize(10);
        assertThatThrownBy(() -> log.read(14, 100, EventFilter.ALL))
                .isInstanceOfSatisfying(
                        HvmException.class,
                        refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.EVENTS_GONE))
                .hasMessage(
                        "Events after this number are no longer kept: 14. Allowed: 15 to 25. Try: look at the present"
                                + " state, then go on after 15");
    }

    @Test
    void shouldRefuseANumberThatNoEventHasHad() throws Exception {
        publish(3);
        await(3);
        assertThatThrownBy(() -> log.read(4, 100, EventFilter.ALL))
                .hasMessageContaining("No event has had this number");
        assertThat(log.read(3, 100, EventFilter.ALL)).isEqualTo(new EventPage(List.of(), 3, 1, 3));
    }

    @Test
    void shouldReadPageByPageWhatIsAskedFor() throws Exception {
        for (int i = 0; i < 10; i++) {
            log.publish(i % 2 == 0 ? "job.state" : "jobs", "vm/demo" + (i < 5 ? "/hrt" : "x"), Map.of());
        }
        await(10);
        var jobs = new EventFilter(List.of("job"), List.of());
        EventPage first = log.read(0, 3, jobs);
        assertThat(first.events()).extracting(Event::number).containsExactly(1L, 3L, 5L);
        assertThat(first.isLast()).isFalse();
        EventPage second = log.read(first.next(), 3, jobs);
        assertThat(second.events()).extracting(Event::number).containsExactly(7L, 9L);
        assertThat(second.isLast()).isTrue();
        assertThat(second.next()).isEqualTo(10);
        assertThat(log.read(0, 9, new EventFilter(List.of("job", "jobs"), List.of("vm/demo")))
                        .events())
                .extracting(Event::number)
                .containsExactly(1L, 2L, 3L, 4L, 5L);
    }

    @Test
    void shouldKeepEventsThroughAFullDiskInTheirOrder() throws Exception {
        publish(1);
        await(1);
        pages(10);
        log.publish("test", "vm/demo", Map.of("i", -1, "text", "x".repeat(100_000)));
        publish(100);
        pages(1_000_000); // comes after the first try, and before the next
        List<Event> events = await(102);
        assertThat(events.subList(1, 102))
                .extracting(event -> event.facts().get("i"))
                .isSorted();
    }

    @Test
    void shouldKeepNeitherTheWorkNorItsEventsWhenOneFails() {
        assertThatThrownBy(() -> log.writeWith(
                                connection -> {
                                    throw new java.sql.SQLException("no");
                                },
                                List.of(Event.now(NOW, "test", "vm/demo", Map.of())))
                        .join())
                .hasMessageContaining("no");
        assertThat(log.range().newest()).isZero();
    }

    /** A follower is told only what is on disk, so what it saw is never taken back. */
    @Test
    void shouldGiveNoNumberTwiceThoughItsProcessIsKilled() throws Exception {
        close();
        var random = new Random(20260103);
        var seen = new HashMap<Long, String>();
        for (int kill = 0; kill < KILLS; kill++) {
            Path told = folder.resolve("told" + kill);
            Process process = follower(told);
            long enough = 1 + random.nextInt(300);
            while (Files.readString(told).lines().count() < enough) {
                assertThat(process.isAlive()).isTrue();
                Thread.sleep(1);
            }
            process.destroyForcibly().waitFor();
            for (String line : Files.readAllLines(told)) {
                String[] words = line.split(" ");
                if (words.length == 3) { // the kill may have cut the last line
                    assertThat(seen.put(Long.parseLong(words[0]), words[1])).isNull();
                }
            }
        }
        open(EventLog.KEPT);
        EventPage all = log.read(0, 1_000_000, EventFilter.ALL);
        assertThat(all.events()).extracting(Event::number).isSorted().doesNotHaveDuplicates();
        seen.forEach((number, subject) ->
                assertThat(all.events().get((int) (number - 1)).subject()).isEqualTo(subject));
    }

    private Process follower(Path told) throws IOException {
        Files.createFile(told);
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin/java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        KilledFollower.class.getName(),
                        folder.toString())
                .redirectOutput(ProcessBuilder.Redirect.appendTo(told.toFile()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private void publish(int count) {
        for (int i = 0; i < count; i++) {
            log.publish("test", "vm/demo", Map.of("i", i));
        }
    }

    /** All events that are kept, once one has this number. */
    private List<Event> await(long number) throws InterruptedException {
        while (true) {
            if (log.range().newest() >= number) {
                return log.read(log.range().oldest() - 1, 100_000, EventFilter.ALL)
                        .events();
            }
            assertThat(news.tryAcquire(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    private void pages(int most) {
        database.write(connection -> {
                    try (var statement = connection.createStatement()) {
                        return statement.execute("PRAGMA max_page_count = " + most);
                    }
                })
                .join();
    }

    private void open(int kept) {
        database = Database.open(folder.resolve("hvm.db"));
        log = new EventLog(database, CLOCK, kept);
        log.follow(news::release);
    }

    private void close() {
        log.close();
        database.close();
    }
}
