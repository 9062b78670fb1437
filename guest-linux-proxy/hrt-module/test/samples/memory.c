/* SPDX-License-Identifier: Apache-2.0 */
/* GCC makes calls of memcpy and its like of this; they come from libhvm_module.a. */
struct block {
	char bytes[5000];
};

void memory_copy(struct block *to, const struct block *from);
int memory_differs(const struct block *a, const struct block *b);

void memory_copy(struct block *to, const struct block *from)
{
	*to = *from;
}

int memory_differs(const struct block *a, const struct block *b)
{
	return __builtin_memcmp(a, b, sizeof(*a));
}
