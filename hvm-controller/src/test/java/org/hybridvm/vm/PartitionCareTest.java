// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.hybridvm.event.Events;
import org.hybridvm.host.Placement;
import org.hybridvm.layout.Health;
import org.hybridvm.layout.Health.OnHung;
import org.hybridvm.layout.Layout;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is done with a partition that hangs, by the layout's policy. */
@Timeout(20)
class PartitionCareTest {
    @TempDir
    private Path folder;

    /** What was done: "reboot", "destroy", "doom", and each event by its kind. */
    private final BlockingQueue<String> done = new LinkedBlockingQueue<>();

    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    private final Now now = new Now();
    private DumpStore dumps;
    private PartitionCare care;

    @BeforeEach
    void setUp() throws IOException {
        dumps = new DumpStore(folder.resolve("dumps"));
        care = new PartitionCare(dumps, (kind, subject, facts) -> events.add(kind), now, new FakeHands());
    }

    @Test
    void shouldOnlyKeepADumpIfThePolicyIsToReport() throws InterruptedException {
        hang(vm(OnHung.REPORT));
        awaitDumps(1);
        assertThat(awaitEvent()).isEqualTo("partition.hung");
        // The next failure's work begins after this one's: what it would have done has been done by then.
        care.changed(vm(OnHung.REPORT), guest(), "hrt", "READY");
        hang(vm(OnHung.DESTROY));
        assertThat(take()).isEqualTo("doom");
        assertThat(take()).isEqualTo("destroy");
        assertThat(done).isEmpty();
    }

    @Test
    void shouldEndItsJobsAndDestroyTheVmIfThePolicySaysSo() throws InterruptedException {
        hang(vm(OnHung.DESTROY));
        assertThat(take()).isEqualTo("doom");
        assertThat(take()).isEqualTo("destroy");
        assertThat(dumps.list()).hasSize(1);
    }

    @Test
    void shouldRebootThreeTimesWithinTenMinutesAndThenLeaveItAsItIs() throws InterruptedException {
        Vm vm = vm(OnHung.REBOOT);
        for (int i = 0; i < 3; i++) {
            hangAndMend(vm);
            now.pass(Duration.ofMinutes(3));
        }
        hang(vm);
        assertThat(take()).isEqualTo("doom");
        awaitEventOf("partition.unmended");
        assertThat(done).isEmpty();
    }

    @Test
    void shouldRebootAgainWhenTheFirstRebootsAreTenMinutesOld() throws InterruptedException {
        Vm vm = vm(OnHung.REBOOT);
        for (int i = 0; i < 6; i++) {
            hangAndMend(vm);
            now.pass(Duration.ofMinutes(4));
        }
        assertThat(events).doesNotContain("partition.unmended");
    }

    private void hangAndMend(Vm vm) throws InterruptedException {
        hang(vm);
        assertThat(take()).isEqualTo("doom");
        assertThat(take()).isEqualTo("reboot");
        awaitEventOf("partition.rebooted");
        care.changed(vm, guest(), "hrt", "READY");
    }

    private void hang(Vm vm) {
        care.changed(vm, guest(), "hrt", "HUNG");
    }

    private String take() throws InterruptedException {
        return done.take(); // until the class's limit
    }

    private String awaitEvent() throws InterruptedException {
        return events.take();
    }

    private void awaitEventOf(String kind) throws InterruptedException {
        while (!awaitEvent().equals(kind)) {
            // the ones before it
        }
    }

    private void awaitDumps(int count) throws InterruptedException {
        while (dumps.list().size() < count) {
            TimeUnit.MILLISECONDS.sleep(5); // until the class's limit
        }
    }

    private static Vm vm(OnHung policy) {
        Health normal = Health.DEFAULT;
        Layout layout = TestLayouts.demo(
                TestLayouts.GIB,
                new Layout.Hrt(
                        "hrt",
                        1,
                        Layout.DEFAULT_HRT_MEMORY,
                        Optional.empty(),
                        Layout.Privilege.KERNEL,
                        new Health(normal.heartbeat(), normal.hungAfter(), policy, normal.ask())));
        var placement = new Placement(List.of(0, 1), Set.of(1), Set.of(), Set.of(0), Optional.empty(), List.of());
        var record = new VmRecord(layout, new UUID(1, 2), Accelerator.TCG, placement, 0, 1, VmRecord.Phase.RUNNING, "");
        return new Vm(record, VmState.READY, Events.NONE);
    }

    /** Tells of what changes it, and has no more to tell. */
    private Guest guest() {
        return (Guest) Proxy.newProxyInstance(
                Guest.class.getClassLoader(),
                new Class<?>[] {Guest.class},
                (self, method, arguments) -> switch (method.getName()) {
                    case "doom" -> {
                        done.add("doom");
                        yield null;
                    }
                    case "reboot" -> {
                        done.add("reboot");
                        yield new Guest.Partition(
                                "hrt", "READY", 1, 1, 0, 0, 0, 2, Duration.ZERO, Duration.ZERO, 0, 0, 0, "kernel");
                    }
                    case "dump" -> new PartitionDump(List.of(), List.of(), Map.of());
                    case "hrtLog", "kernelLog" -> "";
                    default -> throw new UnsupportedOperationException(method.getName());
                });
    }

    private final class FakeHands implements PartitionCare.Hands {
        @Override
        public List<Integer> jobsOn(String vm, String partition) {
            return List.of(7);
        }

        @Override
        public void destroy(String vm) {
            done.add("destroy");
        }

        @Override
        public DumpMaker maker(Vm vm, Guest guest, Layout.Hrt partition) {
            return new DumpMaker(
                    guest, (domain, cpu) -> "RAX=0\n", "hvm-demo", new DumpSymbols(Optional.empty(), List.of()));
        }

        @Override
        public List<String> console(String vm) {
            return List.of();
        }
    }

    /** A clock that goes on when it is told. */
    private static final class Now extends Clock {
        private volatile Instant instant = Instant.parse("2026-01-02T03:04:05Z");

        void pass(Duration time) {
            instant = instant.plus(time);
        }

        @Override
        public Instant instant() {
            return instant;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }
}
