/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "serve.h"

static bool is_taken(const struct table *table, const char *name)
{
	for (unsigned int i = 0; i < table->count; i++)
		if (!strcmp(table->text[i].name, name))
			return true;
	return false;
}

bool table_add(struct table *table, const char *name, const char *summary, serve_function *function)
{
	struct hvm_window_function *text = &table->text[table->count];

	if (table->count == HVM_WINDOW_FUNCTIONS_MAX) {
		fprintf(stderr, "hvm-serve: no room for function %s; allowed: %u functions\n", name,
			HVM_WINDOW_FUNCTIONS_MAX);
		return false;
	}
	if (!*name || strlen(name) >= HVM_WINDOW_NAME_MAX) {
		fprintf(stderr, "hvm-serve: function '%s' has no name that fits; allowed: 1 to %u bytes\n", name,
			HVM_WINDOW_NAME_MAX - 1);
		return false;
	}
	if (is_taken(table, name)) {
		fprintf(stderr, "hvm-serve: two functions are called %s\n", name);
		return false;
	}
	snprintf(text->name, sizeof(text->name), "%s", name);
	snprintf(text->summary, sizeof(text->summary), "%s", summary);
	table->function[table->count++] = function;
	return true;
}
