/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "../script.h"

static struct script script;

static bool parse(const char *text)
{
	return script_parse(text, strlen(text), &script);
}

static void a_script_begins_with_two_characters(void)
{
	CHECK(script_is("#!", 2));
	CHECK(!script_is("#!", 1));
	CHECK(!script_is("\177ELF", 4));
	CHECK(!script_is("", 0));
}

static void the_first_word_is_the_interpreter_and_the_rest_one_argument(void)
{
	CHECK(parse("#!/bin/sh\necho"));
	CHECK(strcmp(script.interpreter, "/bin/sh") == 0);
	CHECK(strcmp(script.argument, "") == 0);
	CHECK(parse("#! \t/usr/bin/env  python3 -u \t\n"));
	CHECK(strcmp(script.interpreter, "/usr/bin/env") == 0);
	CHECK(strcmp(script.argument, "python3 -u") == 0);
	CHECK(parse("#!/bin/sh"));
	CHECK(strcmp(script.interpreter, "/bin/sh") == 0);
}

static void a_line_without_a_word_names_nothing(void)
{
	CHECK(!parse("#!"));
	CHECK(!parse("#!\n/bin/sh\n"));
	CHECK(!parse("#! \t \n"));
}

static void a_name_that_is_cut_off_is_none_but_an_argument_may_be(void)
{
	char text[400] = "#!/";

	memset(text + 3, 'x', sizeof(text) - 4);
	CHECK(!parse(text));
	text[100] = ' ';
	CHECK(parse(text));
	CHECK_EQUAL(strlen(script.interpreter), 98);
	CHECK_EQUAL(strlen(script.argument), SCRIPT_LINE - 101);
	text[100] = 'x';
	text[255] = '\n';
	CHECK(parse(text));
	CHECK_EQUAL(strlen(script.interpreter), 253);
}

void test_script(void)
{
	RUN(a_script_begins_with_two_characters);
	RUN(the_first_word_is_the_interpreter_and_the_rest_one_argument);
	RUN(a_line_without_a_word_names_nothing);
	RUN(a_name_that_is_cut_off_is_none_but_an_argument_may_be);
}
