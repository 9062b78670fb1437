// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.hybridvm.HvmException;
import org.hybridvm.access.Caller;
import org.hybridvm.access.Role;
import org.hybridvm.event.Event;
import org.hybridvm.event.EventPage;
import org.hybridvm.job.FakeMachine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What callers may know of a VM that is one user's only. */
class SeenVmsTest {
    private static final Caller ADA = new Caller(1001, 1001, List.of(1001), "ada", Role.USER);
    private static final Caller BOB = new Caller(1002, 1002, List.of(1002), "bob", Role.USER);
    private static final Caller LOOKER = new Caller(1004, 1004, List.of(), "eve", Role.VIEWER);
    private static final Caller OPERATOR = new Caller(1003, 1003, List.of(), "oda", Role.OPERATOR);

    private FakeMachine machine;
    private FakeVmControl vms;

    @BeforeEach
    void setUp() {
        machine = new FakeMachine("demo", 2);
        vms = new FakeVmControl(machine, Path.of("/dev/null")).launched();
        vms.admitOnly("ada");
    }

    @AfterEach
    void tearDown() {
        machine.close();
    }

    @Test
    void shouldListItToItsUserAndToOperators() {
        assertThat(new SeenVms(vms, ADA).list()).hasSize(1);
        assertThat(new SeenVms(vms, OPERATOR).list()).hasSize(1);
        assertThat(new SeenVms(vms, BOB).list()).isEmpty();
        assertThat(new SeenVms(vms, LOOKER).list()).isEmpty();
    }

    @Test
    void shouldAnswerForItExactlyAsForOneThatIsNotThere() {
        new SeenVms(vms, ADA).require("demo");
        var bob = new SeenVms(vms, BOB);
        assertThatThrownBy(() -> bob.require("demo"))
                .isInstanceOf(HvmException.class)
                .hasMessage("There is no such VM: demo. Allowed: none is there. Try: hvm list");
        assertThatThrownBy(() -> bob.require("absent"))
                .hasMessage("There is no such VM: absent. Allowed: none is there. Try: hvm list");
    }

    @Test
    void shouldTellItsEventsToItsUserAndToOperators() {
        assertThat(seenBy(ADA)).containsExactly(1L, 2L, 4L);
        assertThat(seenBy(BOB)).containsExactly(4L);
        assertThat(seenBy(LOOKER)).containsExactly(4L);
        assertThat(seenBy(OPERATOR)).containsExactly(1L, 2L, 3L, 4L);
    }

    private List<Long> seenBy(Caller caller) {
        var page = new EventPage(
                List.of(event(1, "vm/demo"), event(2, "vm/demo/hrt"), event(3, "vm/gone"), event(4, "node")), 4, 1, 4);
        return new SeenEvents(vms, caller)
                .of(page).events().stream().map(Event::number).toList();
    }

    private static Event event(long number, String subject) {
        return new Event(number, Instant.EPOCH, "test", subject, Map.of());
    }
}
