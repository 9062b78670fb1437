/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "../options.h"

static struct options options;
static struct refusal refusal;

#define PARSE(...)                                                                                                     \
	({                                                                                                             \
		char *arguments_[] = {"hvm-proxy", __VA_ARGS__, NULL};                                                 \
		options_parse((int)(sizeof(arguments_) / sizeof(*arguments_)) - 1, arguments_, &options, &refusal);    \
	})

static void reads_all_options_and_the_program(void)
{
	CHECK_EQUAL(PARSE("--partition", "hrt1", "--cores", "4", "--stats", "--quiet", "--populate", "--report-fd", "3",
			  "--", "/bin/prog", "-x", "--"),
		    0);
	CHECK(strcmp(options.partition, "hrt1") == 0);
	CHECK_EQUAL(options.cores, 4);
	CHECK_EQUAL(options.report_fd, 3);
	CHECK(options.stats && options.quiet && options.populate && !options.no_huge_pages);
	CHECK_EQUAL(options.program_count, 3);
}

static void defaults_are_the_first_partition_one_core_and_standard_error(void)
{
	CHECK_EQUAL(PARSE("--", "prog"), 0);
	CHECK(strcmp(options.partition, "") == 0);
	CHECK_EQUAL(options.cores, 1);
	CHECK_EQUAL(options.report_fd, -1);
	CHECK(!options.stats && !options.quiet && !options.populate && !options.no_huge_pages);
	CHECK_EQUAL(PARSE("--no-huge-pages", "--partition-memory", "--", "prog"), 0);
	CHECK(options.no_huge_pages && options.partition_memory);
}

static void reads_what_the_proxy_before_an_exec_tells(void)
{
	CHECK_EQUAL(PARSE("--join-fd", "1024", "--program-fd", "7", "--program-name", "/bin/x", "--signal-mask",
			  "0x8000000000000200", "--child", "--", ""),
		    0);
	CHECK_EQUAL(options.join_fd, 1024);
	CHECK_EQUAL(options.program_fd, 7);
	CHECK(strcmp(options.program_name, "/bin/x") == 0);
	CHECK(options.has_mask && options.signal_mask == 0x8000000000000200ull);
	CHECK(options.child);
	CHECK_EQUAL(PARSE("--", "prog"), 0);
	CHECK_EQUAL(options.join_fd, -1);
	CHECK_EQUAL(options.program_fd, -1);
	CHECK(!options.has_mask && !options.child);
}

static void refuses_with_the_value_and_what_is_allowed(void)
{
	CHECK_EQUAL(PARSE("--cores", "0", "--", "prog"), -1);
	CHECK_CONTAINS(refusal.text, "--cores 0: allowed: a number from 1 to 64");
	CHECK_EQUAL(PARSE("--cores", "4x", "--", "prog"), -1);
	CHECK_CONTAINS(refusal.text, "--cores 4x");
	CHECK_EQUAL(PARSE("--frobnicate", "1", "--", "prog"), -1);
	CHECK_CONTAINS(refusal.text, "unknown option --frobnicate");
	CHECK_EQUAL(PARSE("--cores"), -1);
	CHECK_CONTAINS(refusal.text, "needs a value");
	CHECK_EQUAL(PARSE("prog"), -1);
	CHECK_CONTAINS(refusal.text, "the program comes after --");
	CHECK_EQUAL(PARSE("--"), -1);
	CHECK_CONTAINS(refusal.text, "no program given");
}

void test_options(void)
{
	RUN(reads_all_options_and_the_program);
	RUN(defaults_are_the_first_partition_one_core_and_standard_error);
	RUN(reads_what_the_proxy_before_an_exec_tells);
	RUN(refuses_with_the_value_and_what_is_allowed);
}
