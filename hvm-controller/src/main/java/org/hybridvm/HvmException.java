// SPDX-License-Identifier: Apache-2.0
package org.hybridvm;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Something was refused or went wrong, in words for the person who asked: what, which value, what is allowed, who owns
 * the thing in question, what to do next. Parts that say nothing are null.
 *
 * <pre>{@code
 * throw HvmException.of(ErrorCode.TOO_MANY_CORES, "The partition has fewer cores than asked for")
 *         .value("8").allowed("1 to 2").owner("demo/hrt").hint("hvm run --cores 2 ...").build();
 * }</pre>
 */
public final class HvmException extends RuntimeException {
    private final ErrorCode code;
    private final String what;
    private final String field;
    private final String value;
    private final String allowed;
    private final String owner;
    private final String hint;
    private final Duration retryAfter;
    private final List<Finding> findings;

    private HvmException(Builder builder) {
        super(builder.sentence(), builder.cause);
        this.code = builder.code;
        this.what = builder.what;
        this.field = builder.field;
        this.value = builder.value;
        this.allowed = builder.allowed;
        this.owner = builder.owner;
        this.hint = builder.hint;
        this.retryAfter = builder.retryAfter;
        this.findings = builder.findings;
    }

    public static Builder of(ErrorCode code, String what) {
        return new Builder(code, what);
    }

    public ErrorCode code() {
        return code;
    }

    /** What was refused or went wrong: a sentence without its full stop. */
    public String what() {
        return what;
    }

    /** The field or parameter of the request that does not fit, or null. */
    public String field() {
        return field;
    }

    /** The value that was found, or null. */
    public String value() {
        return value;
    }

    /** What would have been accepted, or null. */
    public String allowed() {
        return allowed;
    }

    /** Who has the thing in question: a VM, a partition, a job, a file, a process; or null. */
    public String owner() {
        return owner;
    }

    /** What to do next, best as a command that can be copied; or null. */
    public String hint() {
        return hint;
    }

    /** After which time it may be done, in whole seconds; empty if waiting does not help, or nobody knows how long. */
    public Optional<Duration> retryAfter() {
        return Optional.ofNullable(retryAfter);
    }

    /** The mistakes one by one, if the thing refused is a file that a person wrote; else empty. */
    public List<Finding> findings() {
        return findings;
    }

    /** Collects the parts of a {@link HvmException}. */
    public static final class Builder {
        private final ErrorCode code;
        private final String what;
        private String field;
        private String value;
        private String allowed;
        private String owner;
        private String hint;
        private Duration retryAfter;
        private Throwable cause;
        private List<Finding> findings = List.of();

        private Builder(ErrorCode code, String what) {
            this.code = Objects.requireNonNull(code, "code");
            this.what = Objects.requireNonNull(what, "what");
        }

        public Builder field(String field) {
            this.field = field;
            return this;
        }

        public Builder value(Object value) {
            this.value = value == null ? null : value.toString();
            return this;
        }

        public Builder allowed(String allowed) {
            this.allowed = allowed;
            return this;
        }

        public Builder owner(String owner) {
            this.owner = owner;
            return this;
        }

        public Builder hint(String hint) {
            this.hint = hint;
            return this;
        }

        public Builder retryAfter(Duration wait) {
            this.retryAfter = wait;
            return this;
        }

        public Builder cause(Throwable cause) {
            this.cause = cause;
            return this;
        }

        public Builder findings(List<Finding> findings) {
            this.findings = List.copyOf(findings);
            return this;
        }

        public HvmException build() {
            return new HvmException(this);
        }

        private String sentence() {
            if (findings.size() > 1) {
                return findings.stream()
                        .map(finding -> "\n  " + finding.sentence())
                        .collect(Collectors.joining("", what + ":", ""));
            }
            return ErrorText.sentence(what, value, allowed, owner, hint);
        }
    }
}
