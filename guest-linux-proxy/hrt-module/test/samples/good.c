/* SPDX-License-Identifier: Apache-2.0 */
/* A module as it should be: relocations of each kind, zeroed memory, functions that it offers and others. */
long good_value = 7;
static char zeroed[10000];
static char *volatile zeroed_at = zeroed; /* R_X86_64_RELATIVE */
long *good_value_at = &good_value;	  /* R_X86_64_64 */
extern long good_absent __attribute__((weak));

long good_add(long a, long b);
long good_call(long a);
char *good_zeroed(void);
int good_is_absent(void);
__attribute__((visibility("hidden"))) long good_hidden(long a);

long good_add(long a, long b)
{
	return a + b + *good_value_at;
}

long good_hidden(long a)
{
	return a * 2;
}

/* By the procedure linkage table. */
long good_call(long a)
{
	return good_add(a, good_hidden(a));
}

char *good_zeroed(void)
{
	return zeroed_at;
}

int good_is_absent(void)
{
	return &good_absent == 0;
}
