// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

/** What a frame means: {@code enum hvm_frame_type} of hvm/frame.h. */
enum FrameType {
    HELLO(1),
    EXEC(2),
    STDIN(3),
    STDIN_END(4),
    SIGNAL(5),
    REQUEST(6),
    ATTACH(7),
    RELEASE(8),
    CREDIT(16),
    HELLO_REPLY(32),
    STARTED(33),
    REFUSED(34),
    STDOUT(35),
    STDERR(36),
    REPORT(37),
    EXIT(38),
    RESPONSE(39),
    ERROR(40),
    EVENT(41);

    private static final FrameType[] BY_CODE = new FrameType[64];

    static {
        for (FrameType type : values()) {
            BY_CODE[type.code] = type;
        }
    }

    final int code;

    FrameType(int code) {
        this.code = code;
    }

    /** The type of that number, or null. */
    static FrameType of(int code) {
        return code < BY_CODE.length ? BY_CODE[code] : null;
    }
}
