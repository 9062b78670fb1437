/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that are not made: named once in the job's report. */
#include "calls.h"

#include "report.h"

#include <errno.h>

int64_t call_unserved(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	(void)server;
	(void)arg;
	report_unserved(nr, NULL);
	return -ENOSYS;
}

int64_t call_forbidden(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	(void)server;
	(void)arg;
	report_unserved(nr, "would-harm-the-proxy");
	return -EPERM;
}
