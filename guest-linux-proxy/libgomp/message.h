/* SPDX-License-Identifier: Apache-2.0 */
/* What the library has to say, on standard error. */
#ifndef MESSAGE_H
#define MESSAGE_H

enum message { MESSAGE_SERIAL, MESSAGE_LOST, MESSAGE_FEWER, MESSAGE_WARNING, MESSAGE_NUMBER };

/** Say it, the first time only. */
void message_once(enum message which, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Say it and end the program. */
_Noreturn void message_fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** The program has @what, which is not served: say so and end it, before it computes something wrong. */
_Noreturn void message_refuse(const char *what);

#endif
