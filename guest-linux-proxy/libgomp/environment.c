/* SPDX-License-Identifier: Apache-2.0 */
#include "environment.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STACK_DEFAULT (8ul << 20)
#define STACK_MIN     (64ul << 10)
#define STACK_MAX     (1ul << 36)
#define PAGE	      4096ul

/* schedule(runtime) is libgomp's dynamic,1 if nobody says anything else. */
static struct environment environment = {
    .icv = {.levels = 1, .schedule = SCHEDULE_DYNAMIC, .chunk = 1, .dynamic = true},
    .stack = STACK_DEFAULT,
};

static const char *const schedules[] = {[SCHEDULE_STATIC] = "static",
					[SCHEDULE_DYNAMIC] = "dynamic",
					[SCHEDULE_GUIDED] = "guided",
					[SCHEDULE_AUTO] = "auto"};

static void ignore(const char *name, const char *value, const char *allowed)
{
	fprintf(stderr, "hvm-openmp: %s=%s is ignored: it is not %s\n", name, value, allowed);
}

/* A list's first number is for the only level there is. */
static void read_number(const char *name, uint32_t *number)
{
	const char *text = getenv(name);
	char *end;
	unsigned long value;

	if (!text)
		return;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (end == text || (*end && *end != ',') || text[0] == '-' || errno || !value || value > INT_MAX)
		ignore(name, text, "a number from 1 to 2147483647");
	else
		*number = (uint32_t)value;
}

static bool is_true(const char *text)
{
	return !strcasecmp(text, "true") || !strcmp(text, "1") || !strcasecmp(text, "verbose");
}

static void read_truth(const char *name, bool *truth)
{
	const char *text = getenv(name);

	if (!text)
		return;
	if (is_true(text) || !strcasecmp(text, "false") || !strcmp(text, "0"))
		*truth = is_true(text);
	else
		ignore(name, text, "true or false");
}

/* [MODIFIER:]KIND[,CHUNK] */
static void read_schedule(void)
{
	const char *text = getenv("OMP_SCHEDULE"), *kind;
	unsigned long chunk = 0;
	char *end;

	if (!text)
		return;
	kind = strchr(text, ':') ? strchr(text, ':') + 1 : text;
	for (uint32_t i = SCHEDULE_STATIC; i <= SCHEDULE_AUTO; i++) {
		size_t length = strlen(schedules[i]);

		if (strncasecmp(kind, schedules[i], length))
			continue;
		if (kind[length] == ',')
			chunk = strtoul(kind + length + 1, &end, 10);
		if (kind[length] == ',' ? *end || chunk > INT_MAX : kind[length])
			break;
		environment.icv.schedule = i;
		environment.icv.chunk = chunk || i == SCHEDULE_STATIC ? (uint32_t)chunk : 1;
		return;
	}
	ignore("OMP_SCHEDULE", text, "static, dynamic, guided or auto, with a comma and a chunk if you like");
}

/* Kibibytes, or what the letter behind says. */
static void read_stack(void)
{
	const char *text = getenv("OMP_STACKSIZE");
	static const char units[] = "BKMG";
	const char *unit;
	unsigned long value;
	char *end;

	if (!text)
		return;
	value = strtoul(text, &end, 10);
	unit = *end ? strchr(units, toupper((unsigned char)*end)) : &units[1];
	if (end == text || text[0] == '-' || !unit || (*end && end[1]) || value > STACK_MAX ||
	    value << 10 * (unit - units) < STACK_MIN || value << 10 * (unit - units) > STACK_MAX)
		ignore("OMP_STACKSIZE", text, "from 64K to 64G");
	else
		environment.stack = ((value << 10 * (unit - units)) + PAGE - 1) & -PAGE;
}

void environment_print(void)
{
	const struct icv *icv = &environment.icv;

	fprintf(stderr,
		"\nOPENMP DISPLAY ENVIRONMENT BEGIN\n"
		"  _OPENMP = '201511'\n"
		"  [host] OMP_DYNAMIC = '%s'\n"
		"  [host] OMP_NUM_THREADS = '%u'\n"
		"  [host] OMP_SCHEDULE = '%s,%u'\n"
		"  [host] OMP_STACKSIZE = '%zu'\n"
		"  [host] OMP_MAX_ACTIVE_LEVELS = '%u'\n"
		"  [host] OMP_CANCELLATION = 'FALSE'\n"
		"  [host] OMP_WAIT_POLICY = 'ACTIVE'\n"
		"  [host] HVM_OPENMP_CORES = '%u'\n"
		"OPENMP DISPLAY ENVIRONMENT END\n",
		icv->dynamic ? "TRUE" : "FALSE", icv->threads ? icv->threads : gang_cores(), schedules[icv->schedule],
		icv->chunk, environment.stack, icv->levels, environment.cores);
}

__attribute__((constructor)) static void read_environment(void)
{
	bool display = false, cancellation = false;

	read_number("OMP_NUM_THREADS", &environment.icv.threads);
	read_number("HVM_OPENMP_CORES", &environment.cores);
	read_truth("OMP_DYNAMIC", &environment.icv.dynamic);
	read_truth("OMP_CANCELLATION", &cancellation);
	read_truth("OMP_DISPLAY_ENV", &display);
	read_schedule();
	read_stack();
	if (cancellation)
		fprintf(stderr, "hvm-openmp: OMP_CANCELLATION=true is ignored: nothing is cancelled\n");
	if (display)
		environment_print();
}

const struct environment *environment_get(void)
{
	return &environment;
}
