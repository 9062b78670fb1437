// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.access;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.host.Accounts;
import org.hybridvm.store.Database;
import org.hybridvm.store.TokenRow;
import org.hybridvm.store.TokenTable;

/**
 * Bearer tokens (RFC 6750) for callers who come over TCP. A token is 256 random bits, so its plain SHA-256 is enough to
 * keep: there is nothing to guess. Calls block.
 */
public final class Tokens {
    public static final Duration DEFAULT_LIFE = Duration.ofDays(90);
    static final Duration LONGEST_LIFE = Duration.ofDays(366);

    /** So long an expired token is still listed. */
    private static final Duration KEPT = Duration.ofDays(30);

    private static final Pattern FORM = Pattern.compile("hvm_([0-9a-f]{12})_[A-Za-z0-9_-]{43}");
    private static final int ID_BYTES = 6;
    private static final int SECRET_BYTES = 32;

    private final Database database;
    private final AccessRules rules;
    private final Clock clock;
    private final SecureRandom random = new SecureRandom();

    public Tokens(Database database, AccessRules rules, Clock clock) {
        this.database = database;
        this.rules = rules;
        this.clock = clock;
    }

    /** A token that was just made, with its secret. */
    public record Issued(Token token, String secret) {}

    /**
     * Makes a token: everybody for himself, administrators for all; never with more than the maker's role.
     *
     * @param user an account of this host
     * @return completes once it is on disk
     */
    public CompletableFuture<Issued> create(Caller maker, String user, Role role, Duration life, String note) {
        requireOwn(maker, user);
        requireRole(maker, role);
        requireLife(life);
        if (Accounts.byName(user).isEmpty()) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "No such account on this host")
                    .value(user)
                    .allowed("a name that getent passwd knows")
                    .build();
        }
        Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
        String id = HexFormat.of().formatHex(randomBytes(ID_BYTES));
        String secret =
                "hvm_" + id + "_" + Base64.getUrlEncoder().withoutPadding().encodeToString(randomBytes(SECRET_BYTES));
        var token = new Token(id, user, role, note, now, now.plus(life));
        return database.write(connection -> {
            TokenTable.deleteExpired(connection, now.minus(KEPT).toEpochMilli());
            TokenTable.add(connection, row(token, hash(secret)));
            return new Issued(token, secret);
        });
    }

    /** The caller's own tokens; an administrator's are all. */
    public List<Token> list(Caller caller) {
        return database.read(TokenTable::all).stream()
                .filter(row -> isOwn(caller, row.user()))
                .map(Tokens::token)
                .toList();
    }

    /**
     * From now on the token is worth nothing.
     *
     * @return completes once that is on disk
     * @throws HvmException {@link ErrorCode#NO_SUCH_TOKEN}, also if it is somebody else's
     */
    public CompletableFuture<Void> revoke(Caller caller, String id) {
        if (list(caller).stream().noneMatch(token -> token.id().equals(id))) {
            throw HvmException.of(ErrorCode.NO_SUCH_TOKEN, "No such token")
                    .value(id)
                    .hint("hvm token list")
                    .build();
        }
        return database.write(connection -> {
            TokenTable.delete(connection, id);
            return null;
        });
    }

    /** Whose token it is; empty if it is wrong, expired or revoked, or its account has no role any more. */
    public Optional<Caller> caller(String secret) {
        Matcher form = FORM.matcher(secret);
        if (!form.matches()) {
            return Optional.empty();
        }
        return database.read(connection -> TokenTable.find(connection, form.group(1)))
                .filter(row -> MessageDigest.isEqual(row.hash(), hash(secret)))
                .filter(row -> clock.instant().toEpochMilli() < row.expires())
                .map(Tokens::token)
                .flatMap(token -> rules.account(token.user()).map(caller -> caller.atMost(token.role())));
    }

    /** The part of a token's secret by which it is listed and revoked; empty if it is none. */
    public static String idOf(String secret) {
        Matcher form = FORM.matcher(secret);
        return form.matches() ? form.group(1) : "";
    }

    private static boolean isOwn(Caller caller, String user) {
        return caller.has(Role.ADMIN) || caller.name().equals(user);
    }

    private static void requireOwn(Caller maker, String user) {
        if (!isOwn(maker, user)) {
            throw HvmException.of(ErrorCode.FORBIDDEN, "Only an administrator may make tokens for others")
                    .value(user)
                    .allowed(maker.name())
                    .build();
        }
    }

    private static void requireRole(Caller maker, Role role) {
        if (!maker.has(role)) {
            throw HvmException.of(ErrorCode.FORBIDDEN, "A token cannot have more than its maker's role")
                    .value(role.word())
                    .allowed(maker.role().word() + " and below")
                    .build();
        }
    }

    private static void requireLife(Duration life) {
        if (!life.isPositive() || life.compareTo(LONGEST_LIFE) > 0) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "A token does not live that long")
                    .value(life.toSeconds() + " s")
                    .allowed("1 s to " + LONGEST_LIFE.toDays() + " days")
                    .build();
        }
    }

    private byte[] randomBytes(int size) {
        byte[] bytes = new byte[size];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] hash(String secret) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.US_ASCII));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java has it
        }
    }

    private static TokenRow row(Token token, byte[] hash) {
        return new TokenRow(
                token.id(),
                hash,
                token.user(),
                token.role().word(),
                token.note(),
                token.created().toEpochMilli(),
                token.expires().toEpochMilli());
    }

    private static Token token(TokenRow row) {
        return new Token(
                row.id(),
                row.user(),
                Role.of(row.role()).orElse(Role.VIEWER),
                row.note(),
                Instant.ofEpochMilli(row.created()),
                Instant.ofEpochMilli(row.expires()));
    }
}
