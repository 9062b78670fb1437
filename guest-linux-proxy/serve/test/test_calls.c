/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "test.h"

#define LIMIT_MS 60000
#define CLIENTS	 4
#define CALLS	 3000

static struct hvm_host open_client(void)
{
	struct hvm_host host;

	CHECK_EQUAL(hvm_host_open(&host, rig_file), 0);
	return host;
}

static int call(struct hvm_host *host, const char *function, uint64_t word, uint64_t *result)
{
	struct hvm_host_argument argument = {.word = word};

	return hvm_host_call(host, hvm_host_find(host, function), &argument, 1, result);
}

static void words_go_in_and_a_word_comes_out(void)
{
	struct hvm_host host;
	uint64_t result = 0;

	rig_begin(0, LIMIT_MS);
	host = open_client();
	CHECK_EQUAL(call(&host, "echo", 0x123456789abcdef0, &result), 0);
	CHECK(result == 0x123456789abcdef0);
	CHECK_EQUAL(call(&host, "null", 1, &result), 0);
	CHECK_EQUAL(result, 0);
	CHECK_EQUAL(hvm_host_find(&host, "nothing"), -ENOENT);
	CHECK_EQUAL(hvm_host_call(&host, 99, NULL, 0, NULL), -ENOENT);
	hvm_host_close(&host);
	rig_end();
}

static void memory_goes_both_ways(void)
{
	struct hvm_host host;
	uint64_t result, *numbers;
	char *text;

	rig_begin(0, LIMIT_MS);
	host = open_client();
	numbers = hvm_host_alloc(&host, 3 * sizeof(*numbers));
	text = hvm_host_alloc(&host, 10);
	CHECK(numbers && text && (uint64_t)text % HVM_CACHE_LINE == 0);
	numbers[0] = 1, numbers[1] = 20, numbers[2] = 300;
	CHECK_EQUAL(hvm_host_call(&host, hvm_host_find(&host, "sum"),
				  &(struct hvm_host_argument){numbers, 3 * sizeof(*numbers)}, 1, &result),
		    0);
	CHECK_EQUAL(result, 321);
	CHECK_EQUAL(hvm_host_call(&host, hvm_host_find(&host, "fill"),
				  (struct hvm_host_argument[]){{text, 10}, {NULL, 'x'}}, 2, &result),
		    0);
	CHECK(result == 10 && text[0] == 'x' && text[9] == 'x');
	hvm_host_reset(&host);
	CHECK(hvm_host_alloc(&host, host.heap_size));
	CHECK(!hvm_host_alloc(&host, 1));
	hvm_host_close(&host);
	rig_end();
}

static void *call_often(void *unused)
{
	struct hvm_host host = open_client();
	uint64_t result;

	(void)unused;
	for (uint64_t i = 0; i < CALLS; i++) {
		CHECK_EQUAL(call(&host, "echo", i << 8 | host.index, &result), 0);
		CHECK(result == (i << 8 | host.index));
	}
	hvm_host_close(&host);
	return NULL;
}

static void each_client_gets_its_own_answers(void)
{
	pthread_t client[CLIENTS];

	rig_begin(0, LIMIT_MS);
	for (int i = 0; i < CLIENTS; i++)
		CHECK_EQUAL(pthread_create(&client[i], NULL, call_often, NULL), 0);
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(client[i], NULL);
	CHECK_EQUAL(hvm_load_relaxed(&rig_serve()->calls), CLIENTS * CALLS);
	rig_end();
}

static void every_channel_has_one_client(void)
{
	struct hvm_host host[SERVE_CHANNELS], late;

	rig_begin(0, LIMIT_MS);
	for (uint32_t i = 0; i < SERVE_CHANNELS; i++) {
		host[i] = open_client();
		CHECK_EQUAL(host[i].index, i);
	}
	CHECK_EQUAL(hvm_host_open(&late, rig_file), -EBUSY);
	hvm_host_close(&host[5]);
	late = open_client();
	CHECK_EQUAL(late.index, 5);
	for (uint32_t i = 0; i < SERVE_CHANNELS; i++)
		hvm_host_close(&host[i]);
	hvm_host_close(&late);
	rig_end();
}

static void a_fault_ends_the_call_and_nothing_else(void)
{
	struct hvm_host host, other;
	struct hvm_window_failure failure;
	uint64_t result;

	rig_begin(0, LIMIT_MS);
	host = open_client();
	other = open_client();
	for (int i = 0; i < 20; i++) {
		CHECK_EQUAL(call(&host, "crash", 0x10, NULL), -EFAULT);
		failure = hvm_host_failure(&host);
		CHECK_EQUAL(failure.vector, 14);
		CHECK_EQUAL(failure.signal, SIGSEGV);
		CHECK_EQUAL(failure.address, 0x10);
		CHECK(failure.where[0]);
		CHECK_EQUAL(call(&other, "echo", 7, &result), 0);
		CHECK_EQUAL(result, 7);
	}
	CHECK_EQUAL(call(&host, "echo", 8, &result), 0);
	hvm_host_close(&host);
	hvm_host_close(&other);
	rig_end();
}

static void a_function_is_stopped_at_its_limit(void)
{
	struct hvm_host host;
	uint64_t result;

	rig_begin(0, LIMIT_MS);
	host = open_client();
	host.limit_ms = 20;
	CHECK_EQUAL(call(&host, "forever", 0, NULL), -ETIMEDOUT);
	CHECK_EQUAL(call(&host, "forever", 0, NULL), -ETIMEDOUT);
	CHECK_EQUAL(call(&host, "echo", 9, &result), 0);
	CHECK_EQUAL(result, 9);
	hvm_host_close(&host);
	rig_end();
	rig_begin(0, 30); /* the server's own */
	host = open_client();
	host.limit_ms = 100000;
	CHECK_EQUAL(call(&host, "forever", 0, NULL), -ETIMEDOUT);
	hvm_host_close(&host);
	rig_end();
}

static void it_ends_when_nobody_calls(void)
{
	struct hvm_host host;

	rig_begin(200, LIMIT_MS);
	host = open_client();
	CHECK_EQUAL(call(&host, "echo", 1, NULL), 0);
	rig_await();
	CHECK_EQUAL(call(&host, "echo", 1, NULL), -ENOTCONN);
	hvm_host_close(&host);
	CHECK_EQUAL(hvm_host_open(&host, rig_file), -ENOTCONN);
}

static void another_server_is_not_taken_for_the_first(void)
{
	struct hvm_host host;
	uint64_t result;

	rig_begin(0, LIMIT_MS);
	host = open_client();
	CHECK_EQUAL(call(&host, "echo", 1, NULL), 0);
	rig_end();
	rig_begin(0, LIMIT_MS);
	CHECK_EQUAL(call(&host, "echo", 1, NULL), -ECONNRESET);
	hvm_host_close(&host);
	host = open_client();
	CHECK_EQUAL(call(&host, "echo", 2, &result), 0);
	CHECK_EQUAL(result, 2);
	hvm_host_close(&host);
	rig_end();
}

/* Where the loop may be stopped: nothing runs, a function runs, its answer is not out yet, it is out. */
static void a_call_has_one_answer_wherever_the_loop_was_stopped(void)
{
	static struct serve serve;
	static struct table table;
	static uint8_t memory[WINDOW_SIZE] __attribute__((aligned(4096)));
	struct hvm_channel *channel = (struct hvm_channel *)(memory + hvm_window_channel(3));
	uint64_t tag, result;
	uint32_t status;

	CHECK(serve_begin(&serve, memory, sizeof(memory), &table, 1000));
	tag = hvm_window_tag(1, serve.generation);
	serve_recover(&serve, HVM_WINDOW_LIMIT, NULL);
	CHECK(!hvm_channel_is_answered(channel, tag));

	serve.run = (struct run){.phase = RUN_FUNCTION, .channel = 3, .tag = tag};
	serve_recover(&serve, HVM_WINDOW_LIMIT, NULL);
	CHECK(hvm_channel_reap(channel, tag, &status, &result));
	CHECK_EQUAL(status, HVM_WINDOW_LIMIT);
	CHECK(serve.last_tag[3] == tag && serve.run.phase == RUN_NONE);

	tag = hvm_window_tag(2, serve.generation);
	serve.run = (struct run){.phase = RUN_ANSWER, .channel = 3, .tag = tag, .result = 42};
	serve_recover(&serve, HVM_WINDOW_LIMIT, NULL);
	CHECK(hvm_channel_reap(channel, tag, &status, &result));
	CHECK(status == HVM_WINDOW_OK && result == 42);

	channel->arg[0] = 1234; /* the client has its answer and posts another call */
	serve.run = (struct run){.phase = RUN_ANSWER, .channel = 3, .tag = tag, .result = 42};
	serve_recover(&serve, HVM_WINDOW_LIMIT, NULL);
	CHECK_EQUAL(channel->arg[0], 1234);
}

static void a_table_takes_names_that_fit_once(void)
{
	static struct table table;
	char name[64];

	CHECK(!table_add(&table, "", "", test_fill));
	CHECK(!table_add(&table, "a-name-that-is-longer-than-the-forty-seven-bytes-there-are", "", test_fill));
	for (unsigned int i = 0; i < HVM_WINDOW_FUNCTIONS_MAX; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		CHECK(table_add(&table, name, "", test_fill));
	}
	CHECK(!table_add(&table, "one more", "", test_fill));
	table.count--;
	CHECK(!table_add(&table, "f0", "", test_fill));
}

void test_calls(void)
{
	RUN(words_go_in_and_a_word_comes_out);
	RUN(memory_goes_both_ways);
	RUN(each_client_gets_its_own_answers);
	RUN(every_channel_has_one_client);
	RUN(a_fault_ends_the_call_and_nothing_else);
	RUN(a_function_is_stopped_at_its_limit);
	RUN(it_ends_when_nobody_calls);
	RUN(another_server_is_not_taken_for_the_first);
	RUN(a_call_has_one_answer_wherever_the_loop_was_stopped);
	RUN(a_table_takes_names_that_fit_once);
}
