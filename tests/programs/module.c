/* SPDX-License-Identifier: Apache-2.0 */
/* Calls functions of the HRT module "counter" (tests/modules), in the way that its arguments name. */
#include <hvm/device.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#define THREADS 4
#define STEPS	20000000ul

static int device;
static volatile sig_atomic_t signals;
static volatile int stop;

static double (*sum)(double, unsigned long, volatile int *);

static uint64_t find(const char *module, const char *name)
{
	struct hvm_module_find request = {.name = ""};

	snprintf(request.module, sizeof(request.module), "%s", module);
	snprintf(request.symbol.name, sizeof(request.symbol.name), "%s", name);
	if (!ioctl(device, HVM_IOC_MODULE_FIND, &request))
		return request.symbol.address;
	printf("%s: %s\n", name, strerrorname_np(errno));
	exit(1);
}

static void find_sum(void)
{
	sum = (double (*)(double, unsigned long, volatile int *))find("", "counter_sum");
}

static void count(unsigned int times)
{
	unsigned long (*next)(void) = (unsigned long (*)(void))find("", "counter_next");

	for (unsigned int i = 0; i < times; i++)
		printf("%lu\n", next());
}

static void use(void)
{
	const char *(*name)(unsigned long) = (const char *(*)(unsigned long))find("counter", "counter_name");
	unsigned long (*scratch)(void) = (unsigned long (*)(void))find("counter", "counter_scratch");
	void (*store)(unsigned long *, unsigned long) =
	    (void (*)(unsigned long *, unsigned long))find("counter", "counter_store");
	unsigned long *fresh = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	store(fresh + 1000, 42);
	printf("%.3s %lu %lu\n", strdup(name(2)), fresh[1000], scratch());
}

static void on_alarm(int signal)
{
	(void)signal;
	if (++signals == 3)
		stop = 1;
}

/* Handlers interrupt the module's function, whose vector registers they change, and it goes on. */
static void interrupt(void)
{
	struct itimerval every = {.it_interval = {0, 5000}, .it_value = {0, 5000}}, never = {.it_value = {0, 0}};

	signal(SIGALRM, on_alarm);
	find_sum();
	setitimer(ITIMER_REAL, &every, NULL);
	sum(0.5, 0, &stop);
	setitimer(ITIMER_REAL, &never, NULL);
	printf("%s 3 signals, then %.0f\n", signals < 3 ? "less than" : "at least", sum(0.5, 2000, NULL));
}

static void *sum_up(void *argument)
{
	double *step = argument;

	*step = sum(*step, STEPS, NULL);
	return NULL;
}

/* More threads than cores, all in the module's code at once: they are switched there. */
static void share(void)
{
	pthread_t thread[THREADS];
	double step[THREADS];

	find_sum();
	for (int i = 0; i < THREADS; i++) {
		step[i] = i + 1;
		pthread_create(&thread[i], NULL, sum_up, &step[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		printf("%.0f\n", step[i] / STEPS);
	}
}

static void fault(const char *way)
{
	long (*divide)(long, long) = (long (*)(long, long))find("", "counter_divide");
	void (*store)(unsigned long *, unsigned long) =
	    (void (*)(unsigned long *, unsigned long))find("", "counter_store");

	if (!strcmp(way, "divide"))
		divide(1, 0);
	else if (!strcmp(way, "null"))
		store(NULL, 1);
	else if (!strcmp(way, "upper"))
		store((unsigned long *)(HVM_MODULE_VA + HVM_MODULE_SPAN - 8), 1);
	else if (!strcmp(way, "jump"))
		((void (*)(void))(HVM_MODULE_VA + HVM_MODULE_SPAN - 64))();
	else if (!strcmp(way, "above"))
		((void (*)(void))(HVM_IMAGE_VA + 8 * HVM_IMAGE_MAX))();
}

static void attempt(const char *what, unsigned long request, void *argument)
{
	printf("%s %s\n", what, ioctl(device, request, argument) ? strerrorname_np(errno) : "0");
}

/* What the device answers to whom; as root or, with an argument, as somebody else. */
static void ask(bool root)
{
	static uint8_t image[16];
	struct hvm_module_symbol symbol = {.name = "f", .address = HVM_MODULE_VA};
	struct hvm_module_load good = {
	    .module = "asked",
	    .image = (uint64_t)image,
	    .image_size = sizeof(image),
	    .memory_size = 4096,
	    .symbols = (uint64_t)&symbol,
	    .symbol_count = 1,
	};
	struct hvm_module_load load = good;
	struct hvm_module_unload unload = {.module = "absent"};
	struct hvm_module_find lookup = {.symbol.name = "nothing"};
	struct hvm_module_info info = {.index = 1000};

	if (!root && setuid(65534))
		exit(1);
	attempt("load", HVM_IOC_MODULE_LOAD, &load);
	attempt("unload absent", HVM_IOC_MODULE_UNLOAD, &unload);
	attempt("find", HVM_IOC_MODULE_FIND, &lookup);
	attempt("info", HVM_IOC_MODULE_INFO, &info);
	strcpy(lookup.name, "nowhere");
	attempt("elsewhere", HVM_IOC_MODULE_FIND, &lookup);
	lookup = (struct hvm_module_find){.symbol.address = find("", "counter_next") + 1};
	attempt("address", HVM_IOC_MODULE_FIND, &lookup);
	printf("%s\n", lookup.symbol.name);
	if (!root)
		return;
	load = good;
	strcpy(load.module, "counter");
	attempt("twice", HVM_IOC_MODULE_LOAD, &load);
	load = good;
	strcpy(load.module, "a/b");
	attempt("name", HVM_IOC_MODULE_LOAD, &load);
	load = good;
	load.memory_size = HVM_MODULE_SPAN + 1ull;
	attempt("large", HVM_IOC_MODULE_LOAD, &load);
	load = good;
	load.memory_size = 8;
	attempt("short", HVM_IOC_MODULE_LOAD, &load);
	load = good;
	load.memory_size = HVM_MODULE_SPAN / 2;
	attempt("memory", HVM_IOC_MODULE_LOAD, &load);
	load = good;
	load.memory_size = HVM_MODULE_SPAN;
	attempt("gap", HVM_IOC_MODULE_LOAD, &load);
	load = good;
	attempt("address", HVM_IOC_MODULE_LOAD, &load);
	attempt("outside", HVM_IOC_MODULE_LOAD, &load);
	symbol.address = load.address;
	memset(symbol.name, 'x', sizeof(symbol.name));
	attempt("endless", HVM_IOC_MODULE_LOAD, &load);
	load.image = 8;
	strcpy(symbol.name, "f");
	attempt("pointer", HVM_IOC_MODULE_LOAD, &load);
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";

	device = open(HVM_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	if (device < 0) {
		perror(HVM_DEVICE_PATH);
		return 1;
	}
	if (!strcmp(way, "count"))
		count(2);
	else if (!strcmp(way, "use"))
		use();
	else if (!strcmp(way, "fault") && argc > 2)
		fault(argv[2]);
	else if (!strcmp(way, "ask"))
		ask(argc == 2);
	else if (!strcmp(way, "signals"))
		interrupt();
	else if (!strcmp(way, "threads"))
		share();
	return 0;
}
