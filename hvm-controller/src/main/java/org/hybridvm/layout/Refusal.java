// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import org.hybridvm.Finding;
import org.snakeyaml.engine.v2.exceptions.Mark;

/** Thrown where a mistake is found, and caught where reading can go on without the field that has it. */
public final class Refusal extends RuntimeException {
    private final transient Finding finding;

    private Refusal(Finding finding, Throwable cause) {
        super(finding.sentence(), cause);
        this.finding = finding;
    }

    Finding finding() {
        return finding;
    }

    public static Builder of(String file, String rule, String what) {
        return new Builder(file, rule, what);
    }

    /** Collects the parts of a {@link Finding}. */
    public static final class Builder {
        private final String file;
        private final String rule;
        private final String what;
        private int line;
        private int column;
        private String field;
        private String value;
        private String allowed;
        private String mend;
        private Throwable cause;

        private Builder(String file, String rule, String what) {
            this.file = file;
            this.rule = rule;
            this.what = what;
        }

        public Builder at(Mark mark) {
            return at(mark.getLine() + 1, mark.getColumn() + 1);
        }

        public Builder at(int newLine, int newColumn) {
            line = newLine;
            column = newColumn;
            return this;
        }

        public Builder field(String path) {
            field = path.isEmpty() ? null : path;
            return this;
        }

        public Builder value(Object found) {
            value = found.toString();
            return this;
        }

        public Builder allowed(String text) {
            allowed = text;
            return this;
        }

        /** @param text may be null */
        public Builder mend(String text) {
            mend = text;
            return this;
        }

        public Builder cause(Throwable why) {
            cause = why;
            return this;
        }

        public Refusal build() {
            return new Refusal(new Finding(file, line, column, rule, what, field, value, allowed, mend), cause);
        }
    }
}
