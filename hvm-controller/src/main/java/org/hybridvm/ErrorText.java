// SPDX-License-Identifier: Apache-2.0
package org.hybridvm;

/** Puts the parts of an error into one line. */
public final class ErrorText {
    private ErrorText() {}

    /**
     * {@code what: value. Allowed: allowed. Owner: owner. Try: hint}, without the parts that are null. The hint comes
     * last and without a full stop, so that a command in it can be copied to the end of the line.
     */
    public static String sentence(String what, String value, String allowed, String owner, String hint) {
        var text = new StringBuilder(what);
        if (value != null) {
            text.append(": ").append(value);
        }
        text.append('.');
        if (allowed != null) {
            text.append(" Allowed: ").append(allowed).append('.');
        }
        if (owner != null) {
            text.append(" Owner: ").append(owner).append('.');
        }
        if (hint != null) {
            text.append(" Try: ").append(hint);
        }
        return text.toString();
    }
}
