// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.hybridvm.Problem;
import org.hybridvm.access.Owner;
import org.hybridvm.access.Quotas;
import org.junit.jupiter.api.Test;

/** How fast users may hand in jobs. */
class SubmitRateTest {
    private static final Owner ADA = new Owner(1001, "ada");
    private static final Owner BOB = new Owner(1002, "bob");
    private static final Owner EVE = new Owner(1003, "eve");

    private long now;
    private final SubmitRate rate = new SubmitRate(
            new Quotas(limit(6), Map.of("bob", Quotas.Limits.NONE, "eve", limit(0)), owner -> false), () -> now);

    @Test
    void shouldTakeAMinutesJobsAtOnceAndThenOneForEachPartOfAMinute() {
        for (int i = 0; i < 6; i++) {
            rate.take(ADA);
        }
        assertThat(refused(ADA).retryAfter()).contains(Duration.ofSeconds(10));
        now += Duration.ofMillis(9_500).toNanos();
        assertThat(refused(ADA).retryAfter()).contains(Duration.ofSeconds(1));
        now += Duration.ofSeconds(1).toNanos();
        rate.take(ADA);
        refused(ADA);
    }

    @Test
    void shouldSayWhoseLimitItIsAndWhenToComeAgain() {
        for (int i = 0; i < 6; i++) {
            rate.take(ADA);
        }
        HvmException refusal = refused(ADA);
        assertThat(refusal)
                .hasMessage("The user may not hand in jobs that fast."
                        + " Allowed: 6 a minute, submissions and runs together (quotas in hvmd.yaml)."
                        + " Owner: user ada. Try: again in 10 s; hvm submit --array counts once");
        Map<String, Object> problem = Problem.toJson(refusal);
        assertThat(problem)
                .containsEntry("status", 429)
                .containsEntry("code", "too_many_submits")
                .containsEntry("retry_after_s", 10L);
        assertThat(Problem.fromJson(JsonObject.parse(Json.write(problem))).retryAfter())
                .contains(Duration.ofSeconds(10));
    }

    @Test
    void shouldLimitNobodyWhoHasNoLimitAndNotForOthers() {
        for (int i = 0; i < 100; i++) {
            rate.take(BOB);
        }
        rate.take(ADA);
    }

    @Test
    void shouldNotTellWhenToComeAgainToWhomMayNever() {
        assertThat(refused(EVE).retryAfter()).isEmpty();
    }

    private HvmException refused(Owner owner) {
        HvmException refusal = catchThrowableOfType(HvmException.class, () -> rate.take(owner));
        assertThat(refusal.code()).isEqualTo(ErrorCode.TOO_MANY_SUBMITS);
        return refusal;
    }

    private static Quotas.Limits limit(int submits) {
        return new Quotas.Limits(Optional.empty(), Optional.empty(), Optional.empty(), Optional.of(submits));
    }
}
