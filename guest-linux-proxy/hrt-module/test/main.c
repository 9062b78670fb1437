/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

struct sample sample_read(const char *name)
{
	char path[256];
	struct sample sample;
	FILE *file;

	snprintf(path, sizeof(path), SAMPLES "%s", name);
	file = fopen(path, "rb");
	CHECK(file);
	fseek(file, 0, SEEK_END);
	sample.size = (uint64_t)ftell(file);
	rewind(file);
	sample.bytes = malloc(sample.size);
	CHECK(fread(sample.bytes, 1, sample.size, file) == sample.size);
	fclose(file);
	return sample;
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_image();
	test_damage();
	test_load();
	return 0;
}
