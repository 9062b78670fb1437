// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.hybridvm.HvmException;
import org.hybridvm.access.AccessRules.Members;
import org.hybridvm.store.Database;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokensTest {
    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
    private static final Caller ROOT = new Caller(0, 0, List.of(0), "root", Role.ADMIN);
    private static final Caller DAEMON = new Caller(1, 1, List.of(1), "daemon", Role.USER);
    private static final AccessRules RULES =
            new AccessRules(Map.of(Role.OPERATOR, new Members(List.of("daemon"), List.of())), ROOT);

    @TempDir
    private Path folder;

    private Database database;
    private Tokens tokens;

    @BeforeEach
    void setUp() {
        database = Database.open(folder.resolve("hvm.db"));
        tokens = at(NOW, RULES);
    }

    @AfterEach
    void tearDown() {
        database.close();
    }

    @Test
    void shouldKnowTheCallerByHisToken() {
        Caller caller = tokens.caller(issue("daemon", Role.USER).secret()).orElseThrow();
        assertThat(caller.name()).isEqualTo("daemon");
        assertThat(caller.uid()).isEqualTo(1);
        assertThat(caller.role()).isEqualTo(Role.USER);
    }

    @Test
    void shouldNeverGiveMoreThanTheAccountHas() {
        String secret = issue("daemon", Role.ADMIN).secret();
        assertThat(tokens.caller(secret).orElseThrow().role()).isEqualTo(Role.OPERATOR);
        assertThat(at(NOW, new AccessRules(Map.of(), ROOT)).caller(secret)).isEmpty();
    }

    @Test
    void shouldKnowNobodyByAWrongAnExpiredOrARevokedToken() {
        Tokens.Issued issued = issue("daemon", Role.USER);
        String secret = issued.secret();
        char last = secret.charAt(secret.length() - 1);
        assertThat(tokens.caller(secret.substring(0, secret.length() - 1) + (last == 'A' ? 'E' : 'A')))
                .isEmpty();
        assertThat(tokens.caller(secret + "x")).isEmpty();
        assertThat(tokens.caller("")).isEmpty();
        assertThat(at(NOW.plus(Duration.ofDays(1)), RULES).caller(secret)).isEmpty();
        assertThat(at(NOW.plus(Duration.ofHours(23)), RULES).caller(secret)).isPresent();
        tokens.revoke(DAEMON, issued.token().id()).join();
        assertThat(tokens.caller(secret)).isEmpty();
    }

    @Test
    void shouldKeepNothingThatCouldBeUsed() throws Exception {
        String secret = issue("daemon", Role.USER).secret();
        database.close();
        for (String name : List.of("hvm.db", "hvm.db-wal")) {
            Path file = folder.resolve(name);
            if (Files.exists(file)) {
                assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
                        .doesNotContain(secret.substring(secret.length() - 20));
            }
        }
        database = Database.open(folder.resolve("hvm.db"));
        assertThat(at(NOW, RULES).caller(secret)).isPresent();
    }

    @Test
    void shouldLetAUserMakeSeeAndRevokeOnlyHisOwn() {
        Tokens.Issued roots = issue("root", Role.ADMIN);
        Tokens.Issued own = tokens.create(DAEMON, "daemon", Role.USER, Duration.ofDays(1), "")
                .join();
        assertThat(tokens.list(DAEMON)).containsExactly(own.token());
        assertThat(tokens.list(ROOT)).hasSize(2);
        assertThatThrownBy(() -> tokens.revoke(DAEMON, roots.token().id()))
                .isInstanceOf(HvmException.class)
                .hasMessageStartingWith("No such token: " + roots.token().id());
        assertThatThrownBy(() -> tokens.create(DAEMON, "root", Role.USER, Duration.ofDays(1), ""))
                .hasMessageStartingWith("Only an administrator may make tokens for others: root. Allowed: daemon.");
        assertThatThrownBy(() -> tokens.create(DAEMON, "daemon", Role.ADMIN, Duration.ofDays(1), ""))
                .hasMessageStartingWith("A token cannot have more than its maker's role: admin. Allowed: user");
    }

    @Test
    void shouldRefuseLivesAndAccountsThatThereAreNot() {
        assertThatThrownBy(() -> tokens.create(ROOT, "root", Role.USER, Duration.ofDays(400), ""))
                .hasMessageContaining("Allowed: 1 s to 366 days");
        assertThatThrownBy(() -> tokens.create(ROOT, "no-such-account", Role.USER, Duration.ofDays(1), ""))
                .hasMessageStartingWith("No such account on this host: no-such-account");
    }

    private Tokens.Issued issue(String user, Role role) {
        return tokens.create(ROOT, user, role, Duration.ofDays(1), "a test").join();
    }

    private Tokens at(Instant instant, AccessRules rules) {
        return new Tokens(database, rules, Clock.fixed(instant, ZoneOffset.UTC));
    }
}
