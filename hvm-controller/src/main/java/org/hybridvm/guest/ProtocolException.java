// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import java.io.IOException;

/** The agent said what hvm/frame.h does not have. Nothing that it says afterwards is believed. */
final class ProtocolException extends IOException {
    ProtocolException(String message) {
        super(message);
    }
}
