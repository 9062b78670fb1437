// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

/** What a field of a control frame holds: {@code enum hvm_field_tag} of hvm/frame.h. */
enum FieldTag {
    NONCE(1),
    ARGUMENT(2),
    ENVIRONMENT(3),
    DIRECTORY(4),
    USER(5),
    GROUP(6),
    GROUP_EXTRA(7),
    PARTITION(8),
    CORES(9),
    NUMBER(10),
    STREAM_KIND(11),
    ID(12),
    NAME(13),
    TEXT(14),
    PROBLEM(15),
    RELEASE(16),
    INCARNATION(17),
    STAMP_NAME(18),
    STAMP_NS(19),
    EXIT_CODE(20),
    EXIT_SIGNAL(21),
    FORCE(22),
    INFO(23),
    OPTIONS(24),
    MODULE(25),
    CORE(26),
    TRACE(27),
    SLOT(28),
    MAPS(29),
    ACTIVITY(40),
    INSTANCE(50),
    LIFE(51),
    RESTARTS(52),
    OFFSET(53),
    JOB(54),
    STDIN_FILE(55),
    STDOUT_FILE(56),
    STDERR_FILE(57),
    APPEND(58),
    MEMORY(59);

    final int code;

    FieldTag(int code) {
        this.code = code;
    }
}
