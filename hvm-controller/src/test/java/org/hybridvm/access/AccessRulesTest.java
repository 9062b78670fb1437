// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.access;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.hybridvm.access.AccessRules.Members;
import org.hybridvm.host.Accounts;
import org.junit.jupiter.api.Test;

/** With accounts that every Debian has: root, daemon (1), bin (2), and the group bin (2). */
class AccessRulesTest {
    private static final Caller ROOT = new Caller(0, 0, List.of(0), "root", Role.ADMIN);
    private static final Caller ORDINARY = new Caller(1000, 1000, List.of(1000), "ada", Role.ADMIN);
    private static final Map<Role, Members> MEMBERS = Map.of(
            Role.USER, new Members(List.of("daemon", "bin"), List.of()),
            Role.OPERATOR, new Members(List.of(), List.of("bin")));

    @Test
    void shouldServeOnlyRootAndItselfWithoutRules() {
        var rules = new AccessRules(Map.of(), ROOT);
        assertThat(rules.caller(0, 0, "root")).contains(ROOT);
        assertThat(rules.caller(1, 1, "daemon")).isEmpty();
    }

    @Test
    void shouldGiveTheHighestRoleThatNameOrGroupHas() {
        var rules = new AccessRules(MEMBERS, ROOT);
        assertThat(rules.caller(1, 1, "daemon").orElseThrow().role()).isEqualTo(Role.USER);
        assertThat(rules.caller(2, 2, "bin").orElseThrow().role()).isEqualTo(Role.OPERATOR);
        assertThat(rules.account("bin").orElseThrow().groups()).contains(2);
        assertThat(rules.account("no-such-account")).isEmpty();
    }

    @Test
    void shouldMakeNobodyMoreThanAViewerOfAnHvmdThatCannotActForHim() {
        var rules = new AccessRules(MEMBERS, ORDINARY);
        assertThat(rules.caller(2, 2, "bin").orElseThrow().role()).isEqualTo(Role.VIEWER);
        assertThat(rules.caller(0, 0, "root")).contains(ORDINARY);
        assertThat(rules.caller(1000, 1000, "ada")).contains(ORDINARY);
    }

    @Test
    void shouldFindAccountsAndGroups() {
        assertThat(Accounts.byUid(0)).contains(new Accounts.Account("root", 0, 0));
        assertThat(Accounts.byName("daemon")).contains(new Accounts.Account("daemon", 1, 1));
        assertThat(Accounts.byUid(0x7ffffff0)).isEmpty();
        assertThat(Accounts.group("bin")).contains(2);
        assertThat(Accounts.group("no-such-group")).isEmpty();
        assertThat(Accounts.groups("daemon", 1)).contains(1);
    }
}
