/* SPDX-License-Identifier: Apache-2.0 */
/* The way from a file to the device, which is a function here. */
#include "test.h"

#include "module.h"

#include <errno.h>
#include <stdarg.h>

int __wrap_ioctl(int fd, unsigned long request, ...);

static struct module_problem problem;
static uint64_t free_address; /* of the device */
static int answer;	      /* errno, once the address is right */
static unsigned int asked;
static struct hvm_module_load seen;
static unsigned int seen_pointers; /* of the image, into it */

static int load(struct hvm_module_load *request)
{
	asked++;
	if (request->address != free_address) {
		request->address = free_address;
		errno = EAGAIN;
		return -1;
	}
	strcpy(request->name, "hrt");
	request->memory_free = 1 << 21;
	seen = *request;
	for (uint64_t at = 0; at + 8 <= request->image_size; at += 8) {
		uint64_t word;

		memcpy(&word, (uint8_t *)request->image + at, sizeof(word));
		seen_pointers += word >> 16 == free_address >> 16;
	}
	errno = answer;
	return answer ? -1 : 0;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list list;
	void *argument;

	va_start(list, request);
	argument = va_arg(list, void *);
	va_end(list);
	CHECK(fd == 77);
	if (request == HVM_IOC_MODULE_LOAD)
		return load(argument);
	asked++;
	errno = answer;
	return answer ? -1 : 0;
}

static void device_answers(int error)
{
	answer = error;
	asked = 0;
	free_address = HVM_MODULE_VA + 5 * HVM_MEMORY_ALIGN;
	seen_pointers = 0;
	problem.text[0] = 0;
}

static int load_good(void)
{
	return module_load(77, "", SAMPLES "good.so", NULL, &problem);
}

static void a_module_is_relocated_for_the_address_that_the_device_has(void)
{
	struct hvm_module_info loaded;

	device_answers(0);
	CHECK(module_load(77, "", SAMPLES "good.so", &loaded, &problem) == 0);
	CHECK(asked == 2);
	CHECK(loaded.address == free_address && loaded.symbol_count == 4);
	CHECK(!strcmp(loaded.module, "good") && !strcmp(loaded.name, "hrt"));
	CHECK(seen.address == free_address && seen_pointers >= 4);
}

static void a_device_that_never_agrees_is_left(void)
{
	device_answers(EAGAIN);
	CHECK(load_good() == -1);
	CHECK(problem.error == EAGAIN && asked > 2 && asked < 100);
}

static void each_error_of_the_device_is_told_in_words(void)
{
	device_answers(EPERM);
	CHECK(load_good() == -1 && problem.error == EPERM);
	CHECK_CONTAINS(problem.text, "only root");
	device_answers(ENOENT);
	CHECK(load_good() == -1 && problem.error == ENOENT);
	CHECK_CONTAINS(problem.text, "there is no partition");
	device_answers(EEXIST);
	CHECK(load_good() == -1 && problem.error == EEXIST);
	CHECK_CONTAINS(problem.text, "a module \"good\" is loaded in hrt; unload it first");
	device_answers(ENOMEM);
	CHECK(load_good() == -1 && problem.error == ENOMEM);
	CHECK_CONTAINS(problem.text, "needs 2 MiB of partition memory");
	CHECK_CONTAINS(problem.text, "hrt has 2 MiB that nobody has");
	CHECK_CONTAINS(problem.text, "in the VM's layout");
	device_answers(ENOSPC);
	CHECK(load_good() == -1 && problem.error == ENOSPC);
	CHECK_CONTAINS(problem.text, "1024 MiB");
	device_answers(EIO);
	CHECK(load_good() == -1 && problem.error == EIO);
	CHECK_CONTAINS(problem.text, "Input/output error");
}

static void a_file_that_is_no_module_never_gets_to_the_device(void)
{
	device_answers(0);
	CHECK(module_load(77, "", SAMPLES "object.o", NULL, &problem) == -1 && problem.error == ENOEXEC);
	CHECK_CONTAINS(problem.text, "object.o is no HRT module: it is an object file");
	CHECK(module_load(77, "", SAMPLES "absent.so", NULL, &problem) == -1 && problem.error == ENOENT);
	CHECK_CONTAINS(problem.text, "absent.so cannot be opened");
	CHECK(module_load(77, "", SAMPLES, NULL, &problem) == -1 && problem.error == EINVAL);
	CHECK(module_load(77, "", "/dev/null", NULL, &problem) == -1 && problem.error == EINVAL);
	CHECK_CONTAINS(problem.text, "no regular file");
	CHECK(asked == 0);
}

static void a_module_is_named_as_its_file(void)
{
	char name[HVM_NAME_MAX];

	CHECK(module_name("a/b/tree.so", name) && !strcmp(name, "tree"));
	CHECK(module_name("tree-1.2_x", name) && !strcmp(name, "tree-1.2_x"));
	CHECK(module_name("./.so", name) && !strcmp(name, ".so"));
	CHECK(!module_name("a/", name));
	CHECK(!module_name("a b.so", name));
	CHECK(!module_name("tr\303\244e.so", name));
	CHECK(module_name("1234567890123456789012345678901.so", name));
	CHECK(!module_name("12345678901234567890123456789012.so", name));
}

static void unloading_and_finding_tell_what_went_wrong(void)
{
	uint64_t address;

	device_answers(EBUSY);
	CHECK(module_unload(77, "", "good", &problem) == -1 && problem.error == EBUSY);
	CHECK_CONTAINS(problem.text, "jobs hold cores");
	device_answers(ENODATA);
	CHECK(module_unload(77, "", "good", &problem) == -1 && problem.error == ENODATA);
	CHECK_CONTAINS(problem.text, "there is no module \"good\"");
	CHECK(module_find(77, "", "good:f", &address, &problem) == -1 && problem.error == ENODATA);
	CHECK_CONTAINS(problem.text, "no HRT module has a function \"good:f\"");
	device_answers(ENOTUNIQ);
	CHECK(module_find(77, "", "f", &address, &problem) == -1 && problem.error == ENOTUNIQ);
	CHECK_CONTAINS(problem.text, "say MODULE:f");
	device_answers(0);
	CHECK(module_find(77, "", "", &address, &problem) == -1 && problem.error == ENODATA);
	CHECK(module_find(77, "", "a-name-of-a-module-that-is-much-too-long:f", &address, &problem) == -1);
	CHECK(asked == 0);
	CHECK(module_find(77, "", "good:f", &address, &problem) == 0);
	CHECK(module_unload(77, "", "good", &problem) == 0);
}

void test_load(void)
{
	RUN(a_module_is_relocated_for_the_address_that_the_device_has);
	RUN(a_device_that_never_agrees_is_left);
	RUN(each_error_of_the_device_is_told_in_words);
	RUN(a_file_that_is_no_module_never_gets_to_the_device);
	RUN(a_module_is_named_as_its_file);
	RUN(unloading_and_finding_tell_what_went_wrong);
}
