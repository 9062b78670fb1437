/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The object that AT_SYSINFO_EHDR names on HRT cores (guest-hrt/vdso), as Linux maps its vDSO. It lies in the proxy's
 * own image, so that both are always of one build. A child by fork has a copy like all other memory.
 */
#ifndef PROXY_VDSO_H
#define PROXY_VDSO_H

#include <stdint.h>

#include "refusal.h"

/** Map it for the program that is being loaded; *@base: where its ELF header came to lie. */
int vdso_map(uint64_t *base, struct refusal *refusal);

/**
 * Take the entries to the aerokernel out of the object at @base: there is no gate for ring 3. Programs of hrt.h find
 * none then, and do as on plain Linux (docs/hrt.md).
 */
int vdso_hide_gate(uint64_t base, struct refusal *refusal);

#endif
