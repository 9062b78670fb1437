/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIBHRT_LINUX_H
#define LIBHRT_LINUX_H

#include "kernel.h"

extern const struct kernel hrt_linux;

#endif
